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

mod state;
#[cfg(test)]
mod tests;

use super::batch::Copy;
use engine::container::sync::{Change, Content, Entrance, EntranceError, SyncError};
use engine::state::Layout;
use engine_spec::{ContainerId, ContainerSpec, Digest, ProjectName, ServiceName, compose_label};
use state::{Entry, Kept, Line, State};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

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
            journal.next = journal.next.max(line.file().map_or(0, |number| number + 1));
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
        let entries: Vec<&Entry> = self.state.due(image).collect();
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
        let path = self.folder.join("journal");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(text(&lines).as_bytes()));
        written.map_err(|source| JournalError::File { path, source })?;
        lines.into_iter().for_each(|line| self.state.follow(line));
        Ok(())
    }

    /// Puts what still counts in the place of all lines, and drops the files that nothing names.
    fn tidy(&self) -> Result<(), JournalError> {
        let lines = self.state.lines();
        let named: BTreeSet<u64> = lines.iter().filter_map(Line::file).collect();
        let (path, draft) = (self.folder.join("journal"), self.folder.join("journal.new"));
        let written = fs::write(&draft, text(&lines)).and_then(|()| fs::rename(&draft, &path));
        written.map_err(|source| JournalError::File { path, source })?;
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

/// Lines as they are written; paths that are no UTF-8 have no JSON and are left out.
fn text(lines: &[Line]) -> String {
    lines.iter().filter_map(|line| serde_json::to_string(line).ok()).map(|line| line + "\n").collect()
}

fn keep(path: &Path, source: io::Error) -> JournalError {
    JournalError::Keep { path: path.to_owned(), source }
}
