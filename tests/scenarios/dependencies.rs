//! Dependents start after what they depend on has come far enough.

use scenarios::{Lighter, Project, require};

#[test]
fn dependent_waits_until_its_dependency_is_healthy() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  base:
    image: busybox
    command: [sh, -c, 'sleep 0.5; touch /ready; exec sleep 1000000']
    init: true
    healthcheck: {test: [CMD, test, -e, /ready], interval: 100ms, retries: 100}
  web:
    image: busybox
    command: sleep 1000000
    init: true
    depends_on: {base: {condition: service_healthy}}
";
    let project = Project::new(&lighter, compose);
    project.up();
    // `up` has returned, so base was healthy by then.
    project.shell("base", "test -e /ready");
    assert!(project.container("web").started_at > project.container("base").started_at);
}

#[test]
fn dependent_waits_until_its_dependency_has_done_its_work() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  prepare:
    image: busybox
    command: [sh, -c, 'sleep 0.3; echo prepared > /data/file']
    volumes: [data:/data]
  web:
    image: busybox
    command: [sh, -c, 'cat /data/file; exec sleep 1000000']
    init: true
    volumes: [data:/data]
    depends_on: {prepare: {condition: service_completed_successfully}}
volumes:
  data:
";
    let project = Project::new(&lighter, compose);
    project.up();
    let log = || project.run(&["logs", "--no-log-prefix", "web"]).stdout;
    scenarios::wait_until("web has read the file", || log() == "prepared\n");
}

#[test]
fn failed_dependency_keeps_its_dependent_from_starting() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  prepare:
    image: busybox
    command: sh -c 'exit 4'
  web:
    image: busybox
    command: sleep 1000000
    depends_on: {prepare: {condition: service_completed_successfully}}
";
    let project = Project::new(&lighter, compose);
    project.run(&["up", "-d"]).fails_with(1).says(&["prepare", "4"]);
    assert_ne!(project.find_container("web").map(|web| web.state).as_deref(), Some("running"));
}
