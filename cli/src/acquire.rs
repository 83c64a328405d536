//! Gets the images that a plan needs: fetches and builds them.

use crate::build_log::BuildLog;
use crate::error::CommandError;
use crate::progress::Progress;
use crate::session::Session;
use crate::transfer::{self, Transfer};
use compose::plan::ImagePlan;
use engine::build::{BuildError, Host, build};
use engine::image::{Image, Store};
use engine::state::Layout;
use engine_spec::{BuildSpec, ImageReference, Platform, ServiceName};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Builds and fetches what `plan` lists. An image that cannot be fetched is built, if it can be.
pub(crate) fn acquire(
    session: &Session,
    layout: &Layout,
    plan: ImagePlan,
    progress: &Arc<Progress>,
) -> Result<(), CommandError> {
    let transfer = Transfer::new(session, &Store::open(layout), progress)?;
    transfer::run(async || {
        let builder = Builder {
            layout: layout.clone(),
            transfer: transfer.clone(),
            progress: Arc::clone(progress),
            environment: Arc::new(session.environment.clone()),
        };
        builder.build_all(plan.builds).await?;
        let mut instead = Vec::new();
        for unfetched in transfer.pull_all(plan.pulls).await {
            let Some(fallback) = unfetched.pull.fallback.clone() else { return Err(unfetched.into()) };
            instead.extend(unfetched.pull.services.first().map(|service| (service.clone(), *fallback)));
            tracing::debug!(
                error = &unfetched.error as &dyn std::error::Error,
                "building what cannot be fetched"
            );
        }
        builder.build_all(instead).await
    })
}

/// Builds one image that belongs to no service.
pub(crate) fn build_one(
    session: &Session,
    layout: &Layout,
    spec: BuildSpec,
    progress: &Arc<Progress>,
) -> Result<Image, CommandError> {
    let transfer = Transfer::new(session, &Store::open(layout), progress)?;
    transfer::run(async || {
        let builder = Builder { layout: layout.clone(), transfer, progress: Arc::clone(progress) };
        let built = builder.spawn(None, spec).await;
        built.map_err(CommandError::BuildImage)
    })
}

/// Builds images one after the other, as one may start from another; each has its stages in parallel.
#[derive(Debug, Clone)]
struct Builder {
    layout: Layout,
    transfer: Transfer,
    progress: Arc<Progress>,
    environment: Arc<BTreeMap<String, String>>,
}

impl Builder {
    async fn build_all(&self, builds: Vec<(ServiceName, BuildSpec)>) -> Result<(), CommandError> {
        for (service, spec) in builds {
            let built = self.spawn(Some(service.clone()), spec).await;
            built.map_err(|source| CommandError::Build { service, source })?;
        }
        Ok(())
    }

    /// Builds an image on a thread that may block.
    async fn spawn(&self, service: Option<ServiceName>, spec: BuildSpec) -> Result<Image, Box<BuildError>> {
        let (this, handle) = (self.clone(), Handle::current());
        let built = tokio::task::spawn_blocking(move || this.build(service.as_ref(), &spec, &handle)).await;
        built.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    fn build(
        &self,
        service: Option<&ServiceName>,
        spec: &BuildSpec,
        handle: &Handle,
    ) -> Result<Image, Box<BuildError>> {
        let name = spec.tags.first().map(ToString::to_string).unwrap_or_default();
        let log = BuildLog::new(&name, service, &self.progress);
        let pull = |image: &ImageReference, platform: &Platform| {
            handle.block_on(self.transfer.pull(image, platform)).map_err(Into::into)
        };
        let tell = |event| log.tell(event);
        let push = |image: &Image, name: &ImageReference| match handle.block_on(self.transfer.push(image, name)) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        };
        let host = Host { pull: &pull, push: &push, events: &tell, environment: &self.environment };
        let result = build(&self.layout, spec, &host);
        log.end(result.is_ok());
        result.map_err(Box::new)
    }
}
