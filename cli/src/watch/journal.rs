//! What was copied into a service's containers since their image was built, so that a new container
//! begins with it.
//!
//! ```text
//! lib/watch/<project>/<service>/journal    a line of JSON for each thing that happened
//!                               files/<n>  what was in the files
//! ```
//!
//! Two sets of paths follow from the lines: *base*, copied since the image was built, and *fresh*, copied
//! since a build began that is not done. A container of that image gets both. A container of any other
//! image is one of the build that goes on, or of one that nobody watched: it has all that was copied
//! before, and gets fresh alone.

use super::batch::Copy;
use engine::container::sync::{Change, Content, Entrance, EntranceError, SyncError};
use engine::state::Layout;
use engine_spec::{ContainerId, ContainerSpec, Digest, ProjectName, ServiceName, compose_label};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A journal that cannot be kept or followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// Its own file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
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
    state: State,
    /// The number of the next file.
    next: u64,
}

/// A thing that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    /// This was copied into containers of an image.
    Copied { image: Digest, entry: Entry },
    /// A build began.
    BuildBegan,
    /// It ended; `image` is what containers have since, if it is a new one.
    BuildEnded { image: Option<Digest> },
}

/// What follows from all lines.
#[derive(Debug, Default)]
struct State {
    image: Option<Digest>,
    base: Entries,
    fresh: Entries,
    is_building: bool,
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

impl Entry {
    fn whole(&self) -> PathBuf {
        super::batch::whole(&self.target, &self.path)
    }
}

impl State {
    fn follow(&mut self, line: Line) {
        match line {
            Line::Copied { image, entry } => {
                if self.image.as_ref() != Some(&image) && !self.is_building {
                    self.base.clear();
                    self.image = Some(image);
                }
                let entries = if self.is_building { &mut self.fresh } else { &mut self.base };
                let whole = entry.whole();
                // What was in a folder that is gone is gone with it.
                if entry.kept == Kept::Nothing {
                    let inside: Vec<PathBuf> = entries
                        .range(whole.clone()..)
                        .take_while(|(path, _)| path.starts_with(&whole))
                        .map(|(path, _)| path.clone())
                        .collect();
                    inside.iter().for_each(|path| drop(entries.remove(path)));
                }
                entries.insert(whole, entry);
            }
            Line::BuildBegan => {
                self.is_building = true;
                self.base.append(&mut self.fresh);
            }
            Line::BuildEnded { image } => {
                self.is_building = false;
                if image.is_some() && image != self.image {
                    self.image = image;
                    self.base = std::mem::take(&mut self.fresh);
                } else {
                    self.base.append(&mut self.fresh);
                }
            }
        }
    }
}

impl Journal {
    /// Reads that of a service; an empty one where there is none.
    pub(crate) fn open(
        layout: &Layout,
        project: &ProjectName,
        service: &ServiceName,
    ) -> Result<Self, JournalError> {
        let folder = folder(layout, project).join(service.as_str());
        let path = folder.join("journal");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|source| JournalError::File { path, source })?,
        };
        let mut journal = Self { folder, state: State::default(), next: 0 };
        // The last line may be a part of one: whoever wrote it was killed, and had not said that it is kept.
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            if let Line::Copied { entry: Entry { kept: Kept::File { number, .. }, .. }, .. } = &line {
                journal.next = journal.next.max(number + 1);
            }
            journal.state.follow(line);
        }
        Ok(journal)
    }

    /// Notes what was copied into containers of `image`.
    pub(super) fn note(&mut self, image: &Digest, copies: &BTreeSet<Copy>) -> Result<(), JournalError> {
        let mut lines = Vec::new();
        self.prepare()?;
        for copy in copies {
            let kept = self.keep(&copy.source)?;
            let entry = Entry { target: copy.target.clone(), path: copy.path.clone(), kept };
            lines.push(Line::Copied { image: image.clone(), entry });
        }
        self.write(lines)
    }

    /// A build begins: what is copied from now on may or may not be in its image.
    pub(super) fn build_begins(&mut self) -> Result<(), JournalError> {
        self.prepare()?;
        self.write(vec![Line::BuildBegan])
    }

    /// The build has ended; `image` is what containers have now, if it is a new one.
    pub(super) fn build_ended(&mut self, image: Option<Digest>) -> Result<(), JournalError> {
        self.write(vec![Line::BuildEnded { image }])?;
        self.tidy()
    }

    /// Brings a new container of `image`, which has not started, as far as the others are.
    pub(crate) fn replay(
        &self,
        layout: &Layout,
        container: &ContainerId,
        image: &Digest,
    ) -> Result<(), JournalError> {
        let is_same = self.state.image.as_ref() == Some(image);
        let base = is_same.then_some(&self.state.base).into_iter().flatten();
        let entries: Vec<&Entry> = base.chain(&self.state.fresh).map(|(_, entry)| entry).collect();
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

    fn keep(&mut self, source: &Path) -> Result<Kept, JournalError> {
        let Ok(metadata) = fs::symlink_metadata(source) else { return Ok(Kept::Nothing) };
        let mode = metadata.mode() & 0o7777;
        if metadata.is_dir() {
            return Ok(Kept::Folder { mode });
        }
        if metadata.is_symlink() {
            return fs::read_link(source).map(Kept::Link).map_err(|error| keep(source, error));
        }
        let number = self.next;
        self.next += 1;
        fs::copy(source, self.file(number)).map_err(|error| keep(source, error))?;
        let modified = metadata.modified().map_err(|error| keep(source, error))?;
        Ok(Kept::File { number, mode, modified })
    }

    fn prepare(&self) -> Result<(), JournalError> {
        let files = self.files();
        fs::create_dir_all(&files).map_err(|source| JournalError::File { path: files, source })
    }

    fn write(&mut self, lines: Vec<Line>) -> Result<(), JournalError> {
        let mut text = String::new();
        for line in &lines {
            // Paths that are no UTF-8 cannot be written as JSON.
            let Ok(line) = serde_json::to_string(line) else { continue };
            text.push_str(&line);
            text.push('\n');
        }
        let path = self.folder.join("journal");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|source| JournalError::File { path, source })?;
        lines.into_iter().for_each(|line| self.state.follow(line));
        Ok(())
    }

    /// Begins a new file of lines with what still counts, and drops the files that nothing names.
    fn tidy(&mut self) -> Result<(), JournalError> {
        let State { image, base, fresh, .. } = std::mem::take(&mut self.state);
        let lines = image.into_iter().flat_map(|image| {
            let entries = base.clone().into_values().chain(fresh.clone().into_values());
            entries.map(move |entry| Line::Copied { image: image.clone(), entry }).collect::<Vec<_>>()
        });
        let lines: Vec<Line> = lines.collect();
        let named: BTreeSet<u64> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Copied { entry: Entry { kept: Kept::File { number, .. }, .. }, .. } => Some(*number),
                _ => None,
            })
            .collect();
        let path = self.folder.join("journal");
        fs::remove_file(&path).map_err(|source| JournalError::File { path, source })?;
        self.write(lines)?;
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
}
