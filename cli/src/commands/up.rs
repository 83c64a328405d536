//! `up`: brings what runs into line with the Compose file.

use super::converge::{Converge, Convergence};
use super::logs::LogFormat;
use crate::attached::{Abort, Attached};
use crate::error::CommandError;
use crate::execute::Execution;
use crate::notes;
use crate::session::{Session, is_of_any};
use crate::stream::{Printer, Source};
use clap::Args;
use compose::graph::NoSuchService;
use compose::load::Depth;
use compose::model::Project;
use engine::state::{Layout, observe};
use engine_spec::{ServiceName, compose_label};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

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
    /// How output is shown.
    #[command(flatten)]
    format: LogFormat,
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
    /// Accepted for docker compose; there is no menu
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "true")]
    menu: Option<bool>,
    /// Accepted for docker compose; nothing is asked
    #[arg(short, long, hide = true)]
    yes: bool,
}

impl Up {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let project = session.project(Depth::Contents)?;
        self.code_from(&project)?;
        let mut convergence = self.converge.of(session, &project, &self.services)?;
        if self.wait {
            convergence.wait();
        }
        if session.global.dry_run {
            convergence.print()?;
            return Ok(ExitCode::SUCCESS);
        }
        let began = SystemTime::now();
        let layout = session.layout()?;
        self.converge(session, &layout, &convergence)?;
        if self.detach || self.wait || self.converge.no_start {
            return Ok(ExitCode::SUCCESS);
        }
        self.attach(session, &layout, &project, began)
    }

    /// Brings everything into line; the project is free for others when this returns.
    fn converge(
        &self,
        session: &Session,
        layout: &Layout,
        convergence: &Convergence<'_>,
    ) -> Result<(), CommandError> {
        let mut execution = Execution::new(session, layout, "up");
        let progress = execution.progress.clone();
        let result = convergence.plan(&progress).and_then(|(_held, plan)| {
            notes::show(&plan.notes, &progress);
            let unchanged = plan.nodes.is_empty().then(|| notes::unchanged(&plan.notes));
            execution.deadline = self.deadline();
            execution.run(plan)?;
            Ok(unchanged)
        });
        progress.close();
        if let Some(count) = result? {
            progress.message(&format!("{} unchanged", counted(count)));
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        let seconds = self.wait_timeout.filter(|_| self.wait)?;
        Some(Instant::now() + Duration::from_secs(seconds.into()))
    }

    /// Shows the output of the services named, or of all that do not ask to be left out.
    fn attach(
        self,
        session: &Session,
        layout: &Layout,
        project: &Project,
        began: SystemTime,
    ) -> Result<ExitCode, CommandError> {
        let code_from = self.code_from(project)?;
        let services: Vec<ServiceName> =
            self.services.iter().map(|name| ServiceName::new(name.as_str())).collect::<Result<_, _>>()?;
        let is_shown =
            |name: &str| project.service(name).is_some_and(|service| service.attach != Some(false));
        let observed = observe(layout, Some(&project.name))?;
        let shown = observed.containers.iter().filter(|container| {
            is_of_any(container, &services) && container.label(compose_label::SERVICE).is_some_and(is_shown)
        });
        let sources = shown.map(|container| Source::new(container, &project.name)).collect();
        let mut printer = Printer::new(sources, self.format, self.timestamps, &session.terminal);
        let abort =
            match (self.abort_on_container_exit || code_from.is_some(), self.abort_on_container_failure) {
                (true, _) => Abort::OnExit,
                (false, true) => Abort::OnFailure,
                (false, false) => Abort::Never,
            };
        let timeout = self.converge.timeout.duration();
        let attached =
            Attached { session, layout, project: &project.name, services, timeout, abort, code_from };
        attached.run(&mut printer, began)
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

fn counted(containers: usize) -> String {
    if containers == 1 { "1 container".to_owned() } else { format!("{containers} containers") }
}
