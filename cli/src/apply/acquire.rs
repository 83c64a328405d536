//! Gets the images that a plan needs: fetches and builds them.

use crate::apply::build_log::BuildLog;
use crate::apply::transfer::{self, Transfer};
use crate::commands::collect;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use crate::show::progress::Progress;
use compose::model::{Project, PullPolicy, Service};
use compose::plan::ImagePlan;
use engine::build::{BuildEvent, BuildFailure, BuildRequest, Host, STAGES_AT_A_TIME, build_all};
use engine::image::{Image, Store};
use engine::state::Layout;
use engine_spec::{BuildSpec, ImageReference, Platform, ServiceName};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;

/// Builds and fetches what `plan` lists. An image that cannot be fetched is built, if it can be.
/// Builds find their secrets and agents in the environment of `project`.
pub(crate) fn acquire(
    session: &Session,
    layout: &Layout,
    project: &Project,
    plan: ImagePlan,
    progress: &Arc<Progress>,
) -> Result<(), CommandError> {
    let builder = Builder::new(session, layout, &project.environment, progress)?;
    transfer::run(async || {
        builder.build_services(plan.builds).await?;
        let mut instead = Vec::new();
        for unfetched in builder.transfer.pull_all(plan.pulls).await {
            let Some(fallback) = unfetched.pull.fallback.clone() else { return Err(unfetched.into()) };
            instead.extend(unfetched.pull.services.first().map(|service| (service.clone(), *fallback)));
            tracing::debug!(
                error = &unfetched.error as &dyn std::error::Error,
                "building what cannot be fetched"
            );
        }
        builder.build_services(instead).await
    })
}

/// Builds one image that belongs to no service.
pub(crate) fn build_one(
    session: &Session,
    layout: &Layout,
    spec: BuildSpec,
    progress: &Arc<Progress>,
) -> Result<Image, CommandError> {
    let builder = Builder::new(session, layout, &session.environment, progress)?;
    transfer::run(async || {
        let request = BuildRequest { id: String::new(), spec };
        let images = builder.build(vec![request]).await;
        let images = images.map_err(|failure| CommandError::BuildImage(failure.source))?;
        collect(&builder.layout)?;
        Ok(images.into_values().next().expect("a request has as many images as builds"))
    })
}

/// Looks at Dockerfiles without building anything: a failure if there is anything doubtful in them.
pub(crate) fn check(
    session: &Session,
    layout: &Layout,
    requests: &[BuildRequest],
) -> Result<ExitCode, CommandError> {
    let progress = Arc::new(Progress::lines(&session.terminal));
    let builder = Builder::new(session, layout, &session.environment, &progress)?;
    let warnings = AtomicUsize::new(0);
    let tell = |event| {
        if let BuildEvent::Warning { rule, diagnostic, .. } = event {
            warnings.fetch_add(1, Ordering::Relaxed);
            progress.warning(&format!("{rule}: {diagnostic}"));
        }
    };
    let pull = |_: &ImageReference, _: &Platform| Err("a check fetches nothing".into());
    let push = |_: &Image, _: &ImageReference| Err("a check sends nothing".into());
    let host = Host { pull: &pull, push: &push, events: &tell, environment: &builder.environment };
    engine::build::check_all(layout, requests, &host)
        .map_err(|failure| CommandError::BuildImage(failure.source))?;
    match warnings.into_inner() {
        0 => {
            output::print_lines(["Check complete, no warnings found."])?;
            Ok(ExitCode::SUCCESS)
        }
        count => {
            let (noun, verb) = if count == 1 { ("warning", "has") } else { ("warnings", "have") };
            output::print_lines([format!("Check complete, {count} {noun} {verb} been found!")])?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// How long ago local images were fetched, where the project has a policy that asks.
pub(crate) fn ages(
    project: &Project,
    layout: &Layout,
) -> Result<BTreeMap<ImageReference, Duration>, CommandError> {
    let asks = |service: &Service| matches!(service.pull_policy, Some(PullPolicy::Every(_)));
    if !project.services.values().any(asks) {
        return Ok(BTreeMap::new());
    }
    let store = Store::open(layout);
    let mut ages = BTreeMap::new();
    for name in store.names()?.into_keys() {
        // A clock that was set back makes an image young.
        let age = store.tagged_at(&name)?.map(|tagged| tagged.elapsed().unwrap_or_default());
        ages.extend(age.map(|age| (name, age)));
    }
    Ok(ages)
}

/// Builds images as one graph: what they share is done once, what is independent in parallel.
#[derive(Debug, Clone)]
struct Builder {
    layout: Layout,
    transfer: Transfer,
    progress: Arc<Progress>,
    environment: Arc<BTreeMap<String, String>>,
    parallel: NonZeroUsize,
}

impl Builder {
    fn new(
        session: &Session,
        layout: &Layout,
        environment: &BTreeMap<String, String>,
        progress: &Arc<Progress>,
    ) -> Result<Self, CommandError> {
        let limit = session.global.parallel.and_then(|limit| usize::try_from(limit).ok());
        Ok(Self {
            layout: layout.clone(),
            transfer: Transfer::new(session, &Store::open(layout), progress)?,
            progress: Arc::clone(progress),
            environment: Arc::new(environment.clone()),
            parallel: limit.and_then(NonZeroUsize::new).unwrap_or(STAGES_AT_A_TIME),
        })
    }

    async fn build_services(&self, builds: Vec<(ServiceName, BuildSpec)>) -> Result<(), CommandError> {
        if builds.is_empty() {
            return Ok(());
        }
        let requests =
            builds.into_iter().map(|(service, spec)| BuildRequest { id: service.to_string(), spec });
        match self.build(requests.collect()).await {
            Ok(_) => collect(&self.layout),
            Err(BuildFailure { id, source }) => {
                Err(CommandError::Build { service: ServiceName::new(id)?, source })
            }
        }
    }

    /// Builds on a thread that may block.
    async fn build(&self, requests: Vec<BuildRequest>) -> Result<BTreeMap<String, Image>, BuildFailure> {
        let (this, handle) = (self.clone(), Handle::current());
        let built = tokio::task::spawn_blocking(move || this.build_blocking(&requests, &handle)).await;
        built.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    fn build_blocking(
        &self,
        requests: &[BuildRequest],
        handle: &Handle,
    ) -> Result<BTreeMap<String, Image>, BuildFailure> {
        let log = BuildLog::new(requests, &self.progress);
        let pull = |image: &ImageReference, platform: &Platform| {
            handle.block_on(self.transfer.pull(image, platform)).map_err(Into::into)
        };
        let push = |image: &Image, name: &ImageReference| {
            handle.block_on(self.transfer.push(image, name)).map(drop).map_err(Into::into)
        };
        let tell = |event| log.tell(event);
        let host = Host { pull: &pull, push: &push, events: &tell, environment: &self.environment };
        let result = build_all(&self.layout, requests, self.parallel, &host);
        log.end(result.as_ref().err().map(|failure| failure.id.as_str()));
        result
    }
}
