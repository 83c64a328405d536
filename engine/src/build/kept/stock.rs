//! What builds have kept for later ones, how much room it takes, and its removal.
//!
//! ```text
//! build/steps/<key>            a step done before; its layer lies with those of images   time: last use
//! build/mounts/<digest>/<n>    a cache folder, locked while a command has it             time: of its lock
//! build/sources/<digest>/      a download or checkout                                    time: last use
//! build/copies/<digest>        what an earlier copy was made of; goes with its layer
//! ```
//! Steps and sources are removed only while no build runs, for a running one may stand on any of them.

use super::cache::StepRecord;
use crate::build::files::delta::WholeCopy;
use crate::build::input::remote;
use crate::image::{Store, StoreError};
use crate::state::lock::{self, LockError};
use crate::state::{Layout, record};
use engine_spec::Digest;
use nix::fcntl::{Flock, FlockArg};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The cache could not be looked at or made smaller.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// Something of it could not be removed.
    #[error("cannot remove {} from the build cache", path.display())]
    Remove {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The image store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Builds could not be kept away.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// One thing kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItem {
    /// The name of its record or folder.
    pub id: String,
    /// What it is.
    pub kind: StockKind,
    /// How many bytes its removal would free.
    pub bytes: u64,
    /// When a build last used it.
    pub last_used: SystemTime,
    /// Whether a running command has it, or an image or container stands on its layer.
    pub is_in_use: bool,
    path: PathBuf,
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StockKind {
    /// A step and the layer it made, if it made one.
    Step {
        /// The layer.
        layer: Option<Digest>,
    },
    /// A cache folder of RUN steps.
    CacheMount {
        /// What Dockerfiles call it.
        id: String,
    },
    /// A download or a checkout of a repository.
    Source {
        /// Where it came from.
        address: String,
        /// Whether it is a checkout.
        is_repository: bool,
    },
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrunedStock {
    /// The ids.
    pub ids: Vec<String>,
    /// How many bytes that freed.
    pub bytes: u64,
    /// Whether steps were left alone because a build runs.
    pub is_build_running: bool,
}

/// Lists all that builds have kept, least recently used first.
///
/// # Errors
/// The image store could not be read.
pub fn stock(layout: &Layout) -> Result<Vec<StockItem>, StockError> {
    let store = Store::open(layout);
    let mut items = steps(layout, &store)?;
    items.extend(cache_mounts(layout));
    items.extend(sources(layout));
    items.sort_by_key(|item| item.last_used);
    Ok(items)
}

/// Removes what `is_wanted_gone` says, which sees the items least recently used first.
///
/// # Errors
/// Something could not be removed; what came before it is gone.
pub fn prune_stock(
    layout: &Layout,
    mut is_wanted_gone: impl FnMut(&StockItem) -> bool,
) -> Result<PrunedStock, StockError> {
    let exclusive = lock::all_builds(layout)?;
    let mut pruned = PrunedStock { is_build_running: exclusive.is_none(), ..PrunedStock::default() };
    let doomed: Vec<_> = stock(layout)?.into_iter().filter(|item| is_wanted_gone(item)).collect();
    for item in &doomed {
        let is_gone = match &item.kind {
            StockKind::Step { .. } | StockKind::Source { .. } if exclusive.is_none() => false,
            StockKind::Step { .. } => remove_record(&item.path)?,
            StockKind::Source { .. } => remove_source(&item.path)?,
            StockKind::CacheMount { .. } => remove_cache_mount(&item.path)?,
        };
        if is_gone {
            pruned.ids.push(item.id.clone());
            pruned.bytes += item.bytes;
        }
    }
    if exclusive.is_some() {
        let store = Store::open(layout);
        store.remove_layers(doomed.iter().filter_map(StockItem::layer))?;
        forget_copies(layout, &store)?;
    }
    Ok(pruned)
}

impl StockItem {
    fn layer(&self) -> Option<&Digest> {
        match &self.kind {
            StockKind::Step { layer } => layer.as_ref().filter(|_| !self.is_in_use),
            StockKind::CacheMount { .. } | StockKind::Source { .. } => None,
        }
    }
}

/// A layer that several steps made is counted for the first of them.
fn steps(layout: &Layout, store: &Store) -> Result<Vec<StockItem>, StockError> {
    let needed = store.needed_layers()?;
    let mut counted = BTreeSet::new();
    let mut items = Vec::new();
    for entry in fs::read_dir(layout.build().join("steps")).into_iter().flatten().flatten() {
        let Ok(Some(StepRecord { layer, .. })) = record::read::<StepRecord>(&entry.path()) else { continue };
        let is_in_use = layer.as_ref().is_some_and(|layer| needed.contains(layer));
        let is_own = layer.as_ref().is_some_and(|layer| !is_in_use && counted.insert(layer.clone()));
        let size = layer.as_ref().filter(|_| is_own).and_then(|layer| store.layer_record(layer).ok());
        items.push(StockItem {
            id: entry.file_name().to_string_lossy().into_owned(),
            bytes: size.map_or(0, |record| record.size),
            kind: StockKind::Step { layer },
            last_used: modified(&entry.path()),
            is_in_use,
            path: entry.path(),
        });
    }
    Ok(items)
}

fn cache_mounts(layout: &Layout) -> Vec<StockItem> {
    let mut items = Vec::new();
    for group in fs::read_dir(layout.build().join("mounts")).into_iter().flatten().flatten() {
        let id = fs::read_to_string(group.path().join("id")).unwrap_or_default();
        for entry in fs::read_dir(group.path()).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                items.push(StockItem {
                    id: format!("{}-{}", group.file_name().display(), entry.file_name().display()),
                    kind: StockKind::CacheMount { id: id.clone() },
                    bytes: folder_bytes(&path),
                    last_used: modified(&lock_of(&path)),
                    is_in_use: claim(&path).is_none(),
                    path,
                });
            }
        }
    }
    items
}

