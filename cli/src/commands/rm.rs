//! `rm`: removes stopped containers.

use crate::apply::execute::carry_out;
use crate::error::CommandError;
use crate::report;
use crate::session::{Session, View, is_of_any};
use crate::target;
use clap::Args;
use compose::plan::{NodeId, Plan, Reason};
use engine_spec::{Action, ContainerName};
use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

/// Options of `rm`.
#[derive(Debug, Default, Args)]
pub(crate) struct Rm {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Do not ask first
    #[arg(short, long)]
    force: bool,
    /// Stop running containers first
    #[arg(short, long)]
    stop: bool,
    /// Remove anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
}

impl Rm {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let held = session.hold(&scope.name, View::Project)?;
        let services = scope.services(&self.services, &held.observed)?;
        let mut chosen: Vec<_> =
            held.observed.containers.iter().filter(|container| is_of_any(container, &services)).collect();
        chosen.retain(|container| {
            !target::is_one_off(container) && (self.stop || !container.status.is_running())
        });
        if chosen.is_empty() {
            report::warning("no stopped containers", &session.terminal);
            return Ok(ExitCode::SUCCESS);
        }
        let names: Vec<_> = chosen.iter().map(|container| container.name().clone()).collect();
        if !self.force && !session.global.dry_run && !is_confirmed(&names)? {
            return Err(CommandError::Declined);
        }
        let running = chosen.iter().filter(|container| container.status.is_running());
        let running: BTreeSet<_> = running.map(|container| container.name().clone()).collect();
        carry_out(session, &held.layout, self.plan(&names, &running), "rm")?;
        Ok(ExitCode::SUCCESS)
    }

    fn plan(&self, names: &[ContainerName], running: &BTreeSet<ContainerName>) -> Plan {
        let mut plan = Plan::default();
        for name in names {
            let mut depends_on = Vec::new();
            if running.contains(name) {
                depends_on.push(add(
                    &mut plan,
                    name,
                    Action::StopContainer { name: name.clone(), timeout: None },
                    Vec::new(),
                ));
            }
            let action = Action::RemoveContainer { name: name.clone(), volumes: self.volumes };
            add(&mut plan, name, action, depends_on);
        }
        plan
    }
}

fn add(plan: &mut Plan, name: &ContainerName, action: Action, depends_on: Vec<NodeId>) -> NodeId {
    plan.add(action, &depends_on, &Reason::Requested, &format!("Container {name}"))
}

/// Asks on the terminal; anything but yes, and the end of input, is no.
fn is_confirmed(names: &[ContainerName]) -> Result<bool, CommandError> {
    let list: Vec<_> = names.iter().map(ContainerName::as_str).collect();
    let question = format!("Going to remove {}\nAre you sure? [yN] ", list.join(", "));
    io::stderr().lock().write_all(question.as_bytes()).map_err(CommandError::Terminal)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(CommandError::Terminal)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
