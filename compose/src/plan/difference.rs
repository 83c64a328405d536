//! Which attributes differ between what is there and what shall be.
//!
//! Both are flattened to texts by attribute, named as in the Compose file, and compared.

use super::change::Change;
use crate::model::Places;
use engine_spec::{
    ContainerSpec, MountSource, MountSpec, NetworkMode, NetworkSpec, PortSpec, VolumeSpec, compose_label,
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Parts of a spec with the Compose attribute they come from, where the words differ.
const ATTRIBUTES: [(&str, &str); 32] = [
    ("process.", ""),
    ("resources.memory.swappiness", "mem_swappiness"),
    ("resources.memory.swap", "memswap_limit"),
    ("resources.memory.oom", "oom"),
    ("resources.memory.", "mem_"),
    ("resources.cpu.nanos", "cpus"),
    ("resources.cpu.set", "cpuset"),
    ("resources.cpu.realtime", "cpu_rt"),
    ("resources.cpu.", "cpu_"),
    ("resources.block_io", "blkio_config"),
    ("resources.storage_size", "storage_opt.size"),
    ("resources.", ""),
    ("devices.rules", "device_cgroup_rules"),
    ("devices.requests", "gpus"),
    ("devices.nodes", "devices"),
    ("devices.cdi", "devices"),
    ("security.options", "security_opt"),
    ("security.", ""),
    ("isolation.", ""),
    ("hooks.", ""),
    ("stop.signal", "stop_signal"),
    ("stop.grace_period", "stop_grace_period"),
    ("network.endpoints", "networks"),
    ("network.mode", "network_mode"),
    ("network.name", "network_mode"),
    ("dns_options", "dns_opt"),
    ("mounts", "volumes"),
    ("log.", "logging."),
    ("restart.policy", "restart"),
    ("restart.max_attempts", "restart"),
    ("healthcheck.test.type", "healthcheck.test"),
    ("healthcheck.test.command", "healthcheck.test"),
];

/// Attributes with another one that the file may say them by.
const OTHER_PLACES: [(&str, &str); 7] = [
    ("mem_limit", "deploy.resources.limits.memory"),
    ("mem_reservation", "deploy.resources.reservations.memory"),
    ("cpus", "deploy.resources.limits.cpus"),
    ("pids_limit", "deploy.resources.limits.pids"),
    ("restart", "deploy.restart_policy"),
    ("environment.", "env_file"),
    ("image", "build"),
];

/// Labels that say which file or version something is from, not what it is.
const BOOKKEEPING: [&str; 12] = [
    compose_label::VERSION,
    compose_label::CONFIG_HASH,
    compose_label::CONTENTS_HASH,
    compose_label::CONTAINER_NUMBER,
    compose_label::IMAGE,
    compose_label::DEPENDS_ON,
    compose_label::REPLACE,
    compose_label::WORKING_DIR,
    compose_label::CONFIG_FILES,
    compose_label::ENVIRONMENT_FILE,
    compose_label::NETWORK,
    compose_label::VOLUME,
];

/// The attributes in which two specs of one container differ, sorted. `path` is its service's.
pub(super) fn container_changes(
    old: &ContainerSpec,
    new: &ContainerSpec,
    places: &Places,
    path: &str,
) -> Vec<Change> {
    compare(container_view(old), container_view(new), places, path)
}

/// The attributes in which a network differs from its definition. Pools that the engine chose do not count.
pub(super) fn network_changes(
    old: &NetworkSpec,
    new: &NetworkSpec,
    places: &Places,
    path: &str,
) -> Vec<Change> {
    let (mut old, new) = (view(old), view(new));
    if !new.contains_key("pools") {
        old.remove("pools");
    }
    compare(old, new, places, path)
}

/// The attributes in which a volume differs from its definition.
pub(super) fn volume_changes(old: &VolumeSpec, new: &VolumeSpec, places: &Places, path: &str) -> Vec<Change> {
    compare(view(old), view(new), places, path)
}

/// Texts by attribute.
type View = BTreeMap<String, String>;

fn compare(old: View, new: View, places: &Places, path: &str) -> Vec<Change> {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let is_changed = |key: &&&String| old.get(**key) != new.get(**key);
    let change = |key: &String| Change {
        key: key.clone(),
        old: old.get(key).cloned(),
        new: new.get(key).cloned(),
        place: locate(places, path, key).cloned(),
    };
    keys.iter().filter(is_changed).map(|key| change(key)).collect()
}

/// Where an attribute stands, under this name or another; else where its service does.
fn locate<'a>(places: &'a Places, path: &str, key: &str) -> Option<&'a crate::model::Location> {
    let exact = places.exact(&format!("{path}.{key}"));
    let other = || {
        let mut others = OTHER_PLACES.iter().filter(|(name, _)| key.starts_with(name));
        others.find_map(|(_, other)| places.exact(&format!("{path}.{other}")))
    };
    exact.or_else(other).or_else(|| places.nearest(&format!("{path}.{key}")))
}

