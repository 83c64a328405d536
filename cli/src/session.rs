//! One run of the command: its options, its surroundings, and how a command gets at a project.

use crate::args::GlobalArguments;
use crate::console::terminal::Terminal;
use crate::error::CommandError;
use crate::files::HostFiles;
use crate::report;
use crate::waiting;
use compose::LoadOptions;
use compose::graph::{NoSuchService, Selection};
use compose::load::{Depth, Skip};
use compose::model::Project;
use compose::plan;
use engine::container;
use engine::state::{Layout, lock, observe};
use engine_spec::{Observed, ObservedContainer, ProjectName, ServiceName, compose_label};
use std::collections::BTreeMap;
use std::path::{PathBuf, absolute};

/// Moves everything the engine keeps.
const ROOT_VARIABLE: &str = "LIGHTER_ROOT";
/// The platform of images for commands that name none.
pub(crate) const DEFAULT_PLATFORM: &str = "DOCKER_DEFAULT_PLATFORM";

/// What every command has at hand.
#[derive(Debug)]
pub(crate) struct Session {
    /// The options before the command.
    pub(crate) global: GlobalArguments,
    /// The variables of the process; those that are not UTF-8 are left out.
    pub(crate) environment: BTreeMap<String, String>,
    /// What may be written where.
    pub(crate) terminal: Terminal,
}

/// The project that a command is about.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Its name.
    pub(crate) name: ProjectName,
    /// Its file; `None` where only the name was given.
    pub(crate) project: Option<Project>,
}

/// A project that nobody else changes as long as this exists.
#[derive(Debug)]
pub(crate) struct Held {
    /// Where it lies.
    pub(crate) layout: Layout,
    /// What there is of it.
    pub(crate) observed: Observed,
    _lock: lock::Guard,
}

impl Held {
    /// Refuses what another folder made under the project's name. A folder that is gone, or was moved
    /// here, has nobody to ask.
    pub(crate) fn check_folder(&self, project: &Project) -> Result<(), CommandError> {
        if plan::other_folders(project, &self.observed).iter().any(|other| other.exists()) {
            plan::check_folder(project, &self.observed)?;
        }
        Ok(())
    }
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// What belongs to the project.
    Project,
    /// Everything, for projects that use what others made.
    Everything,
}

impl Session {
    /// Looks at the process's surroundings.
    pub(crate) fn new(global: GlobalArguments) -> Self {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let terminal = Terminal::new(&global, &environment);
        Self { global, environment, terminal }
    }

    /// The engine's folders, ready for use. Only root gets them.
    pub(crate) fn layout(&self) -> Result<Layout, CommandError> {
        if !nix::unistd::geteuid().is_root() {
            return Err(CommandError::NotRoot);
        }
        let layout = Layout::from_root(self.root().as_deref());
        layout.prepare()?;
        Ok(layout)
    }

