//! `push`: sends the built images of services to their registries.

use crate::error::CommandError;
use crate::output;
use crate::progress::Progress;
use crate::report;
use crate::session::Session;
use crate::transfer::{self, Transfer};
use clap::Args;
use compose::graph::Selection;
use compose::load::Depth;
use compose::model::Project;
use engine::image::{Store, StoreError};
use engine_spec::ImageReference;
use std::process::ExitCode;
use std::sync::Arc;

/// Options of `push`.
#[derive(Debug, Default, Args)]
pub(crate) struct Push {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// Push what can be pushed
    #[arg(long)]
    ignore_push_failures: bool,
}

impl Push {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let project = session.project(Depth::Structure)?;
        let selection = Selection::of(&project, &self.services, false)?;
        let store = Store::open(&session.layout()?);
        let images = built_images(&project, &selection)?;
        if session.global.dry_run {
            output::print_lines(images.iter().map(|image| format!("push {image}")))?;
            return Ok(ExitCode::SUCCESS);
        }
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "push"));
        let transfer = Transfer::new(session, &store, &progress)?;
        let result = transfer::run(async || {
            for image in &images {
                match push(&transfer, &store, image).await {
                    Err(error) if self.ignore_push_failures => {
                        report::warning(&error.to_string(), &session.terminal);
                    }
                    pushed => pushed?,
                }
            }
            Ok(())
        });
        progress.close();
        result?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn push(transfer: &Transfer, store: &Store, name: &ImageReference) -> Result<(), CommandError> {
    let found = store.find(name)?.ok_or_else(|| StoreError::NoImage(name.to_string()))?;
    let pushed = transfer.push(&found, name).await;
    pushed.map(drop).map_err(|source| CommandError::Push { image: name.clone(), source: Box::new(source) })
}

/// Only services with both `build` and `image` have something to push that others do not have.
fn built_images(project: &Project, selection: &Selection) -> Result<Vec<ImageReference>, CommandError> {
    let services = project.all_services().filter(|(name, _)| selection.contains(name.as_str()));
    let named = services
        .filter(|(_, service)| service.build.is_some())
        .filter_map(|(_, service)| service.image.as_ref());
    Ok(named.map(|image| ImageReference::parse(image)).collect::<Result<_, _>>()?)
}
