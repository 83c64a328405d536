//! What was copied into a service's containers since their image was built, so that a new container
//! begins with it.
//!
//! ```text
//! lib/watch/<project>/<service>/journal.json   base: since `image` was built
//!                               files/<n>      fresh: since a build began that is not done
//! ```
//!
//! A container of `image` gets base and fresh. A container of any other image is one of the build that
//! runs, or of one that nobody watched: it has all that was copied before, and gets fresh alone.

use super::batch::Copy;
use engine::container::sync::{Change, Content, Entrance, EntranceError, SyncError};
use engine::state::Layout;
use engine::state::record::{self, Record, RecordError};
use engine_spec::{ContainerId, ContainerSpec, Digest, ProjectName, ServiceName, compose_label};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A journal that cannot be kept or followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// Its record cannot be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file cannot be kept.
    #[error("cannot keep {} for containers to come", path.display())]
    Keep {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The container cannot be written to.
    #[error("cannot bring what was copied before into the new container")]
    Open(#[from] Box<EntranceError>),
    /// A path of it cannot.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

/// The journal of one service.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    record: JournalRecord,
}

/// What is kept of it between commands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct JournalRecord {
    image: Option<Digest>,
    base: Entries,
    fresh: Entries,
    is_building: bool,
    /// The number of the next file.
    next: u64,
}

impl Record for JournalRecord {
    const KIND: &'static str = "journal";
    const VERSION: u32 = 1;
}

/// What is at a path, by the path inside the container.
type Entries = BTreeMap<PathBuf, Entry>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    target: PathBuf,
    path: PathBuf,
    kept: Kept,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kept {
    File { number: u64, mode: u32, modified: SystemTime },
    Link(PathBuf),
    Folder { mode: u32 },
    Nothing,
}

impl Journal {
    /// Reads that of a service; an empty one where there is none.
    pub(crate) fn open(
        layout: &Layout,
        project: &ProjectName,
        service: &ServiceName,
    ) -> Result<Self, JournalError> {
        let folder = folder(layout, project).join(service.as_str());
        let record = record::read(&folder.join("journal.json"))?.unwrap_or_default();
        Ok(Self { folder, record })
    }

    /// Notes what was copied into containers of `image`.
    pub(super) fn note(&mut self, image: &Digest, copies: &BTreeSet<Copy>) -> Result<(), JournalError> {
        if self.record.image.as_ref() != Some(image) && !self.record.is_building {
            self.record.base.clear();
            self.record.image = Some(image.clone());
        }
        fs::create_dir_all(self.files()).map_err(|source| keep(&self.files(), source))?;
        for copy in copies {
            let kept = self.keep(&copy.source)?;
            let whole = copy.whole();
            let entry = Entry { target: copy.target.clone(), path: copy.path.clone(), kept };
            let entries = self.current();
            // What was in a folder that is gone is gone with it.
            if entry.kept == Kept::Nothing {
                entries.retain(|path, _| !path.starts_with(&whole));
            }
            entries.insert(whole, entry);
        }
        self.save()
    }

    /// A build begins: what is copied from now on may or may not be in its image.
    pub(super) fn build_begins(&mut self) -> Result<(), JournalError> {
        self.record.is_building = true;
        let fresh = std::mem::take(&mut self.record.fresh);
        self.record.base.extend(fresh);
        self.save()
    }

    /// The build has ended; `image` is what containers have now, if it is a new one.
    pub(super) fn build_ended(&mut self, image: Option<Digest>) -> Result<(), JournalError> {
        self.record.is_building = false;
        let fresh = std::mem::take(&mut self.record.fresh);
        if image.is_some() && image != self.record.image {
            self.record.image = image;
            self.record.base = fresh;
        } else {
            self.record.base.extend(fresh);
        }
        self.save()
    }

    /// Brings a new container of `image`, which has not started, as far as the others are.
    pub(crate) fn replay(
        &self,
        layout: &Layout,
        container: &ContainerId,
        image: &Digest,
    ) -> Result<(), JournalError> {
        let is_same = self.record.image.as_ref() == Some(image);
        let base = is_same.then_some(&self.record.base).into_iter().flatten();
        let entries: Vec<&Entry> = base.chain(&self.record.fresh).map(|(_, entry)| entry).collect();
        if entries.is_empty() {
            return Ok(());
        }
        let entrance = Entrance::open(layout, container).map_err(Box::new)?;
        entries.into_iter().try_for_each(|entry| self.apply(&entrance, entry))
    }

