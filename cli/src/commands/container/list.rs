//! `container ls`: lists containers.

use crate::args::ListFormat;
use crate::error::CommandError;
use crate::listing::Listing;
use crate::output;
use crate::session::Session;
use crate::table::{self, Table};
use clap::Args;
use engine::image::Store;
use std::process::ExitCode;

/// Options of `container ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Show stopped containers too
    #[arg(short, long)]
    all: bool,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Print in full what a table cuts short
    #[arg(long)]
    no_trunc: bool,
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}

impl List {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, observed) = session.look(None)?;
        let mut containers = observed.containers;
        containers.retain(|container| self.all || container.status.is_running());
        // Newest first, as docker.
        containers.sort_by_key(|container| std::cmp::Reverse(container.created_at));
        let mut listing = Listing::new(Store::open(&layout), self.no_trunc);
        let listed: Result<Vec<_>, _> = containers.iter().map(|container| listing.list(container)).collect();
        if self.quiet {
            output::print_lines(listed?.iter().map(|container| &container.id))?;
        } else if self.format == ListFormat::Json {
            output::print_json_lines(listed?)?;
        } else {
            let header = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"];
            let mut table = Table::new(table::NARROW, header);
            for one in listed? {
                table.row([
                    one.id,
                    one.image,
                    one.command,
                    one.running_for,
                    one.status,
                    one.ports,
                    one.names,
                ]);
            }
            output::print(&table.render())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
