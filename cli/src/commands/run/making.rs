//! Makes the container of `run`, and brings up what it depends on. The project is held meanwhile only.

use super::Run;
use crate::apply::acquire::{acquire, ages};
use crate::apply::execute::Execution;
use crate::apply::notes;
use crate::apply::perform::PerformError;
use crate::error::CommandError;
use crate::session::{Held, Session, View};
use crate::show::progress::Progress;
use compose::graph::Selection;
use compose::model::{DependencyCondition, Project, Service};
use compose::plan::{self, BuildChoice, ImageOptions, Node, OneOff, Reason, UpOptions};
use engine::container;
use engine::state::{Layout, observe};
use engine_spec::{Action, Condition, ContainerId, ContainerName, Observed, ServiceName, compose_label};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// A container that is ready to be started.
pub(super) struct Made {
    pub(super) layout: Layout,
    pub(super) name: ContainerName,
    pub(super) id: ContainerId,
}

/// What `run` was asked for.
pub(super) struct Making<'a> {
    pub(super) session: &'a Session,
    pub(super) project: &'a Project,
    pub(super) arguments: &'a Run,
    pub(super) tty: bool,
}

impl Making<'_> {
    /// Gets images, starts dependencies and waits for them, and makes the container.
    pub(super) fn make(&self) -> Result<Made, CommandError> {
        if self.session.global.dry_run {
            return Err(CommandError::NoDryRun);
        }
        let name = ServiceName::new(self.arguments.service.as_str())?;
        let one_off = self.one_off()?;
        let mut held = self.session.hold(&self.project.name, View::Everything)?;
        let mut execution = Execution::new(self.session, &held.layout, "run");
        if self.arguments.quiet {
            execution.progress = Arc::new(Progress::quiet());
        }
        let made = self.make_held(&name, &one_off, &mut held, &execution);
        execution.progress.close();
        made
    }

    fn make_held(
        &self,
        name: &ServiceName,
        one_off: &OneOff,
        held: &mut Held,
        execution: &Execution,
    ) -> Result<Made, CommandError> {
        let all = Selection::of(self.project, &[name.to_string()], !self.arguments.no_deps)?;
        self.acquire(&all, held, &execution.progress)?;
        let images = plan::resolve_images(self.project, &all, &held.observed.images)?;
        let needed = Selection::needed_by(self.project, name, !self.arguments.no_deps);
        let dependencies = plan::up(self.project, &needed, &held.observed, &self.options(), &images)?;
        notes::show_warnings(&dependencies.notes, &execution.progress);
        execution.run(dependencies)?;
        held.observed = observe(&held.layout, None)?;
        let target = Selection::of(self.project, &[name.to_string()], false)?;
        let mut plan = plan::resources(self.project, &target, &held.observed)?;
        if !self.arguments.no_deps {
            plan.nodes.extend(self.waits(name, &held.observed));
        }
        execution.run(plan)?;
        let image = images.get(name).ok_or(CommandError::NoService)?;
        let mut spec = plan::one_off(self.project, name, &held.observed, image, one_off)?;
        spec.remove_on_exit = self.arguments.rm;
        spec.process.stdin_once = self.arguments.interactive && !self.arguments.detach;
        let failed = |source| PerformError::Create { name: spec.name.clone(), source: Box::new(source) };
        let id = container::create(&held.layout, &spec, None)
            .map_err(|error| CommandError::of_step(failed(error)))?;
        Ok(Made { layout: held.layout.clone(), name: spec.name, id })
    }

    /// Each image is got once, whether the service or a dependency needs it.
    fn acquire(
        &self,
        selection: &Selection,
        held: &mut Held,
        progress: &Arc<Progress>,
    ) -> Result<(), CommandError> {
        let build = if self.arguments.build { BuildChoice::Always } else { BuildChoice::Missing };
        let ages = ages(self.project, &held.layout)?;
        let options = ImageOptions { build, pull: self.arguments.pull.map(Into::into), ages };
        let wanted = plan::images(self.project, selection, &options, &held.observed.images)?;
        if wanted.pulls.is_empty() && wanted.builds.is_empty() {
            return Ok(());
        }
        let is_quiet = self.arguments.quiet_pull || self.arguments.quiet_build;
        let quiet = is_quiet.then(|| Arc::new(Progress::quiet()));
        acquire(self.session, &held.layout, self.project, wanted, quiet.as_ref().unwrap_or(progress))?;
        held.observed = observe(&held.layout, None)?;
        Ok(())
    }

    fn options(&self) -> UpOptions {
        UpOptions {
            remove_orphans: self.arguments.remove_orphans
                || self.session.is_switched_on("COMPOSE_REMOVE_ORPHANS"),
            ignore_orphans: self.session.is_switched_on("COMPOSE_IGNORE_ORPHANS"),
            ..UpOptions::default()
        }
    }

    /// The conditions under which the service's own containers would start.
    fn waits(&self, name: &ServiceName, observed: &Observed) -> Vec<Node> {
        let Some(service) = self.project.service(name.as_str()) else { return Vec::new() };
        let mut waits = Vec::new();
        for (needed, dependency) in &service.depends_on {
            let condition = match dependency.condition {
                DependencyCondition::ServiceStarted => continue,
                DependencyCondition::ServiceHealthy => Condition::Healthy,
                DependencyCondition::ServiceCompletedSuccessfully => Condition::CompletedSuccessfully,
            };
            let containers = observed.containers.iter().filter(|container| {
                container.is_of(&self.project.name)
                    && container.label(compose_label::SERVICE) == Some(needed.as_str())
                    && container.label(compose_label::ONEOFF) != Some("True")
            });
            waits.extend(containers.map(|container| Node {
                action: Action::WaitContainer {
                    name: container.name().clone(),
                    condition,
                    optional: !dependency.required,
                },
                depends_on: Vec::new(),
                reason: Reason::AwaitedBy { service: Some(name.clone()) },
                label: format!("Container {}", container.name()),
                follows: Vec::new(),
                undo: None,
                tolerance: None,
            }));
        }
        waits
    }

    fn one_off(&self) -> Result<OneOff, CommandError> {
        let arguments = self.arguments;
        let given: Service = arguments.overrides.service(self.session, self.project)?;
        let name = arguments.name.as_ref().map(|name| ContainerName::new(name.as_str())).transpose()?;
        Ok(OneOff {
            slug: slug()?,
            name,
            command: (!arguments.command.is_empty()).then(|| arguments.command.clone()),
            entrypoint: given.entrypoint,
            environment: given.environment,
            labels: given.labels,
            user: given.user,
            working_dir: given.working_dir,
            volumes: given.volumes,
            ports: given.ports,
            service_ports: arguments.service_ports,
            use_aliases: arguments.use_aliases,
            cap_add: given.cap_add,
            cap_drop: given.cap_drop,
            tty: self.tty,
            stdin_open: arguments.interactive,
        })
    }
}

/// Twelve hex digits that no other container has.
fn slug() -> Result<String, CommandError> {
    let path = PathBuf::from("/dev/urandom");
    let mut bytes = [0; 6];
    let read = File::open(&path).and_then(|mut random| random.read_exact(&mut bytes));
    read.map_err(|source| CommandError::File { attempt: "read", path, source })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
