//! Limits of processors, read from the control group.

use super::sleeping;
use scenarios::{Lighter, cgroup, require};
use std::fs;

#[track_caller]
fn check(attributes: &str, (v1, expected_v1): (&str, &str), (v2, expected_v2): (&str, &str)) {
    let lighter = Lighter::new();
    let project = sleeping(&lighter, attributes);
    let value = cgroup::value(project.container("web").pid, v1, v2);
    let expected = if cgroup::is_version_2() { expected_v2 } else { expected_v1 };
    assert_eq!(value.as_deref(), Some(expected), "{attributes}");
}

#[test]
fn cpus_are_a_quota_of_the_default_period() {
    require!(Root, Seeds);
    check("cpus: 0.5", ("cpu.cfs_quota_us", "50000"), ("cpu.max", "50000 100000"));
    check("cpus: '1.25'", ("cpu.cfs_quota_us", "125000"), ("cpu.max", "125000 100000"));
}

#[test]
fn cpu_quota_and_cpu_period_are_those_of_the_group() {
    require!(Root, Seeds);
    let attributes = "cpu_quota: 20000\ncpu_period: 40000";
    check(attributes, ("cpu.cfs_quota_us", "20000"), ("cpu.max", "20000 40000"));
    check(attributes, ("cpu.cfs_period_us", "40000"), ("cpu.max", "20000 40000"));
}

#[test]
fn cpu_shares_are_the_weight_of_the_group() {
    require!(Root, Seeds);
    check("cpu_shares: 512", ("cpu.shares", "512"), ("cpu.weight", "20"));
}

#[test]
fn cpuset_is_that_of_the_group_and_of_the_process() {
    require!(Root, Seeds);
    check("cpuset: '0'", ("cpuset.cpus", "0"), ("cpuset.cpus", "0"));
    let allowed = super::inside("cpuset: '0'", "awk '/^Cpus_allowed_list/ {print $2}' /proc/1/status");
    assert_eq!(allowed, "0\n");
}

#[test]
fn cpu_rt_runtime_and_cpu_rt_period_are_those_of_the_group() {
    require!(Root, Seeds);
    let attributes = "cpu_rt_runtime: 5000\ncpu_rt_period: 400ms";
    // Version 2 has no such setting, and the machine may be a container without a share to give away.
    let budget = fs::read_to_string("/sys/fs/cgroup/cpu/cpu.rt_runtime_us").unwrap_or_default();
    if cgroup::is_version_2() || matches!(budget.trim(), "" | "0") {
        let stderr = super::refused(attributes);
        assert!(stderr.contains("real-time") || stderr.contains("rt_runtime"), "{stderr}");
        return;
    }
    let lighter = Lighter::new();
    let project = sleeping(&lighter, attributes);
    let pid = project.container("web").pid;
    assert_eq!(cgroup::value(pid, "cpu.rt_runtime_us", "").as_deref(), Some("5000"));
    assert_eq!(cgroup::value(pid, "cpu.rt_period_us", "").as_deref(), Some("400000"));
}
