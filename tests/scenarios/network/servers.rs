//! Name servers: of the host, of the container, and in containers.

use super::address;
use scenarios::{Folder, Lighter, Machine, Project, eventually, require, wait_until};
use std::process::Command;

/// The host's program and libraries in a container of the same distribution.
const COMPOSE: &str = "
services:
  names:
    image: debian:bookworm-slim
    init: true
    command: >-
      dnsmasq --keep-in-foreground --no-resolv --no-hosts --user=root --log-queries --log-facility=-
      --pid-file= --address=/served.test/192.0.2.7 --server=127.0.0.11
    volumes: ['/usr/sbin/dnsmasq:/usr/sbin/dnsmasq:ro', '/usr/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:ro']
    networks: {default: {ipv4_address: 10.214.53.53}}
  neighbour: {image: busybox, command: sleep 1000000, init: true}
  asker: {image: busybox, command: sleep 1000000, init: true, dns: [10.214.53.53, 192.0.2.99]}
networks: {default: {ipam: {config: [{subnet: 10.214.53.0/24}]}}}
";

#[test]
fn name_server_in_a_container_serves_its_neighbours_and_those_who_name_it() {
    require!(Root, Seeds, Dnsmasq, Store);
    let lighter = Lighter::with_store();
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    let ask = |service: &str, name: &str, server: &str| {
        project.shell(service, &format!("nslookup -type=a {name} {server} 2>&1 || true"))
    };
    let served =
        || Some(ask("neighbour", "served.test", "10.214.53.53")).filter(|said| said.contains("192.0.2.7"));
    let answered = eventually(served);
    assert!(answered.is_some(), "{}", project.run(&["logs", "names"]).stderr);
    let own = address(&project, "neighbour");
    let said = ask("neighbour", "neighbour", "10.214.53.53");
    assert!(said.contains(&own), "it knows the project's names from 127.0.0.11: {said}");
    let said = ask("asker", "served.test", "127.0.0.11");
    assert!(said.contains("192.0.2.7"), "`dns` is asked what is not the project's: {said}");
    let asker = address(&project, "asker");
    let log = project.run(&["logs", "names"]).succeeds().stderr;
    assert!(
        log.contains(&format!("query[A] served.test from {asker}")),
        "from the container's network: {log}"
    );
}

/// Starts `lighter` where `file` is the host's /etc/resolv.conf.
fn up_with_servers(project: &Project<'_>, file: &str) {
    let plain = project.command(&["up", "-d"]);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"", file]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(project.folder().path());
    let output = command.output().expect("it can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn changed_servers_of_the_host_are_asked_by_containers_that_run() {
    require!(Root, Seeds, Ip, Dnsmasq);
    let machine = Machine::new();
    let lighter = Lighter::on(&machine, &["busybox"]);
    let etc = Folder::new("etc");
    let serve = |listen: &str, answer: &str| {
        machine.start_at_neighbour(&[
            "dnsmasq",
            "--keep-in-foreground",
            "--no-resolv",
            "--no-hosts",
            "--user=root",
            "--pid-file=",
            "--bind-interfaces",
            "--except-interface=none",
            &format!("--listen-address={listen}"),
            &format!("--address=/outside.test/{answer}"),
        ])
    };
    machine.neighbour_shell("ip address add 198.19.53.53/32 dev lo");
    let neighbour = machine.neighbour().to_string();
    let _servers = (serve(&neighbour, "192.0.2.1"), serve("198.19.53.53", "192.0.2.2"));
    etc.write("resolv.conf", format!("nameserver {neighbour}\n"));
    let compose = "services: {web: {image: busybox, command: sleep 1000000, init: true}}";
    let project = Project::new(&lighter, compose);
    up_with_servers(&project, &etc.path().join("resolv.conf").display().to_string());
    let ask = || project.shell("web", "nslookup -type=a outside.test 127.0.0.11 2>&1 || true");
    wait_until("the first server is asked", || ask().contains("192.0.2.1"));
    etc.write("resolv.conf", "nameserver 198.19.53.53\n");
    wait_until("the other server is asked", || ask().contains("192.0.2.2"));
}
