//! Steps that were done before: what a step is made of, to the layer it made.
//!
//! A step's key is the digest of the layers below it and of what it does to them. Layers are named
//! by content, so a step behind one that was done again with the same result is found all the same.
//! Records are small files `build/steps/<key>`; they are written after their layer is on disk, and a
//! lost one costs time only, so they are not synced. A record whose layer is gone counts as none.

use crate::calendar::rfc3339;
use crate::image::Store;
use crate::state::Layout;
use crate::state::lock::{self, Guard, LockError};
use crate::state::record::{self, Record, RecordError};
use engine_spec::{Digest, Platform};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Raised whenever steps come to mean something else, so that old records are no longer found.
const KEY_VERSION: u32 = 3;

/// What a step made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::build) struct StepRecord {
    /// Its layer; `None` if it changed nothing.
    pub(in crate::build) layer: Option<Digest>,
    /// The layer of an earlier copy that comes before it, where it has only what changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::build) over: Option<Digest>,
    /// When (RFC 3339).
    pub(in crate::build) created: String,
}

impl Record for StepRecord {
    const KIND: &'static str = "build step";
    const VERSION: u32 = 2;
}

impl StepRecord {
    /// A step that was done now.
    pub(in crate::build) fn now(layer: Option<Digest>) -> Self {
        Self { layer, over: None, created: rfc3339(SystemTime::now()) }
    }

    /// Its layers, bottom first.
    pub(in crate::build) fn layers(&self) -> impl Iterator<Item = &Digest> {
        self.over.iter().chain(&self.layer)
    }
}

#[derive(Serialize)]
struct Key<'a, A> {
    version: u32,
    platform: &'a Platform,
    layers: &'a [Digest],
    action: &'a A,
}

/// The records of one installation.
#[derive(Debug)]
pub(in crate::build) struct Cache {
    layout: Layout,
    folder: PathBuf,
    /// What this request did itself, which counts even where earlier builds do not.
    done: Mutex<BTreeMap<Digest, StepRecord>>,
}

/// Which records count for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::build) enum Reuse {
    /// Those of all builds.
    All,
    /// Those of this request (`--no-cache`).
    Request,
}

impl Cache {
    /// Opens the cache.
    pub(in crate::build) fn open(layout: &Layout) -> Self {
        Self { layout: layout.clone(), folder: layout.build().join("steps"), done: Mutex::default() }
    }

    /// Waits until nobody else does the step, in this process or another.
    pub(in crate::build) fn claim(&self, key: &Digest) -> Result<Guard, LockError> {
        lock::build_step(&self.layout, key)
    }

    /// The key of doing `action` on top of `layers`, bottom first.
    pub(in crate::build) fn key(platform: &Platform, layers: &[Digest], action: &impl Serialize) -> Digest {
        let key = Key { version: KEY_VERSION, platform, layers, action };
        let text = serde_json::to_vec(&key).expect("keys are made of texts and numbers");
        Digest::from_sha256(Sha256::digest(text).into())
    }

    /// What the step made, if it was done and its layer is still there.
    pub(in crate::build) fn find(&self, key: &Digest, store: &Store, reuse: Reuse) -> Option<StepRecord> {
        let done = || self.done.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let record = match reuse {
            Reuse::Request => done()?,
            // A damaged record, or one of another version, is as good as none: the step is done again.
            Reuse::All => record::read(&self.path(key)).ok().flatten()?,
        };
        self.touch(key);
        Some(record).filter(|record| record.layers().all(|layer| store.has_layer(layer)))
    }

    /// Remembers what the step made.
    pub(in crate::build) fn keep(&self, key: &Digest, record: &StepRecord) -> Result<(), RecordError> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), record.clone());
        self.write(key, record)
    }

    fn write(&self, key: &Digest, record: &StepRecord) -> Result<(), RecordError> {
        let path = self.path(key);
        let created = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        created.map_err(|source| RecordError::Write {
            kind: StepRecord::KIND,
            path: path.clone(),
            source,
        })?;
        record::write_volatile(&path, record)
    }

    /// Notes that a step was used, for whoever makes the cache smaller. A time that is lost harms nobody.
    fn touch(&self, key: &Digest) {
        if let Ok(file) = File::open(self.path(key)) {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// Remembers what another machine made, unless the step is known or its layer is not here.
    pub(in crate::build) fn learn(
        &self,
        key: &Digest,
        record: &StepRecord,
        store: &Store,
    ) -> Result<(), RecordError> {
        let is_here = record.layers().all(|layer| store.has_layer(layer));
        if is_here && self.find(key, store, Reuse::All).is_none() { self.write(key, record) } else { Ok(()) }
    }

    fn path(&self, key: &Digest) -> PathBuf {
        self.folder.join(key.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::scratch::Scratch;

    #[test]
    fn a_record_counts_only_with_its_layer_and_unless_it_is_refused() {
        let scratch = Scratch::new();
        let layout = Layout::at(scratch.path());
        layout.prepare().expect("prepared");
        let (store, cache) = (Store::open(&layout), Cache::open(&layout));
        let key = Cache::key(&Platform::host(), &[], &"action");
        let record = StepRecord::now(Some(key.clone()));
        cache.keep(&key, &record).expect("kept");
        assert_eq!(cache.find(&key, &store, Reuse::All), None, "its layer is not there");
        std::fs::create_dir(layout.layer(&key)).expect("created");
        assert_eq!(cache.find(&key, &store, Reuse::All).as_ref(), Some(&record));
        assert_eq!(cache.find(&key, &store, Reuse::Request), Some(record), "done by this request");
        assert_eq!(Cache::open(&layout).find(&key, &store, Reuse::Request), None, "--no-cache");
    }

    #[test]
    fn a_damaged_record_is_none() {
        let scratch = Scratch::new();
        let layout = Layout::at(scratch.path());
        let cache = Cache::open(&layout);
        let key = Cache::key(&Platform::host(), &[], &1);
        cache.keep(&key, &StepRecord::now(None)).expect("kept");
        std::fs::write(cache.path(&key), "{").expect("written");
        assert_eq!(cache.find(&key, &Store::open(&layout), Reuse::All), None);
    }

    #[test]
    fn layers_platform_and_action_make_the_key() {
        let host = Platform::host();
        let other = Platform { architecture: "other".into(), ..host.clone() };
        let key = Cache::key(&host, &[], &"a");
        assert_ne!(key, Cache::key(&host, &[], &"b"));
        assert_ne!(key, Cache::key(&host, std::slice::from_ref(&key), &"a"));
        assert_ne!(key, Cache::key(&other, &[], &"a"));
        assert_eq!(key, Cache::key(&host, &[], &"a"));
    }
}
