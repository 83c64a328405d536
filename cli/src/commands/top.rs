//! `top`: lists the processes of containers.

use crate::error::CommandError;
use crate::session::{Session, is_of_any};
use crate::show::output;
use crate::show::table::Tabbed;
use crate::target;
use clap::Args;
use engine::container;
use engine_spec::{ObservedContainer, compose_label};
use std::process::ExitCode;

/// docker's widths: at least this much, padding included.
const LEAST_WIDTH: usize = 4;

/// Options of `top`.
#[derive(Debug, Default, Args)]
pub(crate) struct Top {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
}

impl Top {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let mut table = Tabbed::new(LEAST_WIDTH);
        let mut has_header = false;
        let running = observed.containers.iter().filter(|container| container.status.is_running());
        for container in running.filter(|container| is_of_any(container, &services)) {
            let processes = container::top(&layout, container.name(), &[])?;
            if !has_header {
                has_header = true;
                table.line(&format!("SERVICE\t#\t{}", processes.titles.join("\t")));
            }
            for row in processes.rows {
                table.line(&format!("{}\t{}", place(container), row.join("\t")));
            }
        }
        if has_header {
            output::print(&table.render())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The service and the number; a container of `run` has its name instead of the latter.
fn place(container: &ObservedContainer) -> String {
    let service = container.label(compose_label::SERVICE).unwrap_or_default();
    match target::number(container) {
        Some(number) => format!("{service}\t{number}"),
        None => format!("{service}\t{}", container.name()),
    }
}
