//! `volume prune`: removes volumes that no container uses.

use crate::console::question::confirm;
use crate::error::CommandError;
use crate::filter::{Filter, Filters};
use crate::session::Session;
use crate::show::output;
use crate::show::size;
use crate::usage_on_disk::folder_bytes;
use clap::Args;
use engine::state::Layout;
use engine::volume;
use engine_spec::{Observed, VolumeName};
use std::process::ExitCode;

/// Options of `volume prune`.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Remove volumes with a name too
    #[arg(short, long)]
    all: bool,
    /// Only those that fit (`label=a`, `label!=a`)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

/// What was removed.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    /// Which.
    pub(crate) names: Vec<VolumeName>,
    /// How many bytes they had.
    pub(crate) bytes: u64,
}

impl Prune {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let filters = Filters::new(&self.filter, &["label", "label!", "all"])?;
        let which = if self.all { "all volumes" } else { "all volumes without a name" };
        confirm(self.force, &format!("This removes {which} that no container uses."))?;
        let (layout, observed) = session.look(None)?;
        let all = self.all || filters.values("all").any(|value| matches!(value, "1" | "true"));
        let pruned = prune_unused(&layout, &observed, filters, all)?;
        if !pruned.names.is_empty() {
            output::print_lines(["Deleted Volumes:"])?;
            output::print_lines(&pruned.names)?;
            output::print("\n")?;
        }
        output::print_lines([format!("Total reclaimed space: {}", size::human(pruned.bytes))])?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Removes the volumes that no container uses: anonymous ones, or all.
pub(crate) fn prune_unused(
    layout: &Layout,
    observed: &Observed,
    filters: Filters<'_>,
    all: bool,
) -> Result<Pruned, CommandError> {
    let is_used = |name: &VolumeName| {
        observed.containers.iter().any(|container| container.volumes.values().any(|used| used == name))
    };
    let mut pruned = Pruned::default();
    for found in &observed.volumes {
        let name = &found.spec.name;
        if (all || found.anonymous) && !is_used(name) && filters.allow_labels(&found.spec.labels) {
            let bytes = folder_bytes(&volume::data(layout, name));
            volume::remove(layout, name)?;
            pruned.names.push(name.clone());
            pruned.bytes += bytes;
        }
    }
    Ok(pruned)
}
