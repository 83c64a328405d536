//! Gets the images that a plan needs: fetches and builds them.

use crate::error::CommandError;
use crate::progress::Progress;
use crate::report;
use crate::session::Session;
use crate::transfer::{self, Transfer};
use compose::plan::ImagePlan;
use engine::image::Store;
use engine::state::Layout;
use engine_spec::{BuildSpec, ServiceName};
use std::sync::Arc;

/// Builds and fetches what `plan` lists. An image that cannot be fetched is built, if it can be.
pub(crate) fn acquire(
    session: &Session,
    layout: &Layout,
    plan: ImagePlan,
    progress: &Arc<Progress>,
) -> Result<(), CommandError> {
    let store = Store::open(layout);
    let transfer = Transfer::new(session, &store, progress)?;
    transfer::run(async || {
        let builder = Builder { transfer: transfer.clone(), progress: Arc::clone(progress) };
        builder.build_all(plan.builds).await?;
        let mut instead = Vec::new();
        for unfetched in transfer.pull_all(plan.pulls).await {
            let Some(fallback) = unfetched.pull.fallback.clone() else { return Err(unfetched.into()) };
            report::warning(
                &format!("{}: {}; building it instead", unfetched.pull.image, unfetched.error),
                &session.terminal,
            );
            instead.extend(unfetched.pull.services.first().map(|service| (service.clone(), *fallback)));
        }
        builder.build_all(instead).await
    })
}

struct Builder {
    transfer: Transfer,
    progress: Arc<Progress>,
}

impl Builder {
    async fn build_all(&self, _builds: Vec<(ServiceName, BuildSpec)>) -> Result<(), CommandError> {
        todo!()
    }
}
