//! What COPY leaves in the upper folder.

use super::{Copier, Target};
use crate::build::files::permission::{ModeChange, Owner};
use crate::build::files::select::select;
use crate::build::files::upper::Upper;
use crate::build::input::ignore::Ignore;
use crate::build::input::view::View;
use crate::build::scratch::Scratch;
use crate::sys::require;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

/// A context, one layer and the upper folder over it.
struct Fixture {
    scratch: Scratch,
    context: PathBuf,
    layer: PathBuf,
    upper: PathBuf,
}

impl Fixture {
    fn new(context: &[(&str, &str)], layer: &[(&str, &str)]) -> Self {
        let scratch = Scratch::new();
        let (context, layer) = (scratch.tree("context", context), scratch.tree("layer", layer));
        let upper = scratch.tree("upper", &[]);
        Self { scratch, context, layer, upper }
    }

    fn copy(&self, sources: &[&str], destination: &str) -> Result<(), String> {
        self.copy_as(sources, destination, (None, None))
    }

    fn copy_as(
        &self,
        sources: &[&str],
        destination: &str,
        (owner, mode): (Option<Owner>, Option<&str>),
    ) -> Result<(), String> {
        let from = View::of_context(&self.context, Ignore::default()).expect("opened");
        let upper = Upper::new(&self.upper, std::slice::from_ref(&self.layer)).expect("opened");
        let mode = mode.map(|mode| ModeChange::parse(mode).expect("a mode"));
        let is_folder = destination.ends_with('/') || sources.len() > 1;
        let target = Target { path: destination.into(), is_folder, owner, mode };
        let mut copier = Copier::new(&upper, &from, &target);
        for source in sources {
            for selected in select(&from, source).expect("found") {
                copier.copy(&selected).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.upper.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Mode and owner of a path of the upper folder.
    fn status(&self, path: &str) -> (u32, u32, u32) {
        let found =
            fs::symlink_metadata(self.upper.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        (found.mode() & 0o7777, found.uid(), found.gid())
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

#[test]
fn a_file_goes_into_a_folder_or_takes_a_name() {
    require!(Root);
    let fixture = Fixture::new(&[("f", "x")], &[("dir/old", "")]);
    fixture.copy(&["f"], "/dir").expect("copied");
    fixture.copy(&["f"], "/name").expect("copied");
    fixture.copy(&["f"], "/new/").expect("copied");
    assert_eq!([fixture.read("dir/f"), fixture.read("name"), fixture.read("new/f")], ["x", "x", "x"]);
    assert_eq!(fixture.status("new"), (0o755, 0, 0));
}

#[test]
fn a_folder_gives_its_content() {
    require!(Root);
    let fixture = Fixture::new(&[("d/a", "1"), ("d/sub/b", "2")], &[]);
    set_mode(&fixture.context.join("d"), 0o700);
    set_mode(&fixture.context.join("d/sub"), 0o711);
    chown(fixture.context.join("d/sub/b"), Some(7), Some(8)).expect("owned");
    fixture.copy(&["d"], "/x/y").expect("copied");
    assert_eq!(fixture.read("x/y/sub/b"), "2");
    assert_eq!(fixture.status("x/y"), (0o755, 0, 0), "the folder itself is new");
    assert_eq!(fixture.status("x/y/sub"), (0o711, 0, 0), "what is inside brings its mode");
    assert_eq!(fixture.status("x/y/sub/b").1, 0, "the host's owners mean nothing");
    let time = |path: PathBuf| fs::metadata(path).expect("read").mtime_nsec();
    assert_eq!(time(fixture.upper.join("x/y/a")), time(fixture.context.join("d/a")));
}

#[test]
fn folders_of_lower_layers_keep_their_metadata() {
    require!(Root);
    let fixture = Fixture::new(&[("f", "x"), ("d/f", "y")], &[("home/web/old", "")]);
    set_mode(&fixture.layer, 0o751);
    set_mode(&fixture.layer.join("home"), 0o710);
    chown(fixture.layer.join("home/web"), Some(7), Some(8)).expect("owned");
    set_mode(&fixture.layer.join("home/web"), 0o2750);
    fixture.copy(&["f"], "/home/web/").expect("copied");
    fixture.copy(&["d"], "/home/web/").expect("copied");
    assert_eq!(fixture.status(""), (0o751, 0, 0));
    assert_eq!(fixture.status("home"), (0o710, 0, 0));
    assert_eq!(fixture.status("home/web"), (0o2750, 7, 8));
    assert_eq!(fixture.read("home/web/f"), "y");
}

#[test]
fn destination_links_stay_inside_the_image() {
    require!(Root);
    let fixture = Fixture::new(&[("f", "x")], &[("data/real/x", "")]);
    symlink("/data/real", fixture.layer.join("abs")).expect("linked");
    symlink("../../../out/of/it", fixture.layer.join("dangling")).expect("linked");
    fixture.copy(&["f"], "/abs/sub/").expect("copied");
    fixture.copy(&["f"], "/dangling").expect("copied");
    assert_eq!(fixture.read("data/real/sub/f"), "x");
    assert_eq!(fixture.read("out/of/it"), "x");
}

#[test]
fn an_archive_leads_through_links_of_the_image_and_replaces_those_it_has_folders_for() {
    require!(Root);
    let fixture = Fixture::new(&[("link/sub/f", "x"), ("own/g", "y")], &[("data/real/sub/old", "")]);
    symlink("/data/real", fixture.layer.join("link")).expect("linked");
    symlink("/data", fixture.layer.join("own")).expect("linked");
    set_mode(&fixture.layer.join("data/real/sub"), 0o710);
    let tree = View::of_layers(std::slice::from_ref(&fixture.context)).expect("opened");
    let upper = Upper::new(&fixture.upper, std::slice::from_ref(&fixture.layer)).expect("opened");
    let target = Target { path: "/".into(), is_folder: true, owner: None, mode: None };
    let named = BTreeSet::from([PathBuf::from("own")]);
    let mut copier = Copier::new(&upper, &tree, &target).of_archive(&named);
    copier.copy(&select(&tree, ".").expect("found")[0]).expect("copied");
    assert_eq!(fixture.read("data/real/sub/f"), "x");
    assert_eq!(fixture.status("data/real/sub").0, 0o710, "a folder on the way stays as it is");
    assert_eq!(fixture.read("own/g"), "y");
    assert!(!fixture.upper.join("data/g").exists());
}

#[test]
fn owner_and_mode_apply_to_all_that_is_made() {
    require!(Root);
    let fixture = Fixture::new(&[("d/sub/f", "x"), ("g", "")], &[("old/x", "")]);
    let owner = Some(Owner { uid: 5, gid: 6 });
    fixture.copy_as(&["d"], "/new/dir", (owner, Some("750"))).expect("copied");
    for path in ["new", "new/dir", "new/dir/sub", "new/dir/sub/f"] {
        assert_eq!(fixture.status(path), (0o750, 5, 6), "{path}");
    }
    fixture.copy_as(&["g"], "/old/", (owner, Some("u+x"))).expect("copied");
    assert_eq!(fixture.status("old"), (0o755, 0, 0), "what was there is not touched");
    assert_eq!(fixture.status("old/g"), (0o744, 5, 6));
}

#[test]
fn links_hard_links_and_sockets_arrive() {
    require!(Root);
    let fixture = Fixture::new(&[("d/one", "x")], &[]);
    let source = fixture.context.join("d");
    fs::hard_link(source.join("one"), source.join("two")).expect("linked");
    symlink("../gone", source.join("link")).expect("linked");
    let _socket = std::os::unix::net::UnixListener::bind(source.join("socket")).expect("bound");
    fixture.copy(&["d"], "/").expect("copied");
    let inode = |path: &str| fs::metadata(fixture.upper.join(path)).expect("read").ino();
    assert_eq!(inode("one"), inode("two"));
    assert_eq!(fs::read_link(fixture.upper.join("link")).expect("read"), Path::new("../gone"));
    assert_eq!(fixture.read("socket"), "");
}

#[test]
fn files_and_folders_do_not_replace_each_other() {
    require!(Root);
    let fixture = Fixture::new(&[("f", ""), ("d/f/x", ""), ("e/dir", "")], &[("f", ""), ("dir/x", "")]);
    assert!(fixture.copy(&["d"], "/").is_err(), "a folder over a file");
    assert!(fixture.copy(&["e"], "/").is_err(), "a file over a folder");
    assert!(fixture.copy(&["d"], "/f").is_err(), "into a file");
    assert!(fixture.copy(&["f"], "/f/").is_err(), "into a file by its slash");
}

#[test]
fn copying_again_replaces_files() {
    require!(Root);
    let fixture = Fixture::new(&[("d/f", "new"), ("a", "a"), ("b", "b")], &[("f", "old")]);
    fixture.copy(&["d"], "/").expect("copied");
    fixture.copy(&["d"], "/").expect("copied");
    fixture.copy(&["a", "b"], "/many").expect("copied");
    assert_eq!([fixture.read("f"), fixture.read("many/a"), fixture.read("many/b")], ["new", "a", "b"]);
    assert!(fixture.scratch.path().exists());
}
