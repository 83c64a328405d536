//! What crashes, clashes and crowds leave of networks: nothing, or what the next command mends.

use super::network;
use scenarios::{Lighter, Project, Snapshot, eventually, host, process, require, wait_until};
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

const PAIR: &str = "
services:
  web: {image: busybox, command: sleep 1000000, init: true, ports: ['80']}
  client: {image: busybox, command: sleep 1000000, init: true, networks: [default, six]}
networks: {default: , six: {enable_ipv6: true}}
";

#[test]
fn projects_that_come_up_at_once_share_no_subnet_and_leave_nothing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    lighter.run(["image", "pull", "busybox"]).succeeds();
    let before = Snapshot::take(lighter.root());
    let projects: Vec<_> = (0..6).map(|_| Project::new(&lighter, PAIR)).collect();
    let at_once = |arguments: &[&str]| {
        let children: Vec<_> =
            projects.iter().map(|project| project.command(arguments).spawn().expect("started")).collect();
        for mut child in children {
            assert!(child.wait().expect("ended").success(), "{arguments:?}");
        }
    };
    at_once(&["up", "-d", "--quiet-pull"]);
    let subnet = |project: &Project<'_>, key: &str| {
        network(project, key)["IPAM"]["Config"][0]["Subnet"].as_str().expect("a subnet").to_owned()
    };
    let subnets: BTreeSet<_> =
        projects.iter().flat_map(|project| ["default", "six"].map(|key| subnet(project, key))).collect();
    assert_eq!(subnets.len(), 12, "{subnets:?}");
    at_once(&["down", "-t", "0"]);
    eventually(|| (Snapshot::take(lighter.root()) == before).then_some(()));
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn after_the_death_of_every_process_prune_leaves_nothing_of_networks() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    lighter.run(["image", "pull", "busybox"]).succeeds();
    let before = Snapshot::of_networks(lighter.root());
    let project = Project::new(&lighter, PAIR);
    project.up();
    // Supervisors first: none is to clean up after its container.
    let mut processes = process::supervisors(lighter.root());
    processes.extend(process::of_engine(lighter.root()));
    for process in processes {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(process.pid), nix::sys::signal::SIGKILL);
    }
    wait_until("every process is gone", || process::of_engine(lighter.root()).is_empty());
    lighter.run(["system", "prune", "-f"]).succeeds();
    // The kernel takes links of a dead network namespace down in the background.
    eventually(|| (Snapshot::of_networks(lighter.root()) == before).then_some(()));
    before.assert_same(&Snapshot::of_networks(lighter.root()));
}

#[test]
fn network_whose_making_was_cut_short_is_made_by_the_next_command() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    for microseconds in (0..16).map(|step| step * 400) {
        let mut child = lighter.command(["network", "create", "half"]).spawn().expect("started");
        // Each run is cut somewhere else; where exactly does not matter.
        std::thread::sleep(Duration::from_micros(microseconds));
        child.kill().and_then(|()| child.wait()).expect("ended");
        lighter.run(["network", "rm", "half"]);
        lighter.run(["network", "create", "half"]).succeeds();
        lighter.run(["network", "rm", "half"]).succeeds();
        before.assert_same(&Snapshot::take(lighter.root()));
    }
    // A folder without a record, as a power loss may leave it.
    fs::create_dir_all(lighter.root().join("lib/networks/half/leases")).expect("made");
    lighter.run(["network", "create", "half"]).succeeds();
    lighter.run(["network", "rm", "half"]).succeeds();
}

#[test]
fn project_whose_up_was_cut_short_is_brought_up_or_taken_down_by_the_next_command() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    lighter.run(["image", "pull", "busybox"]).succeeds();
    let before = Snapshot::take(lighter.root());
    for (milliseconds, arguments) in
        [(5, ["up", "-d"]), (15, ["up", "-d"]), (30, ["up", "-d"]), (20, ["ps", "-q"])]
    {
        let project = Project::new(&lighter, PAIR);
        let mut child = project.command(&["up", "-d"]).spawn().expect("started");
        // Each run is cut somewhere else; where exactly does not matter.
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().and_then(|()| child.wait()).expect("ended");
        project.run(&arguments).succeeds();
        if arguments[0] == "up" {
            assert!(!project.shell("client", "nslookup -type=a web 127.0.0.11").is_empty());
        }
        project.down();
    }
    eventually(|| (Snapshot::take(lighter.root()) == before).then_some(()));
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn name_of_a_link_that_others_have_is_refused_and_the_link_left_alone() {
    require!(Root, Seeds, Ip);
    let lighter = Lighter::new();
    let link = format!("clash{}", std::process::id());
    host::run("ip", &["link", "add", &link, "type", "bridge"]);
    let option = format!("com.docker.network.bridge.name={link}");
    let refused = lighter.run(["network", "create", "-o", &option, "mine"]);
    let is_there = host::run("ip", &["-brief", "link", "show", &link]);
    host::run("ip", &["link", "delete", &link]);
    refused.fails_with(1).says(&[&link]);
    assert!(is_there.contains(&link) && !is_there.contains("UP"), "{is_there}");
    lighter.run(["network", "create", "-o", &option, "mine"]).succeeds();
    lighter.run(["network", "rm", "mine"]).succeeds();
}
