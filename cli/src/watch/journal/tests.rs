//! Lines, and what follows from them.

use super::state::Entries;
use super::*;

struct Fixture {
    folder: PathBuf,
}

impl Fixture {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("lighter-journal-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("a"), "a").expect("written");
        Self { folder }
    }

    fn journal(&self) -> Journal {
        let service = ServiceName::new("web").expect("a name");
        let project = ProjectName::new("p").expect("a name");
        Journal::open(&Layout::at(&self.folder), &project, &service).expect("opened")
    }

    fn copies(&self, names: &[&str]) -> BTreeSet<Copy> {
        let copy =
            |name: &&str| Copy { target: "/app".into(), path: name.into(), source: self.folder.join(name) };
        names.iter().map(copy).collect()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn image(number: u8) -> Digest {
    Digest::from_sha256([number; 32])
}

fn paths(entries: &Entries) -> Vec<&str> {
    entries.keys().filter_map(|path| path.to_str()).collect()
}

#[test]
fn another_image_begins_anew() {
    let fixture = Fixture::new("image");
    fixture.journal().note(&image(1), &fixture.copies(&["a"])).expect("noted");
    assert_eq!(paths(&fixture.journal().state.base), ["/app/a"]);
    let mut journal = fixture.journal();
    journal.note(&image(2), &fixture.copies(&["gone"])).expect("noted");
    assert_eq!(paths(&fixture.journal().state.base), ["/app/gone"]);
    journal.build_ended(None).expect("noted");
    assert_eq!(fs::read_dir(journal.files()).expect("read").count(), 0, "the first file is not kept");
}

#[test]
fn what_is_copied_during_a_build_outlives_it() {
    let fixture = Fixture::new("build");
    let mut journal = fixture.journal();
    journal.note(&image(1), &fixture.copies(&["a"])).expect("noted");
    journal.build_begins().expect("noted");
    journal.note(&image(1), &fixture.copies(&["b"])).expect("noted");
    journal.build_ended(Some(image(2))).expect("noted");
    assert_eq!(paths(&journal.state.base), ["/app/b"]);
    assert!(journal.state.fresh.is_empty());
}

#[test]
fn a_failed_build_drops_nothing() {
    let fixture = Fixture::new("failed");
    let mut journal = fixture.journal();
    journal.note(&image(1), &fixture.copies(&["a"])).expect("noted");
    journal.build_begins().expect("noted");
    journal.note(&image(1), &fixture.copies(&["b"])).expect("noted");
    journal.build_ended(None).expect("noted");
    assert_eq!(paths(&journal.state.base), ["/app/a", "/app/b"]);
}

#[test]
fn a_removed_folder_takes_with_it_what_was_copied_into_it() {
    let fixture = Fixture::new("removed");
    let mut journal = fixture.journal();
    journal.note(&image(1), &fixture.copies(&["x/y"])).expect("noted");
    journal.note(&image(1), &fixture.copies(&["x"])).expect("noted");
    assert_eq!(paths(&journal.state.base), ["/app/x"]);
    assert_eq!(journal.state.base[Path::new("/app/x")].kept, Kept::Nothing);
}
