//! Images from and to registries, with how far they are.

use crate::apply::execute::with_runtime;
use crate::apply::meter::{Meter, PULL, PUSH, Words};
use crate::console::interrupt::Interrupt;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::progress::Progress;
use compose::plan::ImagePull;
use engine::image::registry::{self, PullError, PushError, Registries};
use engine::image::{Image, Store};
use engine_spec::{Digest, ImageReference, Platform};
use std::sync::Arc;
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
    shows_layers: bool,
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
        Ok(Self {
            store: store.clone(),
            registries: Arc::new(registries),
            progress: Arc::clone(progress),
            shows_layers: false,
        })
    }

    /// The same, telling of each layer.
    pub(crate) fn with_layers(self) -> Self {
        Self { shows_layers: true, ..self }
    }

    /// The registries' settings.
    pub(crate) fn registries(&self) -> &Registries {
        &self.registries
    }

    fn meter(&self, image: &ImageReference, words: Words) -> Meter<'_> {
        Meter::new(image, words, self.shows_layers, &self.progress)
    }

    /// Fetches one image.
    pub(crate) async fn pull(&self, image: &ImageReference, platform: &Platform) -> Result<Image, PullError> {
        let meter = self.meter(image, PULL);
        let result =
            registry::pull(&self.store, image, platform, &self.registries, &|step| meter.advance(&step))
                .await;
        meter.end(result.is_ok());
        result
    }

    /// Sends one image.
    pub(crate) async fn push(&self, image: &Image, name: &ImageReference) -> Result<Digest, PushError> {
        let meter = self.meter(name, PUSH);
        let result =
            registry::push(&self.store, image, name, &self.registries, &|step| meter.advance(&step)).await;
        meter.end(result.is_ok());
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
