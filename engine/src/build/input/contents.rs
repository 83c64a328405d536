//! Digests of files for many threads at once, and of what copies select, so that services that share
//! a context look at it once.

use super::stat_cache::{ContentDigest, StatCache};
use crate::build::files::fingerprint::Listed;
use engine_spec::Digest;
use nix::sys::stat::FileStat;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// The digests of one request.
#[derive(Debug)]
pub(in crate::build) struct Contents {
    files: Mutex<StatCache>,
    /// By context and selection.
    selections: Mutex<BTreeMap<Digest, Arc<Content>>>,
}

/// What a copy selects.
#[derive(Debug)]
pub(in crate::build) struct Content {
    pub(in crate::build) digest: Digest,
    pub(in crate::build) listing: Vec<Listed>,
}

impl Contents {
    pub(in crate::build) fn new(files: StatCache) -> Self {
        Self { files: Mutex::new(files), selections: Mutex::default() }
    }

    /// The digest of a file's content, from memory or by reading what `open` gives.
    pub(in crate::build) fn digest<E: From<io::Error>>(
        &self,
        stat: &FileStat,
        open: impl Fn() -> Result<File, E>,
    ) -> Result<ContentDigest, E> {
        let files = || self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = files().known(stat) {
            return Ok(digest);
        }
        let read = super::stat_cache::read(open)?;
        if let Some(stat) = &read.1 {
            files().remember(stat, &read.0);
        }
        Ok(read.0)
    }

    /// What a selection came to earlier in this request.
    pub(in crate::build) fn selection(&self, key: &Digest) -> Option<Arc<Content>> {
        self.selections.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Remembers what a selection came to.
    pub(in crate::build) fn keep_selection(&self, key: Digest, content: Arc<Content>) {
        self.selections.lock().unwrap_or_else(PoisonError::into_inner).insert(key, content);
    }

    /// Writes what was learnt of files.
    pub(in crate::build) fn save(&self) -> io::Result<()> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).save()
    }
}
