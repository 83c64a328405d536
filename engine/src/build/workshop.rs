//! What all builds of one request share: the store, what was done so far, and the sign to stop.

use super::error::BuildError;
use super::{BuildEvent, Host, StepRunner};
use crate::build::command::cache_mount::CacheRequest;
use crate::build::input::contents::Contents;
use crate::build::input::stat_cache::StatCache;
use crate::build::kept::cache::{Cache, Reuse, StepRecord};
use crate::image::{Image, Lease, Store};
use crate::state::Layout;
use engine_spec::{Digest, ImageReference, Platform};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, PipeReader, PipeWriter};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// An image that is fetched once for all stages that start from it.
type Fetched = Arc<Mutex<Option<Image>>>;

/// The shared part of the builds of one request.
pub(super) struct Workshop<'a> {
    pub(super) layout: &'a Layout,
    pub(super) store: Store,
    /// What the request builds on: no removal takes it away before the end.
    lease: Lease,
    pub(super) host: &'a Host<'a>,
    pub(super) runner: &'a dyn StepRunner,
    pub(super) cache: Cache,
    /// Digests of files and of what copies select.
    pub(super) contents: Contents,
    /// Ends running commands when another step has failed.
    pub(super) stop: Stop,
    steps: AtomicUsize,
    fetched: Mutex<BTreeMap<String, Fetched>>,
    /// The steps of each build, by stage.
    steps_used: Mutex<Vec<(String, usize, Digest, StepRecord)>>,
    /// Cache folders that were emptied because nothing from earlier builds counts.
    emptied: Mutex<BTreeSet<Digest>>,
}

impl<'a> Workshop<'a> {
    pub(super) fn open(
        layout: &'a Layout,
        host: &'a Host<'a>,
        runner: &'a dyn StepRunner,
    ) -> Result<Self, BuildError> {
        let store = Store::open(layout);
        Ok(Self {
            layout,
            lease: store.lease()?,
            store,
            host,
            runner,
            cache: Cache::open(layout),
            contents: Contents::new(StatCache::load(StatCache::path_in(&layout.build()))),
            stop: Stop::new().map_err(BuildError::Pipe)?,
            steps: AtomicUsize::new(0),
            fetched: Mutex::default(),
            steps_used: Mutex::default(),
            emptied: Mutex::default(),
        })
    }

    /// The number of the step that begins now.
    pub(super) fn next_step(&self) -> usize {
        self.steps.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Keeps layers for as long as the request takes; whether all of them are there.
    pub(super) fn hold(&self, layers: &[Digest]) -> bool {
        self.lease.hold(layers).is_ok() && layers.iter().all(|layer| self.store.has_layer(layer))
    }

    pub(super) fn emit(&self, event: BuildEvent) {
        (self.host.events)(event);
    }

    /// Notes that a stage of a build has this step.
    pub(super) fn note_step(&self, (build, stage): (&str, usize), key: &Digest, record: &StepRecord) {
        let mut steps = self.steps_used.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push((build.to_owned(), stage, key.clone(), record.clone()));
    }

    /// The steps of the stages of a build that are wanted, by key.
    pub(super) fn steps_of(
        &self,
        build: &str,
        is_wanted: impl Fn(usize) -> bool,
    ) -> BTreeMap<String, StepRecord> {
        let steps = self.steps_used.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = steps.iter().filter(|(of, stage, ..)| of == build && is_wanted(*stage));
        wanted.map(|(_, _, key, record)| (key.to_string(), record.clone())).collect()
    }

    /// Whether a cache folder must start afresh: once in a request that uses nothing from earlier builds.
    pub(super) fn must_be_emptied(&self, reuse: Reuse, cache: &CacheRequest) -> bool {
        let mut emptied = self.emptied.lock().unwrap_or_else(PoisonError::into_inner);
        reuse == Reuse::Request && emptied.insert(cache.key())
    }

    /// Fetches an image once, however many stages ask for it at the same time.
    pub(super) fn fetch(
        &self,
        reference: &ImageReference,
        platform: &Platform,
    ) -> Result<Image, Box<dyn std::error::Error + Send + Sync>> {
        let key = format!("{reference} {platform:?}");
        let place = {
            let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(fetched.entry(key).or_default())
        };
        let mut image = place.lock().unwrap_or_else(PoisonError::into_inner);
        match &*image {
            Some(image) => Ok(image.clone()),
            None => Ok(image.insert((self.host.pull)(reference, platform)?).clone()),
        }
    }
}

/// A sign that all threads and commands can wait for: the end of a pipe.
#[derive(Debug)]
pub(super) struct Stop {
    reader: PipeReader,
    writer: Mutex<Option<PipeWriter>>,
}

impl Stop {
    fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self { reader, writer: Mutex::new(Some(writer)) })
    }

    /// Gives the sign.
    pub(super) fn give(&self) {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether it was given.
    pub(super) fn is_given(&self) -> bool {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// What becomes readable when it is given.
    pub(super) fn descriptor(&self) -> &PipeReader {
        &self.reader
    }
}
