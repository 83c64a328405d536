//! Services that share the network, the IPC namespace or the volumes of another.

use super::states;
use scenarios::{Lighter, Project, require};

const SHARERS: &str = "
x-sleeper: &sleeper {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
services:
  db: {<<: *sleeper, ipc: shareable, volumes: [/data]}
  net: {<<: *sleeper, network_mode: 'service:db'}
  ipc: {<<: *sleeper, ipc: 'service:db'}
  vol: {<<: *sleeper, volumes_from: [db]}
";

#[test]
fn who_shares_with_a_service_cannot_be_made_without_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, SHARERS);
    for service in ["net", "ipc", "vol"] {
        let outcome = project.run(&["up", "-d", "--no-deps", service]).fails_with(1);
        outcome.says(&["db", service]);
        assert!(states(&project).is_empty(), "{:?}", states(&project));
    }
    project.up();
    let namespace = |service, kind: &str| {
        let pid = project.container(service).pid;
        std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).expect("the process runs")
    };
    assert_eq!(namespace("net", "net"), namespace("db", "net"));
    assert_eq!(namespace("ipc", "ipc"), namespace("db", "ipc"));
    project.shell("db", "echo shared > /data/file");
    assert_eq!(project.shell("vol", "cat /data/file"), "shared\n");
}

#[test]
fn who_shares_is_made_anew_with_whom_it_shares_with() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, SHARERS);
    project.up();
    let before = ["net", "ipc", "vol"].map(|service| project.container(service).id);
    project
        .write("compose.yaml", SHARERS.replace("ipc: shareable,", "ipc: shareable, labels: {new: 'yes'},"));
    project.up();
    for (service, id) in ["net", "ipc", "vol"].into_iter().zip(before) {
        assert_ne!(project.container(service).id, id, "{service} holds what is gone");
    }
}

#[test]
fn a_one_off_joins_the_network_of_a_service() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  db: {image: busybox, command: 'nc -ll -p 7000 -e echo hello', init: true, stop_grace_period: 0s}
  ask: {image: busybox, command: 'sh -c \"until nc 127.0.0.1 7000; do :; done\"', network_mode: 'service:db'}
";
    let project = Project::new(&lighter, compose);
    assert_eq!(project.run(&["run", "--rm", "ask"]).succeeds().stdout, "hello\n");
}

fn with_subnet(subnet: &str) -> String {
    format!(
        "services: {{web: {{image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}}}}\n\
         networks: {{default: {{ipam: {{config: [{{subnet: {subnet}}}]}}}}}}\n"
    )
}

#[test]
fn a_changed_network_is_made_anew_and_its_containers_move() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &with_subnet("10.197.1.0/24"));
    project.up();
    let address = || project.shell("web", "ip -4 addr show dev eth0 | awk '/inet/ {print $2}'");
    assert!(address().starts_with("10.197.1."), "{}", address());
    let before = project.container("web");
    project.write("compose.yaml", with_subnet("10.197.2.0/24"));
    project.up().says(&["Network"]);
    assert!(address().starts_with("10.197.2."), "{}", address());
    let after = project.container("web");
    assert_ne!(after.started_at, before.started_at, "what ran on the old network was stopped");
    assert_eq!(states(&project), ["web-1 running"]);
}
