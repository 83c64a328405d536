//! `down`: stops and removes containers and networks.

use crate::apply::execute::carry_out;
use crate::args::StopTimeout;
use crate::error::CommandError;
use crate::provider;
use crate::session::{Held, Scope, Session, View};
use crate::show::output;
use crate::show::progress::{Mark, Progress};
use crate::watch;
use clap::{Args, ValueEnum};
use compose::plan::{self, DownOptions};
use engine::image::{Store, StoreError};
use engine::state::Layout;
use engine_spec::{ImageReference, ServiceName, compose_label};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Options of `down`.
#[derive(Debug, Default, Args)]
pub(crate) struct Down {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Remove named volumes of the file and anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
    /// Remove containers of services that are no longer in the file
    #[arg(long)]
    remove_orphans: bool,
    /// Remove images too: those built under a name of the project's, or all that services use
    #[arg(long, value_enum, value_name = "WHICH")]
    rmi: Option<ImageChoice>,
    /// Remove what another project folder made under the same name, too
    #[arg(long)]
    take_over: bool,
    /// How long containers have to stop.
    #[command(flatten)]
    timeout: StopTimeout,
}

/// Which images go with the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ImageChoice {
    /// Those built for it that have no name of their own
    Local,
    /// Those of all its services
    All,
}

impl Down {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        if self.services.is_empty() {
            // Before the lock, for which a watcher that rebuilds may be waiting.
            watch::end(&session.layout()?, &scope.name)?;
        }
        let held = session.hold(&scope.name, View::Project)?;
        let options = DownOptions {
            services: scope.services(&self.services, &held.observed)?,
            remove_orphans: self.remove_orphans || session.is_switched_on("COMPOSE_REMOVE_ORPHANS"),
            volumes: self.volumes,
            timeout: self.timeout.duration(),
        };
        if let Some(project) = scope.project.as_ref().filter(|_| !self.take_over) {
            held.check_folder(project)?;
        }
        let plan = plan::down(&scope.name, scope.project.as_ref(), &held.observed, &options);
        let images = match self.rmi {
            Some(choice) => project_images(choice, &scope, &options.services, &held)?,
            None => BTreeSet::new(),
        };
        carry_out(session, &held.layout, plan, "down")?;
        provider::release(session, &scope, &options.services)?;
        if !images.is_empty() {
            remove_images(session, &held.layout, &images)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The images of the services, as far as they are there: for `local` those that were built for the
/// project under a name which it made up itself.
fn project_images(
    choice: ImageChoice,
    scope: &Scope,
    services: &[ServiceName],
    held: &Held,
) -> Result<BTreeSet<ImageReference>, CommandError> {
    let is_meant =
        |service: &str| services.is_empty() || services.iter().any(|name| name.as_str() == service);
    let mut images = BTreeSet::new();
    for (image, names) in Store::open(&held.layout).list()? {
        let label = |key| image.config.labels.get(key).map(String::as_str);
        if let Some(service) = label(compose_label::SERVICE)
            && label(compose_label::PROJECT) == Some(scope.name.as_str())
            && is_meant(service)
        {
            let made_up = format!("{}-{service}", scope.name);
            let is_chosen =
                |name: &&ImageReference| choice == ImageChoice::All || name.familiar_repository() == made_up;
            images.extend(names.iter().filter(is_chosen).cloned());
        }
    }
    if choice == ImageChoice::All {
        let of_containers = held.observed.containers.iter();
        let of_containers = of_containers
            .filter(|container| container.label(compose_label::SERVICE).is_some_and(is_meant))
            .map(|container| container.spec.image.clone());
        images.extend(of_containers);
        for (name, service) in scope.project.iter().flat_map(|project| &project.services) {
            if let Some(image) = service.image.as_ref().filter(|_| is_meant(name.as_str())) {
                images.insert(ImageReference::parse(image)?);
            }
        }
        images.retain(|name| held.observed.images.contains_key(name));
    }
    Ok(images)
}

/// An image that others use stays.
fn remove_images(
    session: &Session,
    layout: &Layout,
    images: &BTreeSet<ImageReference>,
) -> Result<(), CommandError> {
    if session.global.dry_run {
        return output::print_lines(images.iter().map(|image| format!("remove image {image}")));
    }
    let (store, progress) = (Store::open(layout), Progress::new(&session.terminal, "down"));
    for image in images {
        let label = format!("Image {image}");
        progress.begin(&label, "Removing");
        match store.remove(image, false) {
            Ok(_) => progress.end(&label, Mark::Done, "Removed"),
            Err(StoreError::InUse { .. }) => {
                progress.end(&label, Mark::Warning, "Resource is still in use");
            }
            Err(error) => {
                progress.end(&label, Mark::Failed, "Error");
                return Err(error.into());
            }
        }
    }
    Ok(())
}