    /// Where everything the engine keeps was moved to, if it was.
    pub(crate) fn root(&self) -> Option<PathBuf> {
        // Supervisors run in another folder. An empty variable counts as none, so this cannot fail but
        // where the current folder is gone.
        self.variable(ROOT_VARIABLE).map(|root| absolute(root).unwrap_or_else(|_| root.into()))
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, key: &str) -> Option<&str> {
        self.environment.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a variable of docker compose says yes.
    pub(crate) fn is_switched_on(&self, key: &str) -> bool {
        self.variable(key)
            .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "t" | "true"))
    }

    /// Keeps everybody else from changing a project, puts right what a killed command left of it, and
    /// looks at it.
    pub(crate) fn hold(&self, name: &ProjectName, view: View) -> Result<Held, CommandError> {
        let layout = self.layout()?;
        let lock =
            lock::project(&layout, name, |holder| waiting::tell(name, holder.as_ref(), &self.terminal))?;
        container::repair(&layout, Some(name))?;
        let observed = observe(&layout, (view == View::Project).then_some(name))?;
        Ok(Held { layout, observed, _lock: lock })
    }

    /// Looks at a project, or at everything, without keeping anybody from changing it.
    pub(crate) fn look(&self, name: Option<&ProjectName>) -> Result<(Layout, Observed), CommandError> {
        let layout = self.layout()?;
        container::repair(&layout, name)?;
        let observed = observe(&layout, name)?;
        Ok((layout, observed))
    }

    /// Loads the Compose files, and shows what is doubtful in them.
    pub(crate) fn project(&self, depth: Depth) -> Result<Project, CommandError> {
        let loaded = compose::load(&self.load_options(depth)?, &HostFiles)?;
        report::warnings(&loaded.warnings, &self.terminal);
        Ok(loaded.project)
    }

    /// What a command is about that also works without a file: the project of `-p` if no file is
    /// named, else that of the file; a broken file does not matter if the environment has a name.
    pub(crate) fn scope(&self) -> Result<Scope, CommandError> {
        let options = self.load_options(Depth::Structure)?;
        if self.global.files.is_empty()
            && self.global.project_name.is_some()
            && let Some(name) = compose::load::name_without_files(&options)?
        {
            return Ok(Scope { name, project: None });
        }
        match self.project(Depth::Structure) {
            Ok(project) => Ok(Scope { name: project.name.clone(), project: Some(project) }),
            Err(error) => match compose::load::name_without_files(&options)? {
                Some(name) => Ok(Scope { name, project: None }),
                None => Err(error),
            },
        }
    }

    /// What the loader is told of the command line and its surroundings.
    pub(crate) fn load_options(&self, depth: Depth) -> Result<LoadOptions, CommandError> {
        Ok(LoadOptions {
            files: self.global.files.clone(),
            project_directory: self.global.project_directory.clone(),
            project_name: self.global.project_name.clone(),
            env_files: self.global.env_files.clone(),
            profiles: self.global.profiles.clone(),
            environment: self.environment.clone(),
            current_directory: std::env::current_dir().map_err(CommandError::CurrentFolder)?,
            compatibility: self.global.compatibility,
            depth,
            skip: Skip::default(),
        })
    }
}

impl Scope {
    /// The services named on the command line. Without a file a service is one that has a container.
    pub(crate) fn services(
        &self,
        names: &[String],
        observed: &Observed,
    ) -> Result<Vec<ServiceName>, CommandError> {
        if let Some(project) = &self.project {
            Selection::of(project, names, false)?;
        } else if let Some(name) = names.iter().find(|name| !has_container(observed, name.as_str())) {
            return Err(NoSuchService { name: name.clone(), nearest: None }.into());
        }
        Ok(names.iter().map(|name| ServiceName::new(name.as_str())).collect::<Result<_, _>>()?)
    }

    /// Whether a container's service is in the file, active or not; without a file all are known.
    pub(crate) fn knows(&self, container: &ObservedContainer) -> bool {
        let service = container.label(compose_label::SERVICE).unwrap_or_default();
        self.project.as_ref().is_none_or(|project| project.service(service).is_some())
    }

    /// The one service named on the command line; without a file it need not be known.
    pub(crate) fn service(&self, name: &str) -> Result<ServiceName, CommandError> {
        if let Some(project) = &self.project {
            Selection::of(project, &[name.to_owned()], false)?;
        }
        Ok(ServiceName::new(name)?)
    }
}

/// Whether a service has a container, whatever its state.
pub(crate) fn has_container(observed: &Observed, service: impl AsRef<str>) -> bool {
    let service = Some(service.as_ref());
    observed.containers.iter().any(|container| container.label(compose_label::SERVICE) == service)
}

/// Whether a container belongs to one of the services; none given means all.
pub(crate) fn is_of_any(container: &ObservedContainer, services: &[ServiceName]) -> bool {
    let service = container.label(compose_label::SERVICE);
    services.is_empty() || services.iter().any(|name| Some(name.as_str()) == service)
}
