//! A container in docker's list.

use crate::show::format::{Columns, Row};
use crate::show::listing;
use crate::show::size;
use crate::show::table;
use engine_spec::{Labels, MountSource, NetworkMode, ObservedContainer};
use serde::Serialize;

/// The longest name of a mount that a table shows.
const MOUNT_WIDTH: usize = 15;

const NAMES: &[(&str, &str)] = &[
    ("ID", "CONTAINER ID"),
    ("Image", "IMAGE"),
    ("Command", "COMMAND"),
    ("CreatedAt", "CREATED AT"),
    ("RunningFor", "CREATED"),
    ("Status", "STATUS"),
    ("State", "STATE"),
    ("Ports", "PORTS"),
    ("Names", "NAMES"),
    ("Labels", "LABELS"),
    ("LocalVolumes", "LOCAL VOLUMES"),
    ("Mounts", "MOUNTS"),
    ("Networks", "NETWORKS"),
    ("Size", "SIZE"),
];

/// What is shown unless told otherwise.
pub(super) const COLUMNS: Columns = Columns {
    table: "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
    names: NAMES,
    least_width: table::NARROW,
};

/// The same with `--size`.
pub(super) const SIZED_COLUMNS: Columns = Columns {
    table: "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}\t{{.Size}}",
    ..COLUMNS
};

/// A container with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    command: String,
    created_at: String,
    #[serde(rename = "ID")]
    id: String,
    image: String,
    labels: String,
    local_volumes: String,
    mounts: String,
    names: String,
    networks: String,
    ports: String,
    running_for: String,
    size: String,
    state: &'static str,
    status: String,
    #[serde(skip)]
    label_values: Labels,
}

impl Row for Listed {
    fn labels(&self) -> Option<&Labels> {
        Some(&self.label_values)
    }
}

impl Listed {
    /// A container as every list has it, and what only docker's has. `written` are its own bytes, where
    /// they are asked for.
    pub(super) fn new(
        container: &ObservedContainer,
        listed: listing::Listed,
        written: Option<u64>,
        image: u64,
        is_full: bool,
    ) -> Self {
        Self {
            command: listed.command,
            created_at: listed.created_at,
            id: listed.id,
            image: listed.image,
            labels: listed.labels,
            local_volumes: listed.local_volumes,
            mounts: mounts(container, is_full),
            names: listed.names,
            networks: networks(container),
            ports: listed.ports,
            running_for: listed.running_for,
            size: written.map_or_else(
                || "0B".to_owned(),
                |bytes| format!("{} (virtual {})", size::human(bytes), size::human(bytes + image)),
            ),
            state: listed.state,
            status: listed.status,
            label_values: container.spec.labels.clone(),
        }
    }
}

fn networks(container: &ObservedContainer) -> String {
    match &container.spec.network {
        NetworkMode::None => "none".to_owned(),
        NetworkMode::Host => "host".to_owned(),
        NetworkMode::Container { .. } => String::new(),
        NetworkMode::Networks { endpoints } => {
            endpoints.iter().map(|endpoint| endpoint.network.as_str()).collect::<Vec<_>>().join(",")
        }
    }
}

/// The names of volumes and the paths of binds.
fn mounts(container: &ObservedContainer, is_full: bool) -> String {
    let binds = container.spec.mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::Bind { path, .. } => Some(path.display().to_string()),
        _ => None,
    });
    let names = container.volumes.values().map(ToString::to_string).chain(binds);
    let shown = names.map(|name| if is_full { name } else { cut(&name) });
    shown.collect::<Vec<_>>().join(",")
}

fn cut(name: &str) -> String {
    if name.chars().count() <= MOUNT_WIDTH {
        return name.to_owned();
    }
    name.chars().take(MOUNT_WIDTH - 1).chain(['…']).collect()
}
