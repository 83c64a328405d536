//! Images from and to registries, with how far they are.

use crate::error::CommandError;
use crate::execute::with_runtime;
use crate::interrupt::Interrupt;
use crate::progress::{Mark, Progress};
use crate::session::Session;
use crate::size;
use compose::plan::ImagePull;
use engine::image::registry::{self, Progress as Step, PullError, PushError, Registries};
use engine::image::{Image, Store};
use engine_spec::{Digest, ImageReference, Platform};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many images travel at a time; each has several layers on the way at once.
const IMAGES_AT_A_TIME: usize = 4;

/// What is needed to fetch and send images.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    store: Store,
    registries: Arc<Registries>,
    progress: Arc<Progress>,
}

/// An image that was not fetched.
#[derive(Debug)]
pub(crate) struct Unfetched {
    /// Which.
    pub(crate) pull: ImagePull,
    /// Why.
    pub(crate) error: PullError,
}

impl Transfer {
    /// Reads the registries' settings.
    pub(crate) fn new(
        session: &Session,
        store: &Store,
        progress: &Arc<Progress>,
    ) -> Result<Self, CommandError> {
        let variable = |key: &str| session.variable(key).map(str::to_owned);
        let registries = Registries::load(store.layout(), &variable)?;
        Ok(Self { store: store.clone(), registries: Arc::new(registries), progress: Arc::clone(progress) })
    }

    /// Fetches one image.
    pub(crate) async fn pull(&self, image: &ImageReference, platform: &Platform) -> Result<Image, PullError> {
        let meter = Meter::new(image, "Pulling", &self.progress);
        let result =
            registry::pull(&self.store, image, platform, &self.registries, &|step| meter.advance(&step))
                .await;
        meter.end(if result.is_ok() { (Mark::Done, "Pulled") } else { (Mark::Failed, "Error") });
        result
    }

    /// Sends one image.
    pub(crate) async fn push(&self, image: &Image, name: &ImageReference) -> Result<Digest, PushError> {
        let meter = Meter::new(name, "Pushing", &self.progress);
        let result =
            registry::push(&self.store, image, name, &self.registries, &|step| meter.advance(&step)).await;
        meter.end(if result.is_ok() { (Mark::Done, "Pushed") } else { (Mark::Failed, "Error") });
        result
    }

    /// Fetches images, some at a time, and returns those that could not be fetched.
    pub(crate) async fn pull_all(&self, pulls: Vec<ImagePull>) -> Vec<Unfetched> {
        let slots = Arc::new(Semaphore::new(IMAGES_AT_A_TIME));
        let mut tasks = JoinSet::new();
        for pull in pulls {
            let (this, slots) = (self.clone(), Arc::clone(&slots));
            tasks.spawn(async move {
                // The semaphore is never closed; were it, fetching more at a time would do no harm.
                let _slot = slots.acquire().await;
                let platform = pull.platform.clone().unwrap_or_else(Platform::host);
                let result = this.pull(&pull.image, &platform).await;
                result.err().map(|error| Unfetched { pull, error })
            });
        }
        tasks.join_all().await.into_iter().flatten().collect()
    }
}

/// Runs something with a runtime until it is done or the user interrupts it.
pub(crate) fn run<T>(work: impl AsyncFnOnce() -> Result<T, CommandError>) -> Result<T, CommandError> {
    with_runtime(async |interrupt: &mut Interrupt| {
        // Dropping the work cancels it; what is half fetched lies in temporary files that the store drops.
        tokio::select! {
            result = work() => result,
            () = interrupt.next() => Err(CommandError::Interrupted),
        }
    })
}

impl From<Unfetched> for CommandError {
    fn from(unfetched: Unfetched) -> Self {
        Self::Pull { image: unfetched.pull.image, source: Box::new(unfetched.error) }
    }
}

/// Adds up how far an image's layers are.
struct Meter<'a> {
    id: String,
    word: &'static str,
    progress: &'a Progress,
    state: Mutex<MeterState>,
}

#[derive(Default)]
struct MeterState {
    total: u64,
    moved: BTreeMap<Digest, u64>,
    shown_percent: Option<u64>,
}

impl<'a> Meter<'a> {
    fn new(image: &ImageReference, word: &'static str, progress: &'a Progress) -> Self {
        let id = format!("Image {image}");
        progress.begin(&id, word);
        Self { id, word, progress, state: Mutex::default() }
    }

    fn advance(&self, step: &Step) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Started { layers } => state.total = layers.iter().map(|(_, size)| size).sum(),
            Step::Transferred { layer, bytes } => {
                state.moved.insert(layer.clone(), *bytes);
            }
            Step::Done { .. } => {}
            Step::Retrying { reason } => {
                self.progress.message(&format!(" {}  Retrying: {reason}", self.id));
                return;
            }
        }
        let moved: u64 = state.moved.values().sum();
        let percent = (moved * 100).checked_div(state.total);
        if percent != state.shown_percent {
            state.shown_percent = percent;
            let detail = format!("{} / {}", size::human(moved), size::human(state.total));
            self.progress.detail(&self.id, self.word, &detail);
        }
    }

    fn end(&self, (mark, word): (Mark, &str)) {
        self.progress.end(&self.id, mark, word);
    }
}
