//! `ps`: lists the containers of the project.

use crate::args::ListFormat;
use crate::error::CommandError;
use crate::listing::{Listed, Listing};
use crate::output;
use crate::session::{Session, is_of_any};
use crate::table::{self, Table};
use clap::{Args, ValueEnum};
use engine::image::Store;
use engine_spec::{ObservedContainer, ServiceName, Status, compose_label};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Options of `ps`.
#[derive(Debug, Default, Args)]
pub(crate) struct Ps {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Show stopped containers too
    #[arg(short, long)]
    all: bool,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Print the names of services only
    #[arg(long = "services")]
    only_services: bool,
    /// Only containers in this state
    #[arg(long, value_enum, value_name = "STATE")]
    status: Vec<State>,
    /// Print in full what a table cuts short
    #[arg(long)]
    no_trunc: bool,
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}

/// What a container does, in docker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Created,
    Running,
    Paused,
    Restarting,
    Exited,
}

impl Ps {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let chosen = observed.containers.iter().filter(|container| self.wants(container, &services));
        if self.only_services {
            let names: BTreeSet<_> =
                chosen.filter_map(|container| container.label(compose_label::SERVICE)).collect();
            output::print_lines(names)?;
        } else if self.quiet {
            output::print_lines(chosen.map(|container| &container.id))?;
        } else {
            let mut listing = Listing::new(Store::open(&layout), self.no_trunc);
            let listed: Result<Vec<_>, _> = chosen.map(|container| listing.list(container)).collect();
            self.print(listed?)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn wants(&self, container: &ObservedContainer, services: &[ServiceName]) -> bool {
        let state = container.status.state();
        let is_in_state = match self.status.is_empty() {
            false => self.status.iter().any(|wanted| wanted.word() == state),
            // docker shows what has a process or will have one again.
            true => {
                self.all
                    || matches!(
                        container.status,
                        Status::Running { .. } | Status::Paused { .. } | Status::Restarting { .. }
                    )
            }
        };
        is_in_state && is_of_any(container, services)
    }

    fn print(&self, containers: Vec<Listed>) -> Result<(), CommandError> {
        if self.format == ListFormat::Json {
            return output::print_json_lines(containers);
        }
        let header = ["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"];
        let mut table = Table::new(table::NARROW, header);
        for container in containers {
            table.row([
                container.name,
                container.image,
                container.command,
                container.service,
                container.running_for,
                container.status,
                container.ports,
            ]);
        }
        output::print(&table.render())
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
        }
    }
}
