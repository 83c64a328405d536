//! `system prune`: removes what is not used.

use crate::commands::OperationError;
use crate::commands::volume::prune_unused;
use crate::console::question::confirm;
use crate::error::CommandError;
use crate::filter::{Filter, Filters};
use crate::session::Session;
use crate::show::clock;
use crate::show::output;
use crate::show::size;
use clap::Args;
use engine::build::prune_stock;
use engine::container;
use engine::image::Store;
use engine::network::{self, NetworkError};
use engine::state::{Layout, observe};
use engine_spec::{NetworkMode, Observed};
use std::process::ExitCode;
use std::time::SystemTime;

/// Options of `system prune`.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Remove every image that no container uses, not only those without a name
    #[arg(short, long)]
    all: bool,
    /// Remove anonymous volumes that no container uses too
    #[arg(long)]
    volumes: bool,
    /// Only what fits (`label=a`, `label!=a`, `until=24h`)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let filters = Filters::new(&self.filter, &["label", "label!", "until"])?;
        let now = SystemTime::now();
        let until = clock::parse_option(filters.values("until").last(), now)?;
        let is_old = |time: SystemTime| until.is_none_or(|until| time <= until);
        confirm(self.force, &self.warning())?;
        let (layout, _) = session.look(None)?;
        let containers = container::prune(&layout, |container| {
            is_old(container.created_at) && filters.allow_labels(&container.spec.labels)
        });
        let containers = containers.map_err(OperationError::from)?;
        tell("Deleted Containers:", &containers.containers)?;
        let observed = observe(&layout, None)?;
        let mut bytes = containers.reclaimed;
        if self.volumes {
            let pruned = prune_unused(&layout, &observed, filters, false)?;
            tell("Deleted Volumes:", &pruned.names)?;
            bytes += pruned.bytes;
        }
        tell("Deleted Networks:", &networks(&layout, &observed, filters, is_old)?)?;
        let (images, freed) = self.images(&layout, &observed, filters, is_old)?;
        tell("Deleted Images:", &images)?;
        let cache = prune_stock(&layout, |item| !item.is_in_use && is_old(item.last_used))?;
        tell("Deleted build cache objects:", &cache.ids)?;
        bytes += cache.bytes;
        output::print_lines([format!("Total reclaimed space: {}", size::human(bytes + freed))])?;
        Ok(ExitCode::SUCCESS)
    }

    fn warning(&self) -> String {
        let volumes = if self.volumes { ", anonymous volumes" } else { "" };
        let images = if self.all { "images that no container uses" } else { "images without a name" };
        format!("This removes ended containers, unused networks{volumes}, {images} and unused build cache.")
    }

    /// Those that no container uses: all, or those without a name.
    fn images(
        &self,
        layout: &Layout,
        observed: &Observed,
        filters: Filters<'_>,
        is_old: impl Fn(SystemTime) -> bool,
    ) -> Result<(Vec<String>, u64), CommandError> {
        let store = Store::open(layout);
        let mut gone = (Vec::new(), 0);
        for (image, names) in store.list()? {
            let is_used = observed.containers.iter().any(|container| container.spec.image_id == image.id);
            let created = image.created.as_deref().and_then(|text| clock::parse(text, SystemTime::now()));
            let fits = created.is_none_or(&is_old) && filters.allow_labels(&image.config.labels);
            if is_used || !fits || !(self.all || names.is_empty()) {
                continue;
            }
            let removed = store.remove_image(&image.id, true)?;
            gone.0.extend(removed.untagged.iter().map(|name| format!("untagged: {name}")));
            gone.0.extend(removed.deleted.iter().map(|id| format!("deleted: {id}")));
            gone.1 += image.size;
        }
        Ok(gone)
    }
}

/// Networks that no container is or will be in.
fn networks(
    layout: &Layout,
    observed: &Observed,
    filters: Filters<'_>,
    is_old: impl Fn(SystemTime) -> bool,
) -> Result<Vec<String>, CommandError> {
    let is_used = |name: &str| {
        observed.containers.iter().any(|container| match &container.spec.network {
            NetworkMode::Networks { endpoints } => {
                endpoints.iter().any(|endpoint| endpoint.network.as_str() == name)
            }
            NetworkMode::None | NetworkMode::Host | NetworkMode::Container { .. } => false,
        })
    };
    let mut removed = Vec::new();
    for found in &observed.networks {
        let name = &found.spec.name;
        if is_used(name.as_str()) || !is_old(found.created_at) || !filters.allow_labels(&found.spec.labels) {
            continue;
        }
        match network::remove(layout, name) {
            Ok(()) => removed.push(name.to_string()),
            // A build step is in it just now.
            Err(NetworkError::InUse { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(removed)
}

fn tell<T: std::fmt::Display>(headline: &str, items: &[T]) -> Result<(), CommandError> {
    if items.is_empty() {
        return Ok(());
    }
    output::print_lines([headline])?;
    output::print_lines(items)?;
    output::print("\n")
}
