//! `up`: brings what runs into line with the Compose file.

use super::converge::Converge;
use super::logs::LogFormat;
use crate::attached::{Abort, Attached};
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use compose::graph::{NoSuchService, Selection};
use compose::load::Depth;
use compose::model::Project;
use engine_spec::ServiceName;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// Options of `up`.
#[derive(Debug, Default, Args)]
pub(crate) struct Up {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Return when everything is started
    #[arg(short, long)]
    detach: bool,
    /// What is built, fetched and replaced.
    #[command(flatten)]
    converge: Converge,
    /// Wait until services are running or healthy; implies --detach
    #[arg(long)]
    wait: bool,
    /// Seconds to wait at most
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u32>,
    /// Keep containers in step with files as they are saved
    #[arg(short, long, conflicts_with_all = ["wait", "no_build"])]
    watch: bool,
    /// How output is shown.
    #[command(flatten)]
    format: LogFormat,
    /// Show the output of these services only
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["detach", "wait", "attach_dependencies"])]
    attach: Vec<String>,
    /// Do not show the output of these services
    #[arg(long, value_name = "SERVICE", conflicts_with = "detach")]
    no_attach: Vec<String>,
    /// Show the output of what the services depend on too
    #[arg(long, conflicts_with_all = ["detach", "wait"])]
    attach_dependencies: bool,
    /// Print the time before each line of output
    #[arg(long)]
    timestamps: bool,
    /// Stop all containers as soon as one ends
    #[arg(long, conflicts_with_all = ["detach", "wait"])]
    abort_on_container_exit: bool,
    /// Stop all containers as soon as one fails
    #[arg(long, conflicts_with_all = ["detach", "wait", "abort_on_container_exit"])]
    abort_on_container_failure: bool,
    /// Return the exit code of this service; implies --abort-on-container-exit
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["detach", "wait"])]
    exit_code_from: Option<String>,
    /// Keys mean something: w watches, d detaches
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    menu: Option<bool>,
}

impl Up {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let mut project = session.project(Depth::Contents)?;
        self.converge.provide(session, &mut project, &self.services)?;
        let shown = self.shown(&project)?;
        let code_from = self.code_from(&project)?;
        let mut convergence = self.converge.of(session, &project, &self.services)?;
        if self.wait {
            convergence.wait();
        }
        let began = SystemTime::now();
        let timeout = self.wait_timeout.filter(|_| self.wait);
        convergence.carry_out("up", timeout.map(|seconds| Duration::from_secs(seconds.into())))?;
        if self.watch && self.detach && !session.global.dry_run {
            super::watch::detach(session, &project.name, &self.watch_arguments())?;
        }
        if session.global.dry_run || self.detach || self.wait || self.converge.no_start {
            return Ok(ExitCode::SUCCESS);
        }
        let attached = Attached {
            session,
            layout: &session.layout()?,
            project: &project.name,
            services: self.services()?,
            shown,
            timeout: self.converge.timeout.duration(),
            abort: self.abort(),
            code_from,
            is_watching: self.watch,
            has_keys: self.menu.unwrap_or_else(|| session.is_switched_on("COMPOSE_MENU")),
        };
        attached.run(self.format, self.timestamps, began)
    }

    fn watch_arguments(&self) -> Vec<String> {
        let words = ["watch", "--no-up"].map(str::to_owned);
        words.into_iter().chain(self.services.iter().cloned()).collect()
    }

    fn services(&self) -> Result<Vec<ServiceName>, CommandError> {
        Ok(self.services.iter().map(|name| ServiceName::new(name.as_str())).collect::<Result<_, _>>()?)
    }

    /// Whose output is shown: what was asked for, else the services named, or all if none is, without
    /// those that ask to be left out.
    fn shown(&self, project: &Project) -> Result<BTreeSet<ServiceName>, CommandError> {
        let selection = Selection::of(project, &self.services, true)?;
        let mut shown = BTreeSet::new();
        for name in &self.attach {
            let Some((name, _)) =
                project.service_entry(name).filter(|(name, _)| selection.contains(name.as_str()))
            else {
                return Err(CommandError::NotStarted { service: name.clone() });
            };
            shown.insert(name.clone());
        }
        if self.attach.is_empty() {
            let wants = |name: &&ServiceName| {
                let is_meant = self.attach_dependencies || selection.is_named(name.as_str());
                is_meant
                    && project.service(name.as_str()).is_some_and(|service| service.attach != Some(false))
            };
            shown.extend(selection.services().filter(wants).cloned());
        }
        shown.retain(|name| !self.no_attach.iter().any(|left_out| left_out == name.as_str()));
        Ok(shown)
    }

    fn abort(&self) -> Abort {
        match (self.abort_on_container_exit || self.exit_code_from.is_some(), self.abort_on_container_failure)
        {
            (true, _) => Abort::OnExit,
            (false, true) => Abort::OnFailure,
            (false, false) => Abort::Never,
        }
    }

    /// The service whose exit code becomes ours.
    fn code_from(&self, project: &Project) -> Result<Option<ServiceName>, CommandError> {
        let Some(name) = &self.exit_code_from else { return Ok(None) };
        if project.service(name).is_none() {
            return Err(NoSuchService { name: name.clone(), nearest: None }.into());
        }
        Ok(Some(ServiceName::new(name.as_str())?))
    }
}
