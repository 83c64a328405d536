//! What `up` and `plan` share: from the Compose file and what is there to a plan.

use super::plan::{PlanStyle, Preview};
use crate::apply::acquire::{acquire, ages};
use crate::apply::execute::Execution;
use crate::args::{PullChoice, Scale, StopTimeout, parse_scale};
use crate::error::CommandError;
use crate::provider;
use crate::session::{Held, Session, View};
use crate::show::progress::Progress;
use clap::Args;
use compose::graph::{NoSuchService, Selection};
use compose::model::Project;
use compose::plan::{self, BuildChoice, ImageOptions, ImagePlan, Plan, Recreate, UpOptions};
use engine::image::Store;
use engine::state::{Layout, observe};
use engine_spec::{Digest, ImageReference, ServiceName};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Options that decide what is built, fetched, created and replaced; those of `up` and `plan`.
#[derive(Debug, Default, Args)]
pub(crate) struct Converge {
    /// Build images before starting
    #[arg(long, conflicts_with = "no_build")]
    pub(super) build: bool,
    /// Build no image, even if it is missing
    #[arg(long)]
    pub(super) no_build: bool,
    /// Give replaced containers fresh anonymous volumes
    #[arg(short = 'V', long, conflicts_with = "no_recreate")]
    pub(super) renew_anon_volumes: bool,
    /// Choose when images are fetched
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(super) pull: Option<PullChoice>,
    /// Do not show how fetching and building go on
    #[arg(long)]
    pub(super) quiet_pull: bool,
    /// Do not show how building goes on
    #[arg(long)]
    pub(super) quiet_build: bool,
    /// Make volumes anew whose definition changed; their data is lost
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Take over what another project folder made under the same name
    #[arg(long)]
    pub(super) take_over: bool,
    /// Replace containers even if nothing changed
    #[arg(long, conflicts_with = "no_recreate")]
    pub(super) force_recreate: bool,
    /// Replace no container that exists
    #[arg(long)]
    pub(super) no_recreate: bool,
    /// Replace the containers of dependencies too
    #[arg(long, conflicts_with = "no_recreate")]
    pub(super) always_recreate_deps: bool,
    /// Leave out what the services depend on
    #[arg(long)]
    pub(super) no_deps: bool,
    /// Create containers without starting them
    #[arg(long)]
    pub(super) no_start: bool,
    /// Remove containers of services that are no longer in the file
    #[arg(long)]
    pub(super) remove_orphans: bool,
    /// Run this number of containers of a service
    #[arg(long, value_name = "SERVICE=NUMBER", value_parser = parse_scale)]
    pub(super) scale: Vec<Scale>,
    /// How long replaced containers have to stop.
    #[command(flatten)]
    pub(super) timeout: StopTimeout,
}

/// What is to be brought into line, checked.
#[derive(Debug)]
pub(super) struct Convergence<'a> {
    session: &'a Session,
    project: &'a Project,
    selection: Selection,
    images: ImageOptions,
    options: UpOptions,
    /// Whether fetching and building are not shown.
    is_quiet: bool,
}

impl Converge {
    /// Asks the providers that the services need, unless nothing is to be done in earnest.
    pub(super) fn provide(
        &self,
        session: &Session,
        project: &mut Project,
        services: &[String],
    ) -> Result<(), CommandError> {
        provider::provide(session, project, services, !self.no_deps, !session.global.dry_run)
    }

    /// Checks that everything named on the command line is there.
    pub(super) fn of<'a>(
        &self,
        session: &'a Session,
        project: &'a Project,
        services: &[String],
    ) -> Result<Convergence<'a>, CommandError> {
        let selection = Selection::of(project, services, !self.no_deps)?;
        if selection.services().next().is_none() {
            return Err(CommandError::NoService);
        }
        if let Some(scale) = self.scale.iter().find(|scale| project.service(scale.service.as_str()).is_none())
        {
            return Err(NoSuchService { name: scale.service.to_string(), nearest: None }.into());
        }
        let (images, options) = (self.image_options(), self.options(session));
        Ok(Convergence {
            session,
            project,
            selection,
            images,
            options,
            is_quiet: self.quiet_pull || self.quiet_build,
        })
    }

    fn options(&self, session: &Session) -> UpOptions {
        let recreate = |is_forced| match (is_forced, self.no_recreate) {
            (true, _) => Recreate::Always,
            (false, true) => Recreate::Never,
            (false, false) => Recreate::Changed,
        };
        UpOptions {
            recreate: recreate(self.force_recreate || self.renew_anon_volumes),
            recreate_dependencies: recreate(self.always_recreate_deps),
            remove_orphans: self.remove_orphans || session.is_switched_on("COMPOSE_REMOVE_ORPHANS"),
            ignore_orphans: session.is_switched_on("COMPOSE_IGNORE_ORPHANS"),
            renew_volumes: self.renew_anon_volumes,
            no_start: self.no_start,
            wait: false,
            scale: self.scale.iter().map(|scale| (scale.service.clone(), scale.replicas)).collect(),
            timeout: self.timeout.duration(),
            recreate_volumes: self.yes,
            all_resources: session.global.all_resources,
            take_over: self.take_over,
        }
    }

    fn image_options(&self) -> ImageOptions {
        let build = match (self.build, self.no_build) {
            (true, _) => BuildChoice::Always,
            (false, true) => BuildChoice::Never,
            (false, false) => BuildChoice::Missing,
        };
        ImageOptions { build, pull: self.pull.map(Into::into), ages: BTreeMap::new() }
    }
}

