//! `lighter network …`.

use scenarios::{Lighter, Project, require};

const SLEEPER: &str = "services: {web: {image: busybox, command: sleep 1000000, init: true}}";

#[test]
fn network_is_made_connected_disconnected_and_removed_while_the_container_runs() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, SLEEPER);
    project.up();
    let container = format!("{}-web-1", project.name());
    let create = ["network", "create", "--subnet", "10.214.10.0/24", "--label", "a=b", "side"];
    assert_eq!(lighter.run(create).succeeds().stdout.trim().len(), 64, "its id");
    assert_ne!(lighter.run(create).code, Some(0), "made twice");
    let connect = ["network", "connect", "--alias", "spare", "--ip", "10.214.10.9", "side", &container];
    lighter.run(connect).succeeds();
    assert_ne!(lighter.run(connect).code, Some(0), "connected twice");
    assert!(project.shell("web", "ip address show eth1").contains("10.214.10.9/24"));
    assert!(project.shell("web", "nslookup spare 127.0.0.11").contains("10.214.10.9"));
    let shown = lighter.run(["network", "inspect", "side", "--format", "{{json .Containers}}"]).succeeds();
    assert!(shown.stdout.contains("10.214.10.9/24"), "{}", shown.stdout);
    assert_ne!(lighter.run(["network", "rm", "side"]).code, Some(0), "it is used");
    lighter.run(["network", "disconnect", "side", &container]).succeeds();
    assert!(!project.shell("web", "ip address").contains("eth1"));
    assert!(project.shell("web", "ip route").contains("default via"), "the way out stays");
    assert_eq!(lighter.run(["network", "rm", "side"]).succeeds().stdout, "side\n");
}

#[test]
fn prune_removes_what_nobody_uses_and_keeps_the_rest() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, SLEEPER);
    project.up();
    lighter.run(["network", "create", "--label", "kept", "one"]).succeeds();
    lighter.run(["network", "create", "two"]).succeeds();
    let pruned = lighter.run(["network", "prune", "-f", "--filter", "label!=kept"]).succeeds().stdout;
    assert_eq!(pruned, "Deleted Networks:\ntwo\n");
    let names = lighter.run(["network", "ls", "--format", "{{.Name}}"]).succeeds().stdout;
    let own = format!("{}_default", project.name());
    for name in ["bridge", "host", "none", "one", own.as_str()] {
        assert!(names.lines().any(|line| line == name), "{name} is missing in {names}");
    }
    lighter.run(["network", "rm", "one"]).succeeds();
    assert_ne!(lighter.run(["network", "rm", "host"]).code, Some(0), "predefined");
}

#[test]
fn external_networks_host_and_none_are_those_of_docker() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services:
  web: {image: busybox, command: sleep 1000000, init: true, networks: [far]}
  alone: {image: busybox, command: sleep 1000000, init: true, networks: [nowhere]}
networks: {far: {external: true, name: host}, nowhere: {external: true, name: none}}
",
    );
    project.up();
    let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net")).expect("it runs");
    let web = project.container("web").pid.to_string();
    assert_eq!(namespace(&web), namespace("self"));
    assert_eq!(project.shell("alone", "ls /sys/class/net"), "lo\n");
}