fn sources(layout: &Layout) -> Vec<StockItem> {
    let entries = fs::read_dir(layout.build().join("sources")).into_iter().flatten().flatten();
    let item = |entry: fs::DirEntry| StockItem {
        id: entry.file_name().to_string_lossy().into_owned(),
        kind: StockKind::Source {
            address: remote::address_of(&entry.path()),
            is_repository: entry.path().join("tree").is_dir(),
        },
        bytes: folder_bytes(&entry.path()),
        last_used: modified(&entry.path()),
        is_in_use: false,
        path: entry.path(),
    };
    entries.map(item).collect()
}

/// Removes what is remembered of earlier copies whose layers are gone.
fn forget_copies(layout: &Layout, store: &Store) -> Result<(), StockError> {
    for entry in fs::read_dir(layout.build().join("copies")).into_iter().flatten().flatten() {
        let copy = record::read::<WholeCopy>(&entry.path()).ok().flatten();
        if copy.is_none_or(|copy| !store.has_layer(&copy.layer)) {
            remove_record(&entry.path())?;
        }
    }
    Ok(())
}

fn remove_source(path: &Path) -> Result<bool, StockError> {
    let removed = fs::remove_dir_all(path);
    removed.map(|()| true).map_err(|source| StockError::Remove { path: path.to_owned(), source })
}

fn remove_record(path: &Path) -> Result<bool, StockError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => {
            removed.map(|()| true).map_err(|source| StockError::Remove { path: path.to_owned(), source })
        }
    }
}

/// Removes a cache folder unless a command has it; its lock stays, as somebody may be waiting for it.
fn remove_cache_mount(path: &Path) -> Result<bool, StockError> {
    let Some(_claim) = claim(path) else { return Ok(false) };
    let removed = fs::remove_dir_all(path);
    removed.map(|()| true).map_err(|source| StockError::Remove { path: path.to_owned(), source })
}

/// The right to remove a cache folder; `None` while a command has it.
fn claim(path: &Path) -> Option<Flock<File>> {
    let file = File::open(lock_of(path)).ok()?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()
}

fn lock_of(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The bytes of all files below a folder; what cannot be read counts as nothing.
fn folder_bytes(folder: &Path) -> u64 {
    let mut folders = vec![folder.to_owned()];
    let mut bytes = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => bytes += metadata.size(),
                Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::kept::cache::Cache;
    use crate::build::scratch::Scratch;
    use engine_spec::Platform;

    #[test]
    fn steps_stay_while_a_build_runs_and_go_afterwards() {
        let scratch = Scratch::new();
        let layout = Layout::at(scratch.path());
        layout.prepare().expect("prepared");
        let cache = Cache::open(&layout);
        let key = Cache::key(&Platform::host(), &[], &"action");
        cache.keep(&key, &StepRecord::now(None)).expect("kept");
        let build = lock::build(&layout).expect("locked");
        let pruned = prune_stock(&layout, |_| true).expect("pruned");
        assert!(pruned.is_build_running && pruned.ids.is_empty());
        drop(build);
        let pruned = prune_stock(&layout, |_| true).expect("pruned");
        assert_eq!((pruned.ids, pruned.is_build_running), (vec![key.hex().to_owned()], false));
        assert_eq!(stock(&layout).expect("listed"), []);
    }

    #[test]
    fn sources_stay_while_a_build_runs_and_go_afterwards() {
        let scratch = Scratch::new();
        let layout = Layout::at(scratch.path());
        layout.prepare().expect("prepared");
        let source = layout.build().join("sources/abc");
        fs::create_dir_all(source.join("tree")).expect("made");
        fs::write(source.join("tree/file"), "12345").expect("written");
        fs::write(source.join("address"), "h").expect("written");
        let kind = StockKind::Source { address: "h".to_owned(), is_repository: true };
        let listed = stock(&layout).expect("listed");
        assert_eq!((&listed[0].kind, listed[0].bytes), (&kind, 6));
        let build = lock::build(&layout).expect("locked");
        assert!(prune_stock(&layout, |_| true).expect("pruned").ids.is_empty());
        drop(build);
        assert_eq!(prune_stock(&layout, |_| true).expect("pruned").bytes, 6);
        assert!(!source.exists());
    }

    #[test]
    fn a_cache_folder_in_use_stays() {
        let scratch = Scratch::new();
        let layout = Layout::at(scratch.path());
        layout.prepare().expect("prepared");
        let group = layout.build().join("mounts/abc");
        fs::create_dir_all(group.join("0")).expect("made");
        fs::write(group.join("0/file"), "12345").expect("written");
        fs::write(group.join("id"), "/root/.npm").expect("written");
        let lock = File::create(group.join("0.lock")).expect("made");
        let lock = Flock::lock(lock, FlockArg::LockShared).expect("locked");
        let listed = stock(&layout).expect("listed");
        assert_eq!((listed[0].bytes, listed[0].is_in_use), (5, true));
        assert!(prune_stock(&layout, |_| true).expect("pruned").ids.is_empty());
        drop(lock);
        assert_eq!(prune_stock(&layout, |_| true).expect("pruned").bytes, 5);
        assert!(!group.join("0").exists());
    }
}