impl Convergence<'_> {
    /// Waits in the end until every service is running or healthy.
    pub(super) fn wait(&mut self) {
        self.options.wait = true;
    }

    /// Brings everything into line, or prints how (`--dry-run`); waiting ends after `timeout`. The
    /// project is free for others when this returns.
    pub(super) fn carry_out(
        &self,
        activity: &'static str,
        timeout: Option<Duration>,
    ) -> Result<(), CommandError> {
        if self.session.global.dry_run {
            return self.preview()?.print(PlanStyle::default());
        }
        let mut execution = Execution::new(self.session, &self.session.layout()?, activity);
        let progress = execution.progress.clone();
        let result = self.plan(&progress).and_then(|(held, plan)| {
            execution.deadline = timeout.map(|timeout| Instant::now() + timeout);
            let result = execution.carry_out(plan);
            if matches!(result, Err(CommandError::Steps(_))) {
                self.roll_back(&held, &execution)?;
            }
            result
        });
        progress.close();
        result
    }

    /// Gets the images, and plans. The project is ours until the first of the two is dropped, but not
    /// while images are fetched and built, which may take minutes.
    pub(super) fn plan(&self, progress: &Arc<Progress>) -> Result<(Held, Plan), CommandError> {
        self.acquire(progress)?;
        let held = self.session.hold(&self.project.name, View::Everything)?;
        let images = plan::resolve_images(self.project, &self.selection, &held.observed.images)?;
        let plan = self.up(&held, &images)?;
        Ok((held, plan))
    }

    fn acquire(&self, progress: &Arc<Progress>) -> Result<(), CommandError> {
        let layout = self.session.layout()?;
        let local = Store::open(&layout).names()?;
        let wanted = self.wanted_images(&layout, &local)?;
        if wanted.pulls.is_empty() && wanted.builds.is_empty() {
            return Ok(());
        }
        let quiet = self.is_quiet.then(|| Arc::new(Progress::quiet()));
        acquire(self.session, &layout, self.project, wanted, quiet.as_ref().unwrap_or(progress))
    }

    fn wanted_images(
        &self,
        layout: &Layout,
        local: &BTreeMap<ImageReference, Digest>,
    ) -> Result<ImagePlan, CommandError> {
        let options = ImageOptions { ages: ages(self.project, layout)?, ..self.images.clone() };
        Ok(plan::images(self.project, &self.selection, &options, local)?)
    }

    /// What would be done. Images that are not there are taken for granted.
    pub(super) fn preview(&self) -> Result<Preview, CommandError> {
        let mut held = self.session.hold(&self.project.name, View::Everything)?;
        let mut local = held.observed.images.clone();
        let wanted = self.wanted_images(&held.layout, &local)?;
        for name in names(&wanted) {
            local.entry(name.clone()).or_insert_with(unknown_image);
        }
        let images = plan::resolve_images(self.project, &self.selection, &local)?;
        held.observed.images = local;
        let plan = self.up(&held, &images)?;
        Ok(Preview { images: wanted, plan })
    }

    fn up(&self, held: &Held, images: &BTreeMap<ServiceName, Digest>) -> Result<Plan, CommandError> {
        let mut options = self.options.clone();
        // A folder that is gone, or was moved here, has nobody to ask.
        options.take_over |=
            plan::other_folders(self.project, &held.observed).iter().all(|other| !other.exists());
        Ok(plan::up(self.project, &self.selection, &held.observed, &options, images)?)
    }

    /// Brings back what a failed update replaced, where the file asks for that.
    fn roll_back(&self, before: &Held, execution: &Execution) -> Result<(), CommandError> {
        let now = observe(&before.layout, None)?;
        let plan = plan::rollback(self.project, &before.observed, &now);
        if !plan.is_empty() {
            execution.progress.warning("the update failed and is rolled back");
        }
        execution.run(plan)
    }
}

/// The names that the images will have.
fn names(plan: &ImagePlan) -> impl Iterator<Item = &ImageReference> {
    let pulled = plan.pulls.iter().map(|pull| &pull.image);
    pulled.chain(plan.builds.iter().flat_map(|(_, build)| &build.tags))
}

/// Stands for an image that is not there yet; no image has it.
fn unknown_image() -> Digest {
    Digest::from_sha256([0; 32])
}
