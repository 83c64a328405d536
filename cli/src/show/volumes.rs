//! Volumes as lists show them: `volumes`, `volume ls`.

use crate::show::format::{Columns, Row};
use crate::show::table;
use engine::state::Layout;
use engine::volume;
use engine_spec::{Labels, ObservedVolume};
use serde::Serialize;

/// What lists of volumes can show.
pub(crate) const COLUMNS: Columns = Columns {
    table: "{{.Driver}}\t{{.Name}}",
    names: &[
        ("Availability", "AVAILABILITY"),
        ("Driver", "DRIVER"),
        ("Group", "GROUP"),
        ("Labels", "LABELS"),
        ("Links", "LINKS"),
        ("Mountpoint", "MOUNTPOINT"),
        ("Name", "VOLUME NAME"),
        ("Scope", "SCOPE"),
        ("Size", "SIZE"),
        ("Status", "STATUS"),
    ],
    least_width: table::NARROW,
};

/// What docker says of a volume's place in a cluster, and of its size where nobody measured it.
const UNKNOWN: &str = "N/A";

/// A volume with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListedVolume {
    availability: &'static str,
    driver: String,
    group: &'static str,
    labels: String,
    links: &'static str,
    mountpoint: String,
    name: String,
    scope: &'static str,
    size: &'static str,
    status: &'static str,
    #[serde(skip)]
    label_values: Labels,
}

impl ListedVolume {
    /// What is known of a volume.
    pub(crate) fn new(layout: &Layout, volume: &ObservedVolume) -> Self {
        let spec = &volume.spec;
        let labels: Vec<_> = spec.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Self {
            availability: UNKNOWN,
            driver: spec.driver.clone(),
            group: UNKNOWN,
            labels: labels.join(","),
            links: UNKNOWN,
            mountpoint: volume::data(layout, &spec.name).display().to_string(),
            name: spec.name.to_string(),
            scope: "local",
            size: UNKNOWN,
            status: UNKNOWN,
            label_values: spec.labels.clone(),
        }
    }
}

impl Row for ListedVolume {
    fn labels(&self) -> Option<&Labels> {
        Some(&self.label_values)
    }
}
