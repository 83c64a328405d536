//! Files of the host arrive in a container's folder whole, with their owner, and nowhere else.

use super::change::bring_into_line;
use super::{Change, Content, SyncError};
use crate::container::files::lookup::Owner;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// A folder that stands for a container's root.
struct Fixture {
    folder: PathBuf,
}

impl Fixture {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("lighter-sync-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("root/app")).expect("a folder can be made");
        Self { folder }
    }

    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    fn apply(&self, target: &str, path: &str, content: Content<'_>) -> Result<(), SyncError> {
        let change = Change { target: Path::new(target), path: Path::new(path), content };
        let root = File::open(self.root()).expect("the root can be opened");
        let own = fs::metadata(self.root()).expect("the root is there");
        let owner = Owner { uid: own.uid(), gid: own.gid() };
        let root = std::os::fd::AsFd::as_fd(&root);
        bring_into_line(root, &change, owner).map_err(|step| step.explain(&change))
    }

    fn apply_file(&self, target: &str, path: &str, text: &str) -> Result<(), SyncError> {
        let source = self.folder.join("source");
        fs::write(&source, text).expect("the source can be written");
        let bytes = &File::open(&source).expect("the source can be read");
        let modified = UNIX_EPOCH + Duration::from_secs(1_000_000);
        self.apply(target, path, Content::File { bytes, mode: 0o640, modified })
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).expect(path)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_file_replaces_the_old_one_with_mode_and_time() {
    let fixture = Fixture::new("file");
    fs::write(fixture.root().join("app/a"), "old").expect("written");
    let before = File::open(fixture.root().join("app/a")).expect("opened");
    fixture.apply_file("/app", "a", "new").expect("applied");
    let metadata = fs::metadata(fixture.root().join("app/a")).expect("there");
    assert_eq!(fixture.read("app/a"), "new");
    assert_eq!((metadata.mode() & 0o7777, metadata.mtime()), (0o640, 1_000_000));
    assert_eq!(before.metadata().expect("there").nlink(), 0, "the old file is another one");
    assert_eq!(fs::read_dir(fixture.root().join("app")).expect("read").count(), 1, "no draft is left");
}

#[test]
fn missing_folders_are_made_on_the_way() {
    let fixture = Fixture::new("folders");
    fixture.apply_file("/srv/deep/er", "x/y/z", "text").expect("applied");
    assert_eq!(fixture.read("srv/deep/er/x/y/z"), "text");
}

#[test]
fn a_target_may_be_a_file() {
    let fixture = Fixture::new("target-file");
    fixture.apply_file("/etc/app.conf", "", "text").expect("applied");
    assert_eq!(fixture.read("etc/app.conf"), "text");
}

#[test]
fn a_target_may_be_a_link_of_the_image_but_stays_in_its_root() {
    let fixture = Fixture::new("target-link");
    symlink("/opt/app", fixture.root().join("current")).expect("linked");
    fs::create_dir_all(fixture.root().join("opt/app")).expect("made");
    fixture.apply_file("/current", "a", "text").expect("applied");
    assert_eq!(fixture.read("opt/app/a"), "text");
}

#[test]
fn a_link_below_the_target_does_not_lead_out_of_it() {
    let fixture = Fixture::new("outside");
    fs::create_dir(fixture.root().join("etc")).expect("made");
    symlink("/etc", fixture.root().join("app/absolute")).expect("linked");
    symlink("../etc", fixture.root().join("app/relative")).expect("linked");
    for link in ["absolute/x", "relative/x"] {
        let error = fixture.apply_file("/app", link, "text").expect_err(link);
        assert!(matches!(error, SyncError::Outside { .. }), "{error}");
    }
    assert_eq!(fs::read_dir(fixture.root().join("etc")).expect("read").count(), 0);
}

#[test]
fn kinds_replace_each_other() {
    let fixture = Fixture::new("kinds");
    fixture.apply_file("/app", "x/y", "text").expect("a folder with a file");
    fixture.apply_file("/app", "x", "text").expect("a file in place of the folder");
    assert_eq!(fixture.read("app/x"), "text");
    fixture.apply("/app", "x", Content::Folder { mode: 0o750 }).expect("a folder in place of the file");
    assert_eq!(fs::metadata(fixture.root().join("app/x")).expect("there").mode() & 0o7777, 0o750);
    fixture.apply("/app", "x", Content::Link(Path::new("/nowhere"))).expect("a link in place of the folder");
    assert_eq!(fs::read_link(fixture.root().join("app/x")).expect("a link"), Path::new("/nowhere"));
    fixture.apply("/app", "x", Content::Folder { mode: 0o755 }).expect("a folder in place of the link");
    assert!(fs::symlink_metadata(fixture.root().join("app/x")).expect("there").is_dir());
}

#[test]
fn a_folder_that_is_there_keeps_what_is_in_it() {
    let fixture = Fixture::new("keep");
    fixture.apply_file("/app", "x/y", "text").expect("applied");
    fixture.apply("/app", "x", Content::Folder { mode: 0o700 }).expect("applied");
    assert_eq!(fixture.read("app/x/y"), "text");
}

#[test]
fn removal_takes_folders_with_all_in_them_and_follows_no_link() {
    let fixture = Fixture::new("remove");
    fixture.apply_file("/app", "x/y/z", "text").expect("applied");
    fixture.apply_file("/kept", "file", "text").expect("applied");
    symlink("/kept", fixture.root().join("app/x/link")).expect("linked");
    fixture.apply("/app", "x", Content::Nothing).expect("removed");
    assert_eq!(fs::read_dir(fixture.root().join("app")).expect("read").count(), 0);
    assert_eq!(fixture.read("kept/file"), "text");
}

#[test]
fn removal_of_what_is_not_there_makes_nothing() {
    let fixture = Fixture::new("absent");
    fixture.apply("/app", "x", Content::Nothing).expect("nothing to do");
    let error = fixture.apply("/app", "no/such/folder", Content::Nothing);
    assert!(error.is_ok(), "{error:?}");
    assert!(!fixture.root().join("app/no").exists());
}

#[test]
fn a_failed_write_leaves_no_draft() {
    let fixture = Fixture::new("failed");
    fs::set_permissions(fixture.root().join("app"), Permissions::from_mode(0o755)).expect("set");
    let name = "n".repeat(300);
    fixture.apply_file("/app", &name, "text").expect_err("the name is too long");
    assert_eq!(fs::read_dir(fixture.root().join("app")).expect("read").count(), 0);
}
