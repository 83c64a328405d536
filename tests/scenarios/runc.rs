//! Our own launcher against `runc`, given the same service: the process inside must see the same.

use scenarios::{Lighter, Project, require};
use std::collections::{BTreeMap, BTreeSet};

const RESTRICTIONS: [&str; 4] = ["ro", "nosuid", "nodev", "noexec"];

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

/// What `script` prints in the container of each runtime: ours, then runc's.
#[track_caller]
fn seen_by_both(script: &str) -> [String; 2] {
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.write("shared/file", "");
    project.up();
    ["own", "runc"].map(|service| project.shell(service, script))
}

/// What `script` prints is the same in both, as far as `view` looks.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(script: &str, view: impl Fn(&str) -> T) {
    let [own, runc] = seen_by_both(script).map(|text| view(&text));
    assert_eq!(own, runc);
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
fn mounts_are_the_same_and_no_less_restricted() {
    require!(Root, Seeds, Runc);
    let [own, runc] = seen_by_both("cat /proc/1/mountinfo").map(|text| mounts(&text));
    assert_eq!(own.keys().collect::<Vec<_>>(), runc.keys().collect::<Vec<_>>());
    for (point, restrictions) in &runc {
        assert!(
            own[point].is_superset(restrictions),
            "{point:?}: {:?}, in runc {restrictions:?}",
            own[point]
        );
    }
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
fn device_files_and_control_groups_are_the_same() {
    require!(Root, Seeds, Runc);
    let script = "ls -l /dev | awk '{print $1, $3, $4, $NF}'; \
                  cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max \
                  /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2> /dev/null; true";
    check(script, |text| text.lines().map(str::to_owned).collect::<Vec<_>>());
}

/// runc allows the tunnel device on top of what the specification asks for.
#[test]
fn no_device_is_open_that_runc_closes() {
    require!(Root, Seeds, Runc);
    let script = "cat /sys/fs/cgroup/devices/devices.list 2> /dev/null; true";
    let [own, runc] =
        seen_by_both(script).map(|text| text.lines().map(str::to_owned).collect::<BTreeSet<_>>());
    assert!(own.is_subset(&runc), "{own:?}, in runc {runc:?}");
}

/// Mount point and type with the options that restrict: what does not differ from one container to the
/// next (proc(5)). Which hierarchies of control groups version 1 are shown is left out.
fn mounts(mountinfo: &str) -> BTreeMap<(String, String), BTreeSet<String>> {
    let line = |line: &str| {
        let (fields, kind) = line.split_once(" - ").expect("a line of mountinfo");
        let field = |number: usize| fields.split(' ').nth(number).unwrap_or_default();
        let restrictions = field(5).split(',').filter(|option| RESTRICTIONS.contains(option));
        let kind = kind.split(' ').next().unwrap_or_default().to_owned();
        ((field(4).to_owned(), kind), restrictions.map(str::to_owned).collect())
    };
    let shown = mountinfo.lines().map(line);
    shown.filter(|((point, _), _)| !point.starts_with("/sys/fs/cgroup/")).collect()
}
