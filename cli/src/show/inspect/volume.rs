//! A volume as docker's `inspect` shows it.

use crate::show::clock;
use engine::state::Layout;
use engine::volume;
use engine_spec::ObservedVolume;
use serde_json::{Value, json};

/// What is known of a volume.
pub(super) fn describe(layout: &Layout, volume: &ObservedVolume) -> Value {
    let spec = &volume.spec;
    let some = |map: &std::collections::BTreeMap<String, String>| {
        if map.is_empty() { Value::Null } else { json!(map) }
    };
    json!({
        "CreatedAt": clock::rfc3339(volume.created_at),
        "Driver": if spec.driver.is_empty() { "local" } else { &spec.driver },
        "Labels": some(&spec.labels),
        "Mountpoint": volume::data(layout, &spec.name),
        "Name": spec.name,
        "Options": some(&spec.driver_opts),
        "Scope": "local",
    })
}
