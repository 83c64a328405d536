//! Limits and devices.

use super::Resolved;
use engine_spec::{ContainerSpec, CpuLimits, DeviceKind, DeviceRule, MemoryLimits, Resources};
use oci_spec::runtime::{
    LinuxCpu, LinuxDevice, LinuxDeviceCgroup, LinuxDeviceType, LinuxMemory, LinuxPids, LinuxResources,
};

/// The processor period that a number of processors is translated with.
const PERIOD: u64 = 100_000;
const NANOS_PER_CPU: u64 = 1_000_000_000;

/// Nodes every container has (runc, specconv/spec_linux.go): path, major, minor.
const NODES: [(&str, i64, i64); 6] = [
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
];
const NODE_MODE: u32 = 0o666;

/// Terminals, besides the nodes above: any pts, ptmx and the console. Major and minor.
const TERMINALS: [(i64, Option<i64>); 3] = [(136, None), (5, Some(2)), (5, Some(1))];
const EVERYTHING: &str = "rwm";

pub(super) fn resources(spec: &ContainerSpec, resolved: &Resolved) -> LinuxResources {
    let mut resources = limits(&spec.resources);
    resources.set_devices(Some(device_rules(spec, resolved))).set_block_io(resolved.block_io.clone());
    resources
}

/// Limits and shares alone, which may change while a container runs.
pub(crate) fn limits(asked: &Resources) -> LinuxResources {
    let mut resources = LinuxResources::default();
    resources.set_memory(memory(&asked.memory)).set_cpu(cpu(&asked.cpu)).set_pids(asked.pids_limit.map(
        |limit| {
            let mut pids = LinuxPids::default();
            pids.set_limit(limit);
            pids
        },
    ));
    resources
}

fn memory(asked: &MemoryLimits) -> Option<LinuxMemory> {
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    let limit = bytes(asked.limit);
    // Docker's default: as much swap as memory.
    let swap = asked.swap.filter(|swap| *swap != 0).or(limit.map(|limit| limit.saturating_mul(2)));
    let mut memory = LinuxMemory::default();
    memory
        .set_limit(limit)
        .set_reservation(bytes(asked.reservation))
        .set_swap(swap)
        .set_swappiness(asked.swappiness)
        .set_disable_oom_killer(Some(true).filter(|_| asked.oom_kill_disable));
    Some(memory).filter(|memory| *memory != LinuxMemory::default())
}

fn cpu(asked: &CpuLimits) -> Option<LinuxCpu> {
    let quota = asked.nanos.map(|nanos| {
        let quota = u128::from(nanos) * u128::from(PERIOD) / u128::from(NANOS_PER_CPU);
        i64::try_from(quota).unwrap_or(i64::MAX)
    });
    let mut cpu = LinuxCpu::default();
    cpu.set_shares(asked.shares)
        .set_quota(quota.or(asked.quota))
        .set_period(if quota.is_some() { Some(PERIOD) } else { asked.period })
        .set_realtime_runtime(asked.realtime_runtime)
        .set_realtime_period(asked.realtime_period)
        .set_cpus(asked.set.clone())
        .set_mems(asked.memory_nodes.clone());
    Some(cpu).filter(|cpu| *cpu != LinuxCpu::default())
}

/// The nodes to make: the ones every container has, then the ones asked for.
pub(super) fn devices(resolved: &Resolved) -> Vec<LinuxDevice> {
    let nodes = NODES.iter().map(|(path, major, minor)| {
        let mut node = LinuxDevice::default();
        *node.path_mut() = path.into();
        *node.typ_mut() = LinuxDeviceType::C;
        *node.major_mut() = *major;
        *node.minor_mut() = *minor;
        *node.file_mode_mut() = Some(NODE_MODE);
        *node.uid_mut() = Some(0);
        *node.gid_mut() = Some(0);
        node
    });
    nodes.chain(resolved.all_devices().map(|device| device.node.clone())).collect()
}

/// Everything is denied first. Any node may be made (`m`), as it is of no use without a rule to open it.
fn device_rules(spec: &ContainerSpec, resolved: &Resolved) -> Vec<LinuxDeviceCgroup> {
    if spec.security.privileged {
        return vec![rule(true, LinuxDeviceType::A, None, None, EVERYTHING)];
    }
    let mut rules = vec![
        rule(false, LinuxDeviceType::A, None, None, EVERYTHING),
        rule(true, LinuxDeviceType::C, None, None, "m"),
        rule(true, LinuxDeviceType::B, None, None, "m"),
    ];
    let nodes = NODES.iter().map(|(_, major, minor)| (*major, Some(*minor)));
    let allowed = nodes.chain(TERMINALS);
    rules
        .extend(allowed.map(|(major, minor)| rule(true, LinuxDeviceType::C, Some(major), minor, EVERYTHING)));
    rules.extend(resolved.all_devices().map(|device| {
        let node = &device.node;
        rule(true, node.typ(), Some(node.major()), Some(node.minor()), &device.permissions)
    }));
    rules.extend(spec.devices.rules.iter().map(asked_rule));
    rules
}

/// A line of `device_cgroup_rules`.
fn asked_rule(asked: &DeviceRule) -> LinuxDeviceCgroup {
    let kind = match asked.kind {
        DeviceKind::All => LinuxDeviceType::A,
        DeviceKind::Block => LinuxDeviceType::B,
        DeviceKind::Character => LinuxDeviceType::C,
    };
    rule(true, kind, asked.major.map(i64::from), asked.minor.map(i64::from), &asked.access)
}

fn rule(
    allow: bool,
    kind: LinuxDeviceType,
    major: Option<i64>,
    minor: Option<i64>,
    access: &str,
) -> LinuxDeviceCgroup {
    let mut rule = LinuxDeviceCgroup::default();
    *rule.allow_mut() = allow;
    *rule.typ_mut() = Some(kind);
    *rule.major_mut() = major;
    *rule.minor_mut() = minor;
    *rule.access_mut() = Some(access.to_owned());
    rule
}
