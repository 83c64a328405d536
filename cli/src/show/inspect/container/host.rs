//! `HostConfig`: limits, policies and what is shared with the host.

use engine_spec::{ContainerSpec, IpcMode, MountSource, Namespace, NetworkMode, RestartPolicy};
use serde_json::{Map, Value, json};

/// The size of /dev/shm unless given.
const SHM_SIZE: u64 = 64 << 20;

/// What the host does for a container.
pub(super) fn describe(spec: &ContainerSpec) -> Value {
    let mut fields = Map::new();
    for part in [policies(spec), limits(spec)] {
        if let Value::Object(part) = part {
            fields.extend(part);
        }
    }
    Value::Object(fields)
}

/// How it is connected, kept and guarded.
fn policies(spec: &ContainerSpec) -> Value {
    let (policy, retries) = restart(spec.restart);
    json!({
        "Binds": binds(spec),
        "ContainerIDFile": "",
        "LogConfig": {
            "Type": spec.log.driver.as_deref().unwrap_or("json-file"),
            "Config": spec.log.options,
        },
        "NetworkMode": network_mode(spec),
        "PortBindings": port_bindings(spec),
        "RestartPolicy": { "Name": policy, "MaximumRetryCount": retries },
        "AutoRemove": spec.remove_on_exit,
        "VolumeDriver": "",
        "VolumesFrom": some(spec.volumes_from.iter().map(|other| other.container.to_string()).collect()),
        "CapAdd": some(spec.security.cap_add.clone()),
        "CapDrop": some(spec.security.cap_drop.clone()),
        "Dns": spec.dns,
        "DnsOptions": spec.dns_options,
        "DnsSearch": spec.dns_search,
        "GroupAdd": some(spec.process.group_add.clone()),
        "IpcMode": ipc(&spec.isolation.ipc),
        "Links": some(spec.links.iter().map(|link| format!("/{}:/{}/{}", link.container, spec.name, link.alias)).collect()),
        "PidMode": namespace(&spec.isolation.pid),
        "Privileged": spec.security.privileged,
        "PublishAllPorts": false,
        "ReadonlyRootfs": spec.security.read_only,
        "SecurityOpt": some(spec.security.options.clone()),
        "Sysctls": spec.security.sysctls,
        "UTSMode": namespace(&spec.isolation.uts),
        "Runtime": spec.runtime.as_deref().unwrap_or("lighter"),
        "Init": spec.init,
        "Tmpfs": tmpfs(spec),
    })
}

/// How much it may use.
fn limits(spec: &ContainerSpec) -> Value {
    let resources = &spec.resources;
    let (memory, cpu) = (&resources.memory, &resources.cpu);
    json!({
        "OomScoreAdj": resources.oom_score_adj.unwrap_or(0),
        "ShmSize": resources.shm_size.unwrap_or(SHM_SIZE),
        "CpuShares": cpu.shares.unwrap_or(0),
        "Memory": memory.limit.unwrap_or(0),
        "NanoCpus": cpu.nanos.unwrap_or(0),
        "CgroupParent": spec.isolation.cgroup_parent.as_deref().unwrap_or_default(),
        "CpuPeriod": cpu.period.unwrap_or(0),
        "CpuQuota": cpu.quota.unwrap_or(0),
        "CpuRealtimePeriod": cpu.realtime_period.unwrap_or(0),
        "CpuRealtimeRuntime": cpu.realtime_runtime.unwrap_or(0),
        "CpusetCpus": cpu.set.as_deref().unwrap_or_default(),
        "CpusetMems": cpu.memory_nodes.as_deref().unwrap_or_default(),
        "MemoryReservation": memory.reservation.unwrap_or(0),
        "MemorySwap": memory.swap.unwrap_or(0),
        "OomKillDisable": memory.oom_kill_disable,
        "PidsLimit": resources.pids_limit,
        "Ulimits": resources.ulimits.iter().map(|(name, limit)| json!({
            "Name": name, "Soft": limit.soft, "Hard": limit.hard,
        })).collect::<Vec<_>>(),
        "Devices": spec.devices.nodes.iter().map(|device| json!({
            "PathOnHost": device.source,
            "PathInContainer": device.target,
            "CgroupPermissions": device.permissions,
        })).collect::<Vec<_>>(),
    })
}

/// docker has null for a list that is empty.
fn some(list: Vec<String>) -> Option<Vec<String>> {
    if list.is_empty() { None } else { Some(list) }
}

fn restart(policy: RestartPolicy) -> (&'static str, u32) {
    match policy {
        RestartPolicy::No => ("no", 0),
        RestartPolicy::Always => ("always", 0),
        RestartPolicy::UnlessStopped => ("unless-stopped", 0),
        RestartPolicy::OnFailure { max_attempts } => ("on-failure", max_attempts.unwrap_or(0)),
    }
}

fn network_mode(spec: &ContainerSpec) -> String {
    match &spec.network {
        NetworkMode::None => "none".to_owned(),
        NetworkMode::Host => "host".to_owned(),
        NetworkMode::Container { name } => format!("container:{name}"),
        NetworkMode::Networks { endpoints } => {
            endpoints.first().map_or_else(|| "none".to_owned(), |endpoint| endpoint.network.to_string())
        }
    }
}

fn ipc(mode: &IpcMode) -> String {
    match mode {
        IpcMode::Private => "private".to_owned(),
        IpcMode::Shareable => "shareable".to_owned(),
        IpcMode::None => "none".to_owned(),
        IpcMode::Host => "host".to_owned(),
        IpcMode::Container { name } => format!("container:{name}"),
    }
}

fn namespace(mode: &Namespace) -> String {
    match mode {
        Namespace::Private => String::new(),
        Namespace::Host => "host".to_owned(),
        Namespace::Container { name } => format!("container:{name}"),
    }
}

/// `source:target[:ro]` of binds and named volumes.
fn binds(spec: &ContainerSpec) -> Option<Vec<String>> {
    let bind = |mount: &engine_spec::MountSpec| {
        let source = match &mount.source {
            MountSource::Bind { path, .. } => path.display().to_string(),
            MountSource::Volume { name: Some(name), .. } => name.to_string(),
            _ => return None,
        };
        let mode = if mount.read_only { ":ro" } else { "" };
        Some(format!("{source}:{}{mode}", mount.target.display()))
    };
    some(spec.mounts.iter().filter_map(bind).collect())
}

fn tmpfs(spec: &ContainerSpec) -> Value {
    let memory = spec.mounts.iter().filter(|mount| matches!(mount.source, MountSource::Tmpfs { .. }));
    memory.map(|mount| (mount.target.display().to_string(), json!(""))).collect::<Map<_, _>>().into()
}

fn port_bindings(spec: &ContainerSpec) -> Value {
    let mut bindings = Map::new();
    for port in &spec.ports {
        let published = port.published.map_or_else(String::new, |(first, last)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        });
        let host_ip = port.host_ip.map(|ip| ip.to_string()).unwrap_or_default();
        let target = format!("{}/{}", port.target, port.protocol);
        if let Value::Array(list) = bindings.entry(target).or_insert_with(|| json!([])) {
            list.push(json!({ "HostIp": host_ip, "HostPort": published }));
        }
    }
    Value::Object(bindings)
}
