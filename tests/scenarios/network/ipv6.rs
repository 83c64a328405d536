//! IPv6: ports published over it, the addresses networks get, and the way out.

use super::network;
use super::paths::{ask, ask_inside, serve, start};
use scenarios::{Folder, Lighter, Machine, Project, eventually, require};
use std::collections::BTreeSet;

const OWN: &str = "fd00:198:18::1";
const NEIGHBOUR: &str = "fd00:198:18::2";

const COMPOSE: &str = "
x-server: &server
  image: busybox
  init: true
  command: httpd -f -p 80 -h /www
  volumes: ['./www:/www:ro']
services:
  web: {<<: *server, ports: ['8080:80', '[::1]:8081:80', '[fd00:198:18::1]:8082:80', '127.0.0.1:8083:80']}
  client: {image: busybox, command: sleep 1000000, init: true}
networks: {default: {enable_ipv6: true}}
";

/// A machine and a neighbour that speak IPv6, too.
fn machine() -> Machine {
    let machine = Machine::new();
    machine
        .shell(&format!("ip address add {OWN}/64 dev uplink nodad; ip -6 route add default via {NEIGHBOUR}"));
    machine.neighbour_shell(&format!("ip address add {NEIGHBOUR}/64 dev eth0 nodad"));
    machine
}

/// What comes back when `at` runs `script`, as soon as something does.
#[track_caller]
fn seen(at: impl Fn(&str) -> String, script: &str) -> String {
    let said = eventually(|| Some(at(script)).filter(|said| !said.is_empty()));
    said.unwrap_or_default().trim().to_owned()
}

fn global_address(project: &Project<'_>, service: &str) -> String {
    let shown = project.shell(service, "ip -6 address show eth0 scope global");
    let address = shown.split_whitespace().find(|word| word.starts_with("fd")).expect("an address");
    address.split('/').next().expect("before the length").to_owned()
}

#[test]
fn ports_over_ipv6_see_who_asks_and_keep_to_their_address() {
    require!(Root, Seeds, Ip);
    let machine = machine();
    let lighter = Lighter::on(&machine, &["busybox"]);
    let project = start(&lighter, COMPOSE);
    let at_neighbour = |script: &str| machine.neighbour_shell(script);
    for port in [8080, 8082] {
        assert_eq!(seen(at_neighbour, &ask(OWN, port)), NEIGHBOUR, "port {port} from outside");
        assert!(!seen(|script| machine.shell(script), &ask(OWN, port)).is_empty(), "{port} from the machine");
    }
    assert!(!seen(|script| machine.shell(script), &ask("::1", 8081)).is_empty(), "loopback's own port");
    for port in [8081, 8083] {
        assert_eq!(at_neighbour(&ask(OWN, port)), "", "port {port} is for loopback only");
    }
    // Straight to the container: only what is published is open.
    let web = global_address(&project, "web");
    machine.neighbour_shell(&format!("ip -6 route add fd00::/8 via {OWN}"));
    assert_eq!(at_neighbour(&ask(&web, 80)), "", "a route is no way in");
    let named = format!("[{OWN}]");
    for service in ["client", "web"] {
        let said = seen(|script| project.shell(service, script), &ask_inside(&named, 8080));
        assert!(!said.is_empty(), "{service} to a published port");
    }
}

#[test]
fn what_leaves_over_ipv6_carries_the_address_of_the_machine() {
    require!(Root, Seeds, Ip);
    let machine = machine();
    let lighter = Lighter::on(&machine, &["busybox"]);
    let world = Folder::new("world");
    let _server = machine.start_at_neighbour(&["busybox", "httpd", "-f", "-p", "8000", "-h", &serve(&world)]);
    let project = start(&lighter, COMPOSE);
    let neighbour = format!("[{NEIGHBOUR}]");
    let out = seen(|script| project.shell("client", script), &ask_inside(&neighbour, 8000));
    assert_eq!(out, OWN);
}

#[test]
fn networks_are_parts_of_one_unique_local_prefix_of_the_machine() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services: {web: {image: busybox, command: sleep 1000000, init: true, networks: [a, b]}}
networks: {a: {enable_ipv6: true}, b: {enable_ipv6: true, enable_ipv4: false}}
",
    );
    project.up();
    let subnet = |key: &str| {
        let pools = network(&project, key)["IPAM"]["Config"].take();
        let mut pools = pools.as_array().into_iter().flatten().filter_map(|pool| pool["Subnet"].as_str());
        pools.find(|subnet| subnet.contains(':')).expect("an IPv6 subnet").to_owned()
    };
    let (a, b) = (subnet("a"), subnet("b"));
    assert_ne!(a, b);
    for subnet in [&a, &b] {
        assert!(subnet.starts_with("fd") && subnet.ends_with("::/64"), "{subnet}");
    }
    let prefixes: BTreeSet<_> =
        [&a, &b].map(|subnet| subnet.split(':').take(3).collect::<Vec<_>>().join(":")).into();
    assert_eq!(prefixes.len(), 1, "forty bits of the machine: {a} {b}");
    assert!(!project.shell("web", "ip -4 address show eth1").contains("inet "), "b has no IPv4");
    assert!(project.shell("web", "ip -6 address show eth1").contains("inet6 fd"));
}
