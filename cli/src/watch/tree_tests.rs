//! What a tree finds, with real folders and without a kernel's events.

use super::filter::Filter;
use super::rule::Rule;
use super::tree::{Attention, Hint, Tree};
use compose::model::WatchAction;
use engine_spec::ServiceName;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that were attended to.
#[derive(Debug, Default)]
struct Recorder(BTreeSet<PathBuf>);

impl Attention for Recorder {
    fn attend(&mut self, folder: &Path) {
        self.0.insert(folder.to_owned());
    }

    fn leave(&mut self, folder: &Path) {
        self.0.remove(folder);
    }

    fn unreadable(&mut self, folder: &Path, error: &io::Error) {
        panic!("{}: {error}", folder.display());
    }
}

struct Fixture {
    folder: PathBuf,
    recorder: Recorder,
}

impl Fixture {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("lighter-tree-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("made");
        let folder = folder.canonicalize().expect("there");
        Self { folder, recorder: Recorder::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn tree(&mut self, path: &str, ignore: &[&str]) -> Tree {
        let path = self.path(path);
        let ignore: Vec<String> = ignore.iter().map(|&text| text.to_owned()).collect();
        let rule = Rule {
            service: Some(ServiceName::new("web").expect("a name")),
            filter: Filter::new(&path, &ignore, &[], None).expect("patterns"),
            path,
            action: WatchAction::Rebuild,
            target: None,
            initial_sync: false,
            exec: None,
        };
        Tree::new(vec![rule], &mut self.recorder)
    }

    fn look(&mut self, tree: &mut Tree, hint: Hint) -> Vec<String> {
        let mut changed = BTreeSet::new();
        tree.look(hint, &mut self.recorder, &mut changed);
        let name = |path: PathBuf| path.strip_prefix(&self.folder).expect("inside").display().to_string();
        changed.into_iter().map(name).collect()
    }

    fn attended(&self) -> Vec<String> {
        let name = |path: &PathBuf| path.strip_prefix(&self.folder).expect("inside").display().to_string();
        self.recorder.0.iter().map(name).collect()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn folders_that_do_not_count_are_not_attended_to() {
    let mut fixture = Fixture::new("ignored");
    fixture.write("src/a/b.py", "");
    fixture.write("src/node_modules/x/y.js", "");
    fixture.tree("src", &["node_modules"]);
    assert_eq!(fixture.attended(), ["src", "src/a"]);
}

#[test]
fn a_look_finds_what_differs_and_nothing_twice() {
    let mut fixture = Fixture::new("differs");
    fixture.write("src/a", "1");
    let mut tree = fixture.tree("src", &[]);
    let hint = Hint::At(fixture.path("src/a"));
    assert!(fixture.look(&mut tree, hint.clone()).is_empty());
    fixture.write("src/a", "22");
    assert_eq!(fixture.look(&mut tree, hint.clone()), ["src/a"]);
    assert!(fixture.look(&mut tree, hint).is_empty());
}

#[test]
fn folders_made_faster_than_they_are_watched_are_found_whole() {
    let mut fixture = Fixture::new("nested");
    fixture.write("src/a", "");
    let mut tree = fixture.tree("src", &[]);
    fixture.write("src/x/y/z", "text");
    let found = fixture.look(&mut tree, Hint::At(fixture.path("src/x")));
    assert_eq!(found, ["src/x", "src/x/y", "src/x/y/z"]);
    assert_eq!(fixture.attended(), ["src", "src/x", "src/x/y"]);
}

#[test]
fn a_removed_folder_takes_all_in_it_along() {
    let mut fixture = Fixture::new("removed");
    fixture.write("src/x/y/z", "text");
    let mut tree = fixture.tree("src", &[]);
    fs::remove_dir_all(fixture.path("src/x")).expect("removed");
    let found = fixture.look(&mut tree, Hint::At(fixture.path("src/x")));
    assert_eq!(found, ["src/x", "src/x/y", "src/x/y/z"]);
    assert_eq!(fixture.attended(), ["src"]);
}

#[test]
fn lost_events_are_made_up_for_by_looking_everywhere() {
    let mut fixture = Fixture::new("everywhere");
    fixture.write("src/gone", "text");
    fixture.write("src/changed", "text");
    let mut tree = fixture.tree("src", &[]);
    fs::remove_file(fixture.path("src/gone")).expect("removed");
    fixture.write("src/changed", "other");
    fixture.write("src/new/file", "text");
    let found = fixture.look(&mut tree, Hint::Anywhere);
    assert_eq!(found, ["src/changed", "src/gone", "src/new", "src/new/file"]);
}

#[test]
fn a_path_that_appears_later_is_found_on_the_way() {
    let mut fixture = Fixture::new("later");
    let mut tree = fixture.tree("a/b/c", &[]);
    assert_eq!(fixture.attended(), [""]);
    fs::create_dir(fixture.path("a")).expect("made");
    assert!(fixture.look(&mut tree, Hint::At(fixture.path("a"))).is_empty());
    fixture.write("a/b/c/file", "text");
    assert_eq!(fixture.look(&mut tree, Hint::At(fixture.path("a/b"))), ["a/b/c", "a/b/c/file"]);
    fs::remove_dir_all(fixture.path("a/b/c")).expect("removed");
    fixture.look(&mut tree, Hint::At(fixture.path("a/b/c")));
    fixture.write("a/b/c/file", "again");
    assert_eq!(fixture.look(&mut tree, Hint::At(fixture.path("a/b/c"))), ["a/b/c", "a/b/c/file"]);
}

#[test]
fn a_single_file_is_watched_through_its_folder() {
    let mut fixture = Fixture::new("single");
    fixture.write("etc/a.conf", "1");
    fixture.write("etc/b.conf", "1");
    let mut tree = fixture.tree("etc/a.conf", &[]);
    assert_eq!(fixture.attended(), ["etc"]);
    fixture.write("etc/a.conf.new", "22");
    fs::rename(fixture.path("etc/a.conf.new"), fixture.path("etc/a.conf")).expect("renamed");
    assert_eq!(fixture.look(&mut tree, Hint::At(fixture.path("etc/a.conf"))), ["etc/a.conf"]);
    fixture.write("etc/b.conf", "22");
    assert!(fixture.look(&mut tree, Hint::At(fixture.path("etc/b.conf"))).is_empty());
}

#[test]
fn a_new_file_counts_when_it_is_written_and_not_before() {
    let mut fixture = Fixture::new("made");
    fixture.write("src/a", "");
    let mut tree = fixture.tree("src", &[]);
    fixture.write("src/new", "");
    let path = fixture.path("src/new");
    assert!(fixture.look(&mut tree, Hint::Made(path.clone())).is_empty());
    fixture.write("src/new", "text");
    assert_eq!(fixture.look(&mut tree, Hint::At(path)), ["src/new"]);
    fs::hard_link(fixture.path("src/a"), fixture.path("src/link")).expect("linked");
    assert_eq!(fixture.look(&mut tree, Hint::Made(fixture.path("src/link"))), ["src/link"]);
}

#[test]
fn a_mode_counts_by_itself() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut fixture = Fixture::new("mode");
    fixture.write("src/a", "text");
    let mut tree = fixture.tree("src", &[]);
    let path = fixture.path("src/a");
    assert!(fixture.look(&mut tree, Hint::Mode(path.clone())).is_empty());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("set");
    assert_eq!(fixture.look(&mut tree, Hint::Mode(path)), ["src/a"]);
}
