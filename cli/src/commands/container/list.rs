//! `container ls`: lists containers.

use crate::error::CommandError;
use crate::format::{Columns, Format};
use crate::listing::Listing;
use crate::output;
use crate::session::Session;
use crate::table;
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
    /// Print as `json`, or each container through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

const COLUMNS: Columns = Columns {
    table: "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
    names: &[
        ("ID", "CONTAINER ID"),
        ("Image", "IMAGE"),
        ("Command", "COMMAND"),
        ("CreatedAt", "CREATED AT"),
        ("RunningFor", "CREATED"),
        ("Status", "STATUS"),
        ("Ports", "PORTS"),
        ("Names", "NAMES"),
    ],
    least_width: table::NARROW,
};

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
        } else {
            self.format.unwrap_or_default().print_rows(&COLUMNS, listed?)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
