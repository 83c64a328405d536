//! `push`: sends the built images of services to their registries.

use crate::apply::transfer::{self, Transfer};
use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use crate::show::output;
use crate::show::progress::Progress;
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
    /// Push the images of what the services depend on too
    #[arg(long)]
    include_deps: bool,
    /// Push what can be pushed
    #[arg(long)]
    ignore_push_failures: bool,
}

impl Push {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let project = session.project(Depth::Structure)?;
        let selection = Selection::of(&project, &self.services, self.include_deps)?;
        let store = Store::open(&session.layout()?);
        let images = built_images(&project, &selection)?;
        if session.global.dry_run {
            output::print_lines(images.iter().map(|image| format!("push {image}")))?;
            return Ok(ExitCode::SUCCESS);
        }
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "push"));
        push_all(session, &store, &progress, &images, self.ignore_push_failures)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Sends images one after the other; with `ignore_failures` those that can be sent.
pub(super) fn push_all(
    session: &Session,
    store: &Store,
    progress: &Arc<Progress>,
    images: &[ImageReference],
    ignore_failures: bool,
) -> Result<(), CommandError> {
    let transfer = Transfer::new(session, store, progress)?;
    let result = transfer::run(async || {
        for image in images {
            match push(&transfer, store, image).await {
                Err(error) if ignore_failures => report::warning(&error.to_string(), &session.terminal),
                pushed => pushed?,
            }
        }
        Ok(())
    });
    progress.close();
    result
}

async fn push(transfer: &Transfer, store: &Store, name: &ImageReference) -> Result<(), CommandError> {
    let found = store.find(name)?.ok_or_else(|| StoreError::NoImage(name.to_string()))?;
    let pushed = transfer.push(&found, name).await;
    pushed.map(drop).map_err(|source| CommandError::Push { image: name.clone(), source: Box::new(source) })
}

/// Only services with both `build` and `image` have something to push that others do not have.
pub(super) fn built_images(
    project: &Project,
    selection: &Selection,
) -> Result<Vec<ImageReference>, CommandError> {
    let services = project.all_services().filter(|(name, _)| selection.contains(name.as_str()));
    let mut names = Vec::new();
    for (_, service) in services {
        if let (Some(build), Some(image)) = (&service.build, &service.image) {
            names.push(ImageReference::parse(image)?);
            for tag in &build.tags {
                names.push(ImageReference::parse(tag)?);
            }
        }
    }
    Ok(names)
}
