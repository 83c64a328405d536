//! Limits of memory, processes and block devices, read from the control group.

use super::{compose, refused, sleeping};
use scenarios::{Lighter, Project, cgroup, require, wait_until};
use std::fs;

/// The value of a limit of a container with `attributes`; see [`cgroup::value`].
#[track_caller]
fn limit(attributes: &str, v1: &str, v2: &str) -> Option<String> {
    let lighter = Lighter::new();
    let project = sleeping(&lighter, attributes);
    cgroup::value(project.container("web").pid, v1, v2)
}

#[track_caller]
fn check(attributes: &str, (v1, expected_v1): (&str, &str), (v2, expected_v2): (&str, &str)) {
    let expected = if cgroup::is_version_2() { expected_v2 } else { expected_v1 };
    assert_eq!(limit(attributes, v1, v2).as_deref(), Some(expected), "{attributes}");
}

const LIMIT: &str = "memory.limit_in_bytes";
const MAX: &str = "memory.max";

#[test]
fn mem_limit_is_that_of_the_group() {
    require!(Root, Seeds);
    check("mem_limit: 64m", (LIMIT, "67108864"), (MAX, "67108864"));
}

#[test]
fn mem_limit_kills_who_needs_more() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let attributes = "command: [sh, -c, 'tail /dev/zero']\nmem_limit: 16m\nmemswap_limit: 16m";
    let project = Project::new(&lighter, &compose(attributes));
    project.up();
    wait_until("the kernel kills it", || project.container("web").state == "exited");
    assert_eq!(project.container("web").exit_code, 137);
    let oom = "{{.State.OOMKilled}} {{.State.ExitCode}}";
    let inspected =
        project.run(&["container", "inspect", "--format", oom, &format!("{}-web-1", project.name())]);
    assert_eq!(inspected.succeeds().stdout, "true 137\n");
    let listed = project.run(&["ps", "-a"]).succeeds().stdout;
    assert!(listed.contains("(out of memory)"), "{listed}");
    let logs = project.run(&["logs"]).succeeds();
    let reason = "web-1 was killed: out of memory, its limit is 16MiB\n";
    assert_eq!((logs.stdout.as_str(), logs.stderr.as_str()), ("", reason));
}

#[test]
fn mem_reservation_is_the_soft_limit() {
    require!(Root, Seeds);
    let soft = ("memory.soft_limit_in_bytes", "33554432");
    check("mem_limit: 64m\nmem_reservation: 32m", soft, ("memory.low", "33554432"));
}

#[test]
fn memswap_limit_counts_memory_and_swap() {
    require!(Root, Seeds);
    let attributes = "mem_limit: 64m\nmemswap_limit: 96m";
    check(attributes, ("memory.memsw.limit_in_bytes", "100663296"), ("memory.swap.max", "33554432"));
    // Docker's default: as much swap as memory.
    check("mem_limit: 64m", ("memory.memsw.limit_in_bytes", "134217728"), ("memory.swap.max", "67108864"));
}

#[test]
fn mem_swappiness_is_that_of_the_group() {
    require!(Root, Seeds);
    let swappiness = limit("mem_swappiness: 17", "memory.swappiness", "memory.swappiness");
    // Version 2 has no such setting; Docker passes over it there.
    assert_eq!(swappiness.as_deref(), (!cgroup::is_version_2()).then_some("17"));
    let stderr = refused("mem_swappiness: 101");
    assert!(stderr.contains("mem_swappiness") && stderr.contains("0 to 100"), "{stderr}");
}

#[test]
fn oom_kill_disable_lets_processes_wait() {
    require!(Root, Seeds);
    let attributes = "mem_limit: 64m\noom_kill_disable: true";
    let control = limit(attributes, "memory.oom_control", "memory.oom_control");
    let first = control.as_deref().and_then(|control| control.lines().next());
    // Version 2 has no such setting; Docker passes over it there.
    assert_eq!(first, (!cgroup::is_version_2()).then_some("oom_kill_disable 1"));
}

#[test]
fn pids_limit_is_that_of_the_group() {
    require!(Root, Seeds);
    check("pids_limit: 33", ("pids.max", "33"), ("pids.max", "33"));
    check("pids_limit: -1", ("pids.max", "max"), ("pids.max", "max"));
}

#[test]
fn pids_limit_refuses_one_process_too_many() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = sleeping(&lighter, "pids_limit: 4");
    let many = "sleep 9 & sleep 9 & sleep 9 & sleep 9 & sleep 9 & wait";
    let outcome = project.run(&["exec", "-T", "web", "sh", "-c", many]);
    assert_ne!(outcome.code, Some(0));
    assert!(outcome.stderr.contains("fork"), "{}", outcome.stderr);
}

