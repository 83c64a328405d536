//! Changed files of the host into the containers of a service.

use super::batch::Copy;
use engine::container::sync::{Change, Content, Entrance, EntranceError, SyncError};
use engine::state::Layout;
use engine_spec::{ContainerId, Digest, ObservedContainer};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// The ways into a service's containers, kept open between saves.
#[derive(Debug, Default)]
pub(super) struct Entrances(BTreeMap<ContainerId, Entrance>);

/// A copy that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CopyError {
    /// The container's files cannot be reached.
    #[error(transparent)]
    Open(#[from] Box<EntranceError>),
    /// The container refused the file.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The file on the host cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What became of a batch of copies.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// In how many containers it arrived, wholly or in part.
    pub(super) containers: usize,
    /// The image of these containers.
    pub(super) image: Option<Digest>,
    pub(super) failures: Vec<CopyError>,
}

impl Entrances {
    /// Brings `copies` into all of `containers`, running or not. One that fails does not keep others from it.
    pub(super) fn copy(
        &mut self,
        layout: &Layout,
        containers: &[&ObservedContainer],
        copies: &BTreeSet<Copy>,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        self.0.retain(|id, entrance| {
            entrance.is_current() && containers.iter().any(|container| container.id == *id)
        });
        for container in containers {
            match self.entrance(layout, &container.id) {
                Ok(entrance) => {
                    outcome.containers += 1;
                    outcome.image = Some(container.spec.image_id.clone());
                    outcome.failures.extend(copies.iter().filter_map(|copy| apply(entrance, copy).err()));
                }
                Err(error) => outcome.failures.push(CopyError::Open(Box::new(error))),
            }
            // A container at rest may start at any time, and then its files are others.
            self.0.retain(|_, entrance| entrance.is_current());
        }
        outcome
    }

    /// Those of `copies` that differ from what is in a container.
    pub(super) fn differing(
        &mut self,
        layout: &Layout,
        containers: &[&ObservedContainer],
        copies: BTreeSet<Copy>,
    ) -> BTreeSet<Copy> {
        let mut differing = BTreeSet::new();
        for copy in copies {
            let is_same = containers.iter().all(|container| {
                let same = self.entrance(layout, &container.id).map(|entrance| is_same(entrance, &copy));
                same.unwrap_or(false)
            });
            if !is_same {
                differing.insert(copy);
            }
        }
        self.0.retain(|_, entrance| entrance.is_current());
        differing
    }

    fn entrance(&mut self, layout: &Layout, id: &ContainerId) -> Result<&Entrance, EntranceError> {
        if !self.0.contains_key(id) {
            self.0.insert(id.clone(), Entrance::open(layout, id)?);
        }
        Ok(&self.0[id])
    }
}

fn apply(entrance: &Entrance, copy: &Copy) -> Result<(), CopyError> {
    let change = |content| Change { target: &copy.target, path: &copy.path, content };
    let read = |source| CopyError::Read { path: copy.source.clone(), source };
    let metadata = match fs::symlink_metadata(&copy.source) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(entrance.apply(&change(Content::Nothing))?);
        }
        Err(error) => return Err(read(error)),
    };
    let mode = metadata.mode() & 0o7777;
    if metadata.is_dir() {
        return Ok(entrance.apply(&change(Content::Folder { mode }))?);
    }
    if metadata.is_symlink() {
        let text = fs::read_link(&copy.source).map_err(read)?;
        return Ok(entrance.apply(&change(Content::Link(&text)))?);
    }
    let bytes = match File::open(&copy.source) {
        Ok(bytes) => bytes,
        // Gone since; another event says so.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(read(error)),
    };
    let modified = metadata.modified().map_err(read)?;
    Ok(entrance.apply(&change(Content::File { bytes: &bytes, mode, modified }))?)
}

/// Whether the container has the same file already.
fn is_same(entrance: &Entrance, copy: &Copy) -> bool {
    let Ok(metadata) = fs::symlink_metadata(&copy.source) else { return false };
    if metadata.is_dir() {
        return true;
    }
    let Ok(own) = fs::read(&copy.source) else { return false };
    metadata.is_file() && entrance.holds(&copy.whole(), &own, metadata.mode() & 0o7777)
}
