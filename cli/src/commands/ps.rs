//! `ps`: lists the containers of the project.

use crate::error::CommandError;
use crate::habits::Habit;
use crate::session::{Session, is_of_any};
use crate::show::format::{Columns, Format};
use crate::show::listing::Listing;
use crate::show::output;
use crate::show::table;
use clap::{ArgAction, Args};
use engine::image::Store;
use engine_spec::{ObservedContainer, Status, compose_label};
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::str::FromStr;

/// Options of `ps`.
#[derive(Debug, Args)]
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
    /// Only containers in this state (paused, restarting, removing, running, dead, created, exited)
    #[arg(long, value_name = "STATE")]
    status: Vec<String>,
    /// The same as `status=STATE`
    #[arg(long, value_name = "status=STATE")]
    filter: Vec<StatusFilter>,
    /// Show containers of services that are not in the file too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = ArgAction::Set)]
    orphans: bool,
    /// Print in full what a table cuts short
    #[arg(long)]
    no_trunc: bool,
    /// Print as `json`, or each container through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// `status=running`.
#[derive(Debug, Clone)]
struct StatusFilter(String);

/// A filter that is none.
#[derive(Debug, thiserror::Error)]
enum FilterError {
    #[error("expected KEY=VALUE")]
    Form,
    #[error("unknown filter {0}; there is only `status`")]
    Key(String),
}

impl FromStr for StatusFilter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        match text.split_once('=') {
            Some(("status", state)) => Ok(Self(state.to_owned())),
            Some((key, _)) => Err(FilterError::Key(key.to_owned())),
            None => Err(FilterError::Form),
        }
    }
}

const COLUMNS: Columns = Columns {
    table: "{{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}",
    names: &[
        ("ID", "CONTAINER ID"),
        ("Name", "NAME"),
        ("Names", "NAMES"),
        ("Image", "IMAGE"),
        ("Command", "COMMAND"),
        ("Service", "SERVICE"),
        ("Project", "PROJECT"),
        ("CreatedAt", "CREATED AT"),
        ("RunningFor", "CREATED"),
        ("State", "STATE"),
        ("Status", "STATUS"),
        ("Health", "HEALTH"),
        ("ExitCode", "EXIT CODE"),
        ("Ports", "PORTS"),
        ("Publishers", "PUBLISHERS"),
        ("Labels", "LABELS"),
        ("LocalVolumes", "LOCAL VOLUMES"),
        ("Mounts", "MOUNTS"),
        ("Networks", "NETWORKS"),
    ],
    least_width: table::NARROW,
};

impl Ps {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let chosen = observed.containers.iter().filter(|container| {
            self.is_in_state(container)
                && is_of_any(container, &services)
                && (self.orphans || scope.knows(container))
        });
        if self.only_services {
            let names: BTreeSet<_> =
                chosen.filter_map(|container| container.label(compose_label::SERVICE)).collect();
            output::print_lines(names)?;
        } else if self.quiet {
            output::print_lines(chosen.map(|container| &container.id))?;
        } else {
            let mut listing = Listing::new(Store::open(&layout), self.no_trunc);
            let listed: Result<Vec<_>, _> = chosen.map(|container| listing.list(container)).collect();
            session.format(self.format, Habit::Containers).print_rows(&COLUMNS, listed?)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn is_in_state(&self, container: &ObservedContainer) -> bool {
        let mut wanted = self.status.iter().chain(self.filter.iter().map(|StatusFilter(state)| state));
        if !self.status.is_empty() || !self.filter.is_empty() {
            return wanted.any(|state| state == container.status.state());
        }
        // docker shows what has a process or will have one again.
        self.all
            || matches!(
                container.status,
                Status::Running { .. } | Status::Paused { .. } | Status::Restarting { .. }
            )
    }
}
