//! `wait`: waits until the containers of services have ended; who has ended before is not waited for.

use crate::apply::execute::carry_out;
use crate::error::CommandError;
use crate::session::{Session, View, is_of_any};
use crate::show::output;
use clap::Args;
use compose::plan::{self, DownOptions};
use engine::container::{self, WaitError};
use engine::state::Layout;
use engine_spec::{ContainerId, ObservedContainer, Status};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

/// Options of `wait`.
#[derive(Debug, Default, Args)]
pub(crate) struct Wait {
    /// The services
    #[arg(value_name = "SERVICE", required = true)]
    services: Vec<String>,
    /// Stop and remove the project in the end
    #[arg(long)]
    down_project: bool,
}

impl Wait {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let waited: Vec<_> = observed
            .containers
            .iter()
            .filter(|container| is_of_any(container, &services) && container.status != Status::Created)
            .collect();
        if waited.is_empty() {
            return Err(CommandError::NothingStarted { project: scope.name });
        }
        let code = wait_for_all(&layout, &waited)?;
        if self.down_project {
            let held = session.hold(&scope.name, View::Project)?;
            let options = DownOptions { remove_orphans: true, ..DownOptions::default() };
            let plan = plan::down(&scope.name, scope.project.as_ref(), &held.observed, &options);
            carry_out(session, &held.layout, plan, "down")?;
        }
        Ok(ExitCode::from(code))
    }
}

/// Tells of each end as it comes, of those that have come before at once; returns the code of the last.
fn wait_for_all(layout: &Layout, waited: &[&ObservedContainer]) -> Result<u8, CommandError> {
    let (ended, running): (Vec<_>, Vec<_>) =
        waited.iter().copied().partition(|container| matches!(container.status, Status::Exited { .. }));
    let (sender, ends) = mpsc::channel::<(ContainerId, Result<Option<i32>, WaitError>)>();
    let wait = |container: &ObservedContainer, sender: &mpsc::Sender<_>| {
        // Who listens has left only after an error, which is told.
        drop(sender.send((container.id.clone(), container::wait_exit(layout, container.name()))));
    };
    ended.iter().for_each(|container| wait(container, &sender));
    thread::scope(|scope| {
        for container in running {
            let sender = sender.clone();
            scope.spawn(move || wait(container, &sender));
        }
        drop(sender);
        let mut last = 0;
        for (id, code) in ends {
            let code = code?.unwrap_or(1);
            output::print_lines([format!("container \"{id}\" exited with status code {code}")])?;
            last = u8::try_from(code).unwrap_or(u8::MAX);
        }
        Ok(last)
    })
}
