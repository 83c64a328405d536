//! Which attributes of a container changed, by name. Values are never named: they may be secrets.

use engine_spec::{ContainerSpec, compose_label};
use serde_json::Value;

/// Parts of a spec with the Compose attribute they come from, where the words differ.
const ATTRIBUTES: [(&str, &str); 22] = [
    ("process.", ""),
    ("resources.memory_reservation", "mem_reservation"),
    ("resources.memory_swap", "memswap_limit"),
    ("resources.memory", "mem_limit"),
    ("resources.nano_cpus", "cpus"),
    ("resources.", ""),
    ("security.options", "security_opt"),
    ("security.", ""),
    ("isolation.", ""),
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
    ("image_id", "image"),
    ("healthcheck.test.type", "healthcheck.test"),
    ("healthcheck.test.command", "healthcheck.test"),
];

/// Labels that say which file or version a container is from, not what it is.
const BOOKKEEPING: [&str; 9] = [
    compose_label::VERSION,
    compose_label::CONFIG_HASH,
    compose_label::CONTAINER_NUMBER,
    compose_label::IMAGE,
    compose_label::DEPENDS_ON,
    compose_label::REPLACE,
    compose_label::WORKING_DIR,
    compose_label::CONFIG_FILES,
    compose_label::ENVIRONMENT_FILE,
];

/// The attributes in which two specs of one container differ, sorted.
pub(super) fn changed_keys(old: &ContainerSpec, new: &ContainerSpec) -> Vec<String> {
    let mut keys = Vec::new();
    compare("", &json(old), &json(new), &mut keys);
    let mut keys: Vec<String> =
        keys.iter().filter(|key| is_definition(key)).map(|key| attribute(key)).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// A spec as a tree of what can differ; its mounts by their place, each as a whole.
fn json(spec: &ContainerSpec) -> Value {
    let mut value = serde_json::to_value(spec).expect("a spec has string keys only");
    if let Some(Value::Array(mounts)) = value.get_mut("mounts").map(Value::take) {
        let places = spec.mounts.iter().map(|mount| mount.target.to_string_lossy().into_owned());
        value["mounts"] = places.zip(mounts.iter().map(|mount| Value::String(mount.to_string()))).collect();
    }
    value
}

fn is_definition(key: &str) -> bool {
    key != "name" && !key.strip_prefix("labels.").is_some_and(|label| BOOKKEEPING.contains(&label))
}

fn compare(path: &str, old: &Value, new: &Value, keys: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let missing = Value::Null;
            let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
            for name in names {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&inner, old.get(name).unwrap_or(&missing), new.get(name).unwrap_or(&missing), keys);
            }
        }
        _ if old != new => keys.push(path.to_owned()),
        _ => {}
    }
}

/// The Compose attribute that a part of a spec comes from.
fn attribute(key: &str) -> String {
    let renamed =
        ATTRIBUTES.iter().find_map(|(from, to)| key.strip_prefix(from).map(|rest| format!("{to}{rest}")));
    renamed.unwrap_or_else(|| key.to_owned())
}