/// A container by Compose attributes; mounts and networks by their place, the image once.
fn container_view(spec: &ContainerSpec) -> View {
    let mut value = json(spec);
    value["mounts"] = spec
        .mounts
        .iter()
        .map(|mount| (mount.target.to_string_lossy().into_owned(), mount_text(mount)))
        .collect();
    value["ports"] = spec.ports.iter().map(|port| Value::String(port_text(port))).collect();
    if let NetworkMode::Networks { endpoints } = &spec.network {
        value["network"]["endpoints"] = endpoints
            .iter()
            .map(|endpoint| {
                let mut place = json(endpoint);
                place["network"] = Value::Null;
                if endpoint.gateway_priority == 0 {
                    place["gateway_priority"] = Value::Null;
                }
                (endpoint.network.to_string(), place)
            })
            .collect();
    }
    let mut view = View::new();
    flatten("", &value, &mut view);
    view.remove("name");
    view.remove("image_id");
    view.remove("standby");
    view.remove("image_as_written");
    view
}

fn view(spec: &impl Serialize) -> View {
    let mut view = View::new();
    flatten("", &json(spec), &mut view);
    view.remove("name");
    view
}

fn json(spec: &impl Serialize) -> Value {
    serde_json::to_value(spec).expect("a spec has string keys only")
}

/// `[address:][first-last->]target/protocol`
fn port_text(port: &PortSpec) -> String {
    let address = port.host_ip.map(|address| format!("{address}:")).unwrap_or_default();
    let published = match port.published {
        None => String::new(),
        Some((first, last)) if first == last => format!("{first}->"),
        Some((first, last)) => format!("{first}-{last}->"),
    };
    format!("{address}{published}{}/{}", port.target, port.protocol)
}

/// What is mounted, in a line. Contents are told apart, not told.
fn mount_text(mount: &MountSpec) -> Value {
    let mut text = match &mount.source {
        MountSource::Content { bytes, mode, uid, gid } => {
            let digest = Sha256::digest(bytes);
            let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            format!("{} bytes, sha256 {digest}, mode {mode:03o}, owner {uid}:{gid}", bytes.len())
        }
        source @ (MountSource::Bind { .. }
        | MountSource::Volume { .. }
        | MountSource::Tmpfs { .. }
        | MountSource::Image { .. }) => {
            let mut view = View::new();
            flatten("", &json(source), &mut view);
            view.retain(|_, value| value != "false");
            let parts: Vec<_> = view
                .iter()
                .map(|(key, value)| format!("{}={value}", key.trim_start_matches("options.")))
                .collect();
            parts.join(",")
        }
    };
    if mount.read_only {
        text.push_str(",read_only");
    }
    Value::String(text)
}

/// Adds what is set in a value under its Compose name.
fn flatten(path: &str, value: &Value, view: &mut View) {
    let text = match value {
        Value::Null => return,
        Value::Array(items) if items.is_empty() => return,
        Value::Object(map) => match duration(map) {
            Some(text) => text,
            None => {
                for (key, value) in map {
                    let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    flatten(&inner, value, view);
                }
                return;
            }
        },
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    };
    if path.strip_prefix("labels.").is_some_and(|label| BOOKKEEPING.contains(&label)) {
        return;
    }
    let key = attribute(path);
    match view.get_mut(&key) {
        Some(known) => *known = format!("{known} {text}"),
        None => drop(view.insert(key, text)),
    }
}

/// A duration as serde writes it.
fn duration(map: &serde_json::Map<String, Value>) -> Option<String> {
    let [seconds, nanos] = ["secs", "nanos"].map(|key| map.get(key).and_then(Value::as_u64));
    (map.len() == 2).then_some(())?;
    let duration = std::time::Duration::new(seconds?, u32::try_from(nanos?).ok()?);
    Some(format!("{duration:?}"))
}

/// The Compose attribute that a part of a spec comes from.
fn attribute(key: &str) -> String {
    let renamed =
        ATTRIBUTES.iter().find_map(|(from, to)| key.strip_prefix(from).map(|rest| format!("{to}{rest}")));
    renamed.unwrap_or_else(|| key.to_owned())
}
