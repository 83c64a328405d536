//! `RUN --mount=type=cache`: folders that outlive their builds.
//!
//! ```text
//! build/mounts/<digest>/id        what they are called, for `builder df`
//! build/mounts/<digest>/<n>       a folder; n is 0, and more where `sharing=private` met company
//! build/mounts/<digest>/<n>.lock  held shared or exclusively while a command has it; its time is the last use
//! ```
//! A folder is named by its id and, where they are given, its mode, owner and seed.

use crate::build::dockerfile::{Access, Sharing};
use crate::state::Layout;
use crate::supervisor::step::StepSource;
use engine_spec::Digest;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest as _, Sha256};
use std::cell::Cell;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The mode of a cache folder nobody said anything about.
const MODE: u32 = 0o755;

/// A cache folder could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the cache mount `{id}`")]
pub struct CacheMountError {
    /// What it is called.
    pub id: String,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// What a step asks for.
#[derive(Debug, Clone)]
pub(in crate::build) struct CacheRequest {
    pub(in crate::build) id: String,
    /// `BUILDKIT_CACHE_MOUNT_NS`.
    pub(in crate::build) namespace: String,
    pub(in crate::build) sharing: Sharing,
    pub(in crate::build) access: Access,
    /// What it starts with: a tree's identity and a path in it.
    pub(in crate::build) seed: Option<(String, String)>,
    /// The folder in it that is mounted.
    pub(in crate::build) path: String,
}

impl CacheRequest {
    /// What tells it from others.
    pub(in crate::build) fn key(&self) -> Digest {
        let text = serde_json::to_vec(&(&self.namespace, &self.id, &self.access, &self.seed));
        Digest::from_sha256(Sha256::digest(text.unwrap_or_default()).into())
    }
}

/// A cache folder that a step has.
#[derive(Debug)]
pub(in crate::build) struct CacheMount {
    id: String,
    data: PathBuf,
    path: String,
    is_new: Cell<bool>,
    _lock: Flock<File>,
}

impl CacheMount {
    /// Takes the folder that `request` means, waiting if it must; `must_be_emptied` says whether to start afresh.
    pub(in crate::build) fn acquire(
        layout: &Layout,
        request: &CacheRequest,
        must_be_emptied: impl FnOnce() -> bool,
    ) -> Result<Self, CacheMountError> {
        let failed = |source| CacheMountError { id: request.id.clone(), source };
        let folder = layout.build().join("mounts").join(request.key().hex());
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        fs::write(folder.join("id"), &request.id).map_err(failed)?;
        let (number, lock) = lock(&folder, request.sharing).map_err(failed)?;
        let data = folder.join(number.to_string());
        if must_be_emptied() {
            remove(&data).map_err(failed)?;
        }
        let is_new = match DirBuilder::new().mode(0o700).create(&data) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            made => made.map(|()| true).map_err(failed)?,
        };
        Ok(Self {
            id: request.id.clone(),
            data,
            path: request.path.clone(),
            is_new: Cell::new(is_new),
            _lock: lock,
        })
    }

    /// Whether it was made just now and may be filled.
    pub(in crate::build) fn is_new(&self) -> bool {
        self.is_new.get()
    }

    /// The folder on the host.
    pub(in crate::build) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// Gives a new one its mode and owner.
    pub(in crate::build) fn finish(&self, access: Access) -> Result<(), CacheMountError> {
        if !self.is_new.replace(false) {
            return Ok(());
        }
        let mode = Permissions::from_mode(access.mode.unwrap_or(MODE));
        let done =
            chown(&self.data, Some(access.uid.unwrap_or_default()), Some(access.gid.unwrap_or_default()));
        let done = done.and_then(|()| fs::set_permissions(&self.data, mode));
        done.map_err(|source| CacheMountError { id: self.id.clone(), source })
    }

    /// What is mounted.
    pub(in crate::build) fn source(&self) -> StepSource {
        StepSource::Folder { root: self.data.clone(), path: PathBuf::from(&self.path) }
    }
}

/// The first folder that can be had, and the right to use it.
fn lock(folder: &Path, sharing: Sharing) -> io::Result<(usize, Flock<File>)> {
    let mut number = 0;
    loop {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(format!("{number}.lock")))?;
        file.set_modified(SystemTime::now())?;
        let how = match sharing {
            Sharing::Shared => FlockArg::LockShared,
            Sharing::Locked => FlockArg::LockExclusive,
            Sharing::Private => FlockArg::LockExclusiveNonblock,
        };
        match Flock::lock(file, how) {
            Ok(lock) => return Ok((number, lock)),
            Err((_, Errno::EWOULDBLOCK)) => number += 1,
            Err((_, Errno::EINTR)) => {}
            Err((_, errno)) => return Err(errno.into()),
        }
    }
}

fn remove(data: &Path) -> io::Result<()> {
    match fs::remove_dir_all(data) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::scratch::Scratch;
    use crate::sys::require;

    fn request(id: &str, sharing: Sharing) -> CacheRequest {
        CacheRequest {
            id: id.to_owned(),
            namespace: String::new(),
            sharing,
            access: Access::default(),
            seed: None,
            path: String::new(),
        }
    }

    #[test]
    fn a_private_cache_in_use_is_left_and_another_taken() {
        require!(Root);
        let scratch = Scratch::new();
        let layout = Layout::at(scratch.path());
        let acquire =
            |sharing| CacheMount::acquire(&layout, &request("npm", sharing), || false).expect("taken");
        let first = acquire(Sharing::Private);
        let second = acquire(Sharing::Private);
        assert_ne!(first.data(), second.data());
        drop((first, second));
        let (shared, other) = (acquire(Sharing::Shared), acquire(Sharing::Shared));
        assert_eq!(shared.data(), other.data());
        assert!(!shared.is_new(), "it was made by the first");
    }

    #[test]
    fn mode_and_owner_make_another_cache() {
        let plain = request("npm", Sharing::Shared);
        let owned = CacheRequest { access: Access { uid: Some(7), ..Access::default() }, ..plain.clone() };
        let elsewhere = CacheRequest { namespace: "ci".into(), ..plain.clone() };
        assert_ne!(plain.key(), owned.key());
        assert_ne!(plain.key(), elsewhere.key());
        assert_eq!(plain.key(), request("npm", Sharing::Locked).key());
    }

    #[test]
    fn a_cache_keeps_what_it_has_until_it_must_be_emptied() {
        require!(Root);
        let scratch = Scratch::new();
        let layout = Layout::at(scratch.path());
        let acquire = |is_fresh| {
            let mount =
                CacheMount::acquire(&layout, &request("npm", Sharing::Shared), || is_fresh).expect("taken");
            mount.finish(Access { mode: Some(0o710), uid: Some(3), gid: None }).expect("finished");
            mount.data()
        };
        fs::write(acquire(false).join("kept"), "").expect("written");
        assert!(acquire(false).join("kept").exists());
        assert!(!acquire(true).join("kept").exists());
        let metadata = fs::metadata(acquire(false)).expect("read");
        use std::os::unix::fs::MetadataExt;
        assert_eq!((metadata.mode() & 0o7777, metadata.uid(), metadata.gid()), (0o710, 3, 0));
    }
}
