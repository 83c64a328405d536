//! Our own launcher against `runc`, given the same service: the process inside must see the same.

use scenarios::{Lighter, Project, require};
use std::collections::BTreeSet;

const COMPOSE: &str = "
x-service: &service
  image: busybox
  command: sleep 1000000
  volumes: ['./shared:/shared:ro', 'data:/data']
  tmpfs: /scratch
  mem_limit: 64m
  pids_limit: 50
  ulimits: {nofile: 1000}
services:
  own: *service
  runc:
    <<: *service
    runtime: runc
volumes:
  data:
";

/// Runs `script` in the container of each runtime, and compares what `view` makes of the output.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(script: &str, view: impl Fn(&str) -> T) {
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.write("shared/file", "");
    project.up();
    let seen = |service: &str| view(&project.shell(service, script));
    assert_eq!(seen("own"), seen("runc"));
}

#[test]
fn rights_are_the_same() {
    require!(Root, Seeds, Runc);
    let fields = ["Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp:", "Umask"];
    check("cat /proc/1/status", |status| {
        let lines = status.lines().filter(|line| fields.iter().any(|field| line.starts_with(field)));
        lines.map(str::to_owned).collect::<Vec<_>>()
    });
}

#[test]
fn mounts_are_the_same() {
    require!(Root, Seeds, Runc);
    check("cat /proc/1/mountinfo", |mounts| mounts.lines().map(mount).collect::<BTreeSet<_>>());
}

#[test]
fn limits_are_the_same() {
    require!(Root, Seeds, Runc);
    check("cat /proc/1/limits", str::to_owned);
}

#[test]
fn namespaces_are_separate_in_the_same_way() {
    require!(Root, Seeds, Runc);
    // Inside, an own namespace shows only as a number; outside, as one that differs from the host's.
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.write("shared/file", "");
    project.up();
    let separate = |service: &str| {
        let pid = project.container(service).pid;
        let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];
        let link = |pid: &str, kind| std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok();
        kinds.map(|kind| (kind, link(&pid.to_string(), kind) != link("self", kind)))
    };
    assert_eq!(separate("own"), separate("runc"));
}

#[test]
fn devices_and_control_groups_are_the_same() {
    require!(Root, Seeds, Runc);
    let script = "ls -l /dev | awk '{print $1, $3, $4, $NF}'; \
                  cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max \
                  /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max \
                  /sys/fs/cgroup/devices/devices.list 2> /dev/null | sort; true";
    check(script, |text| text.lines().map(str::to_owned).collect::<Vec<_>>());
}

/// Mount point, options and type: what does not differ from one container to the next (proc(5)).
fn mount(line: &str) -> (String, String, String) {
    let (fields, kind) = line.split_once(" - ").expect("a line of mountinfo");
    let field = |number: usize| fields.split(' ').nth(number).unwrap_or_default().to_owned();
    (field(4), field(5), kind.split(' ').next().unwrap_or_default().to_owned())
}