    fn apply(&self, entrance: &Entrance, entry: &Entry) -> Result<(), JournalError> {
        let change = |content| Change { target: &entry.target, path: &entry.path, content };
        match &entry.kept {
            Kept::File { number, mode, modified } => {
                let path = self.file(*number);
                let bytes = File::open(&path).map_err(|source| keep(&path, source))?;
                let content = Content::File { bytes: &bytes, mode: *mode, modified: *modified };
                entrance.apply(&change(content))?;
            }
            Kept::Link(text) => entrance.apply(&change(Content::Link(text)))?,
            Kept::Folder { mode } => entrance.apply(&change(Content::Folder { mode: *mode }))?,
            Kept::Nothing => entrance.apply(&change(Content::Nothing))?,
        }
        Ok(())
    }

    fn current(&mut self) -> &mut Entries {
        if self.record.is_building { &mut self.record.fresh } else { &mut self.record.base }
    }

    fn keep(&mut self, source: &Path) -> Result<Kept, JournalError> {
        let Ok(metadata) = fs::symlink_metadata(source) else { return Ok(Kept::Nothing) };
        let mode = metadata.mode() & 0o7777;
        if metadata.is_dir() {
            return Ok(Kept::Folder { mode });
        }
        if metadata.is_symlink() {
            return fs::read_link(source).map(Kept::Link).map_err(|error| keep(source, error));
        }
        let number = self.record.next;
        self.record.next += 1;
        fs::copy(source, self.file(number)).map_err(|error| keep(source, error))?;
        let modified = metadata.modified().map_err(|error| keep(source, error))?;
        Ok(Kept::File { number, mode, modified })
    }

    /// Writes the record, then removes files that it no longer names.
    fn save(&self) -> Result<(), JournalError> {
        fs::create_dir_all(self.files()).map_err(|source| keep(&self.files(), source))?;
        record::write_volatile(&self.folder.join("journal.json"), &self.record)?;
        let all = self.record.base.values().chain(self.record.fresh.values());
        let named: BTreeSet<u64> = all
            .filter_map(|entry| match entry.kept {
                Kept::File { number, .. } => Some(number),
                Kept::Link(_) | Kept::Folder { .. } | Kept::Nothing => None,
            })
            .collect();
        for entry in fs::read_dir(self.files()).into_iter().flatten().flatten() {
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if number.is_none_or(|number| !named.contains(&number)) {
                // One that stays behind takes room and does no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    fn file(&self, number: u64) -> PathBuf {
        self.files().join(number.to_string())
    }
}

/// Brings a new container, which has not started, as far as those of the same service are.
pub(crate) fn replay(layout: &Layout, spec: &ContainerSpec, id: &ContainerId) -> Result<(), JournalError> {
    let label = |key| spec.labels.get(key).map(String::as_str);
    let (Some(project), Some(service)) = (label(compose_label::PROJECT), label(compose_label::SERVICE))
    else {
        return Ok(());
    };
    let (Ok(project), Ok(service)) = (ProjectName::new(project), ServiceName::new(service)) else {
        return Ok(());
    };
    Journal::open(layout, &project, &service)?.replay(layout, id, &spec.image_id)
}

/// Where what is kept for a project's watch lies.
pub(crate) fn folder(layout: &Layout, project: &ProjectName) -> PathBuf {
    layout.data().join("watch").join(project.as_str())
}

fn keep(path: &Path, source: io::Error) -> JournalError {
    JournalError::Keep { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
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
            let copy = |name: &&str| Copy {
                target: "/app".into(),
                path: name.into(),
                source: self.folder.join(name),
            };
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
        assert_eq!(paths(&fixture.journal().record.base), ["/app/a"]);
        let mut journal = fixture.journal();
        journal.note(&image(2), &fixture.copies(&["gone"])).expect("noted");
        assert_eq!(paths(&fixture.journal().record.base), ["/app/gone"]);
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
        assert_eq!(paths(&journal.record.base), ["/app/b"]);
        assert!(journal.record.fresh.is_empty());
    }

    #[test]
    fn a_failed_build_drops_nothing() {
        let fixture = Fixture::new("failed");
        let mut journal = fixture.journal();
        journal.note(&image(1), &fixture.copies(&["a"])).expect("noted");
        journal.build_begins().expect("noted");
        journal.note(&image(1), &fixture.copies(&["b"])).expect("noted");
        journal.build_ended(None).expect("noted");
        assert_eq!(paths(&journal.record.base), ["/app/a", "/app/b"]);
    }

    #[test]
    fn a_removed_folder_takes_with_it_what_was_copied_into_it() {
        let fixture = Fixture::new("removed");
        let mut journal = fixture.journal();
        journal.note(&image(1), &fixture.copies(&["x/y"])).expect("noted");
        journal.note(&image(1), &fixture.copies(&["x"])).expect("noted");
        assert_eq!(paths(&journal.record.base), ["/app/x"]);
        assert_eq!(journal.record.base[Path::new("/app/x")].kept, Kept::Nothing);
    }
}