#[test]
fn deploy_limits_and_reservations_are_those_of_the_group() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let attributes = "deploy:\n  resources:\n    limits: {cpus: '0.25', memory: 48M, pids: 44}\n    reservations: {memory: 24M}";
    let project = sleeping(&lighter, attributes);
    let pid = project.container("web").pid;
    let value = |v1, v2| cgroup::value(pid, v1, v2);
    assert_eq!(value(LIMIT, MAX).as_deref(), Some("50331648"));
    assert_eq!(value("memory.soft_limit_in_bytes", "memory.low").as_deref(), Some("25165824"));
    assert_eq!(value("pids.max", "pids.max").as_deref(), Some("44"));
    let quota = if cgroup::is_version_2() { "25000 100000" } else { "25000" };
    assert_eq!(value("cpu.cfs_quota_us", "cpu.max").as_deref(), Some(quota));
}

/// A block device of the host, and its numbers as the kernel writes them.
fn block_device() -> Option<(String, String)> {
    let disks = fs::read_dir("/sys/block").ok()?.flatten();
    let mut names: Vec<String> = disks.map(|disk| disk.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    // Real disks come last: their names are vda or sda, and the numbers of loop devices have no throttle group.
    let name = names.into_iter().rev().find(|name| fs::exists(format!("/dev/{name}")).unwrap_or(false))?;
    let numbers = fs::read_to_string(format!("/sys/block/{name}/dev")).ok()?;
    Some((format!("/dev/{name}"), numbers.trim().to_owned()))
}

#[test]
fn blkio_config_limits_rates_of_devices() {
    require!(Root, Seeds);
    let (path, numbers) = block_device().expect("the host has a disk");
    let lighter = Lighter::new();
    let attributes = format!(
        "blkio_config:\n  device_read_bps: [{{path: {path}, rate: 12mb}}]\n  device_write_bps: [{{path: {path}, rate: 1048576}}]\n  \
         device_read_iops: [{{path: {path}, rate: 120}}]\n  device_write_iops: [{{path: {path}, rate: 30}}]"
    );
    let project = sleeping(&lighter, &attributes);
    let pid = project.container("web").pid;
    if cgroup::is_version_2() {
        let all = cgroup::value(pid, "", "io.max").unwrap_or_default();
        assert_eq!(all, format!("{numbers} rbps=12582912 wbps=1048576 riops=120 wiops=30"));
        return;
    }
    for (kind, rate) in
        [("read_bps", 12_582_912), ("write_bps", 1_048_576), ("read_iops", 120), ("write_iops", 30)]
    {
        let value = cgroup::value(pid, &format!("blkio.throttle.{kind}_device"), "");
        assert_eq!(value, Some(format!("{numbers} {rate}")), "{kind}");
    }
}

#[test]
fn weight_of_a_device_is_set_or_it_is_said_that_nobody_weighs_it() {
    require!(Root, Seeds);
    let (path, numbers) = block_device().expect("the host has a disk");
    let lighter = Lighter::new();
    let attributes = format!("blkio_config: {{weight_device: [{{path: {path}, weight: 400}}]}}");
    let project = Project::new(&lighter, &compose(&format!("command: sleep 1000000\n{attributes}")));
    let outcome = project.run(&["up", "-d"]);
    if outcome.code != Some(0) {
        outcome.fails_with(1).says(&[&format!("cannot weigh the device {numbers}"), "choose bfq"]);
        return;
    }
    let pid = project.container("web").pid;
    // Each file has its own scale, and a kernel need not have any of them.
    let files =
        [("blkio.bfq.weight_device", "io.bfq.weight", 400), ("blkio.weight_device", "io.weight", 3940)];
    for (v1, v2, scaled) in files {
        let scaled = if cgroup::is_version_2() { scaled } else { 400 };
        let expected = format!("{numbers} {scaled}");
        let weights = cgroup::value(pid, v1, v2);
        assert!(weights.is_none_or(|weights| weights.lines().any(|line| line == expected)), "{expected}");
    }
}

#[test]
fn blkio_config_weighs_where_the_kernel_does() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = sleeping(&lighter, "blkio_config: {weight: 300}");
    let pid = project.container("web").pid;
    let weight = cgroup::value(pid, "blkio.bfq.weight", "io.bfq.weight");
    let weight = weight.or_else(|| cgroup::value(pid, "blkio.weight", "io.weight"));
    // A kernel without a scheduler that weighs has no file; Docker passes over the weight there.
    let weight = weight.map(|text| text.trim_start_matches("default ").to_owned());
    assert!(matches!(weight.as_deref(), None | Some("300" | "2930")), "{weight:?}");
    let stderr = refused("blkio_config: {weight: 5}");
    assert!(stderr.contains("from 10 to 1000"), "{stderr}");
    let stderr = refused("blkio_config:\n  device_read_bps: [{path: /dev/no-such-disk, rate: 1mb}]");
    assert!(stderr.contains("/dev/no-such-disk"), "{stderr}");
}
