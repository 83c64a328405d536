//! Kernel settings: only those of the container's own namespaces.

use super::SpecError;
use engine_spec::{ContainerSpec, IpcMode, Namespace, NetworkMode};
use std::collections::HashMap;

/// Settings of the IPC namespace (runc, validate.go).
const IPC: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];
/// What Docker sets in every network of a container's own, so that no privilege is needed for low
/// ports and for ping.
const DEFAULTS: [(&str, &str); 2] =
    [("net.ipv4.ip_unprivileged_port_start", "0"), ("net.ipv4.ping_group_range", "0 2147483647")];

pub(super) fn sysctls(spec: &ContainerSpec) -> Result<HashMap<String, String>, SpecError> {
    let asked = &spec.security.sysctls;
    if let Some((key, value)) = asked.iter().find(|(key, _)| !is_private(key, spec)) {
        return Err(SpecError::SharedSysctl { key: key.clone(), value: value.clone() });
    }
    let has_network = matches!(spec.network, NetworkMode::None | NetworkMode::Networks { .. });
    let defaults = DEFAULTS.iter().filter(|_| has_network).map(|(key, value)| (*key, *value));
    let asked = asked.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Ok(defaults.chain(asked).map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

fn is_private(key: &str, spec: &ContainerSpec) -> bool {
    let is_ipc = IPC.contains(&key) || key.starts_with("fs.mqueue.");
    match key {
        _ if is_ipc => spec.isolation.ipc != IpcMode::Host,
        "kernel.domainname" => spec.isolation.uts != Namespace::Host,
        // A part of the key becomes a part of a path.
        key => key.starts_with("net.") && !key.contains('/') && spec.network != NetworkMode::Host,
    }
}
