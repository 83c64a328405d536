//! `pull`: fetches the images of services.

use crate::apply::transfer::{self, Transfer};
use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use crate::show::output;
use crate::show::progress::{Mark, Progress};
use clap::{Args, ValueEnum};
use compose::graph::Selection;
use compose::load::Depth;
use compose::plan::{self, ImageOptions, ImagePull};
use engine::image::Store;
use engine_spec::{PullPolicy, ServiceName};
use std::process::ExitCode;
use std::sync::Arc;

/// Options of `pull`.
#[derive(Debug, Default, Args)]
pub(crate) struct Pull {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// Fetch the images of what the services depend on too
    #[arg(long)]
    include_deps: bool,
    /// Leave out images that can be built
    #[arg(long)]
    ignore_buildable: bool,
    /// Fetch what can be fetched
    #[arg(long)]
    ignore_pull_failures: bool,
    /// Choose when images are fetched
    #[arg(long, value_enum, value_name = "WHEN")]
    policy: Option<Policy>,
}

/// When `pull` fetches an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// When it is not there
    Missing,
    /// Every time
    Always,
}

impl Pull {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let project = session.project(Depth::Structure)?;
        let selection = Selection::of(&project, &self.services, self.include_deps)?;
        let store = Store::open(&session.layout()?);
        let policy = match self.policy {
            Some(Policy::Missing) => PullPolicy::Missing,
            Some(Policy::Always) | None => PullPolicy::Always,
        };
        let options = ImageOptions { pull: Some(policy), ..ImageOptions::default() };
        let mut pulls = plan::images(&project, &selection, &options, &store.names()?)?.pulls;
        pulls.retain(|pull| !self.ignore_buildable || pull.fallback.is_none());
        if session.global.dry_run {
            output::print_lines(pulls.iter().map(|pull| format!("pull {}", pull.image)))?;
            return Ok(ExitCode::SUCCESS);
        }
        let has_no_image = |name: &&ServiceName| {
            project.service(name.as_str()).is_some_and(|service| service.image.is_none())
        };
        let without: Vec<_> = selection.services().filter(has_no_image).collect();
        self.fetch(session, &store, pulls, &without)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Services without a name for their image have nothing to fetch, which is said.
    fn fetch(
        &self,
        session: &Session,
        store: &Store,
        pulls: Vec<ImagePull>,
        without: &[&ServiceName],
    ) -> Result<(), CommandError> {
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "pull"));
        for service in without {
            progress.end(&format!("Service {service}"), Mark::Warning, "Skipped: no image to pull");
        }
        let transfer = Transfer::new(session, store, &progress)?;
        let result = transfer::run(async || Ok(transfer.pull_all(pulls).await));
        progress.close();
        for unfetched in result? {
            if !self.ignore_pull_failures && unfetched.pull.fallback.is_none() {
                return Err(unfetched.into());
            }
            report::warning(&format!("{}: {}", unfetched.pull.image, unfetched.error), &session.terminal);
        }
        Ok(())
    }
}
