//! Every way a packet can take to, from and between containers, and the ways it must not take.
//!
//! Each test has a machine of its own with a neighbour, so that it may change routes and settings.

use super::address;
use scenarios::{Folder, Lighter, Machine, Project, eventually, host, require};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// Tells who asks.
const PEER: &str = r#"#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
echo "$REMOTE_ADDR" | sed 's/[][]//g; s/^::ffff://'
"#;

/// Two web servers that say who asks, one of them with ports, and who asks them.
const COMPOSE: &str = "
x-server: &server
  image: busybox
  init: true
  command: httpd -f -p 80 -h /www
  volumes: ['./www:/www:ro']
services:
  web: {<<: *server, ports: ['8080:80', '127.0.0.1:8081:80', '[::1]:8082:80']}
  client: {image: busybox, command: sleep 1000000, init: true}
  open: {<<: *server, networks: [reachable]}
networks:
  default:
  reachable: {driver_opts: {com.docker.network.bridge.gateway_mode_ipv4: nat-unprotected}}
";

pub(super) fn serve(folder: &Folder) -> String {
    folder.write("www/cgi-bin/peer", PEER);
    let script = folder.path().join("www/cgi-bin/peer");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).expect("the script can be run");
    folder.path().join("www").display().to_string()
}

pub(super) fn start<'a>(lighter: &'a Lighter, compose: &str) -> Project<'a> {
    let project = Project::new(lighter, compose);
    serve(project.folder());
    project.up();
    project
}

/// A command for a machine's shell that prints as whom the server at `address` sees the asker, and nothing if
/// it cannot be reached.
pub(super) fn ask(address: impl std::fmt::Display, port: u16) -> String {
    let script =
        "exec 3<>/dev/tcp/$0/$1 && printf \"GET /cgi-bin/peer HTTP/1.0\\r\\n\\r\\n\" >&3 && tail -n 1 <&3";
    format!("timeout 1 bash -c '{script}' {address} {port} 2>/dev/null || true")
}

/// The same for a container's.
pub(super) fn ask_inside(address: impl std::fmt::Display, port: u16) -> String {
    format!("timeout 1 wget -q -O - http://{address}:{port}/cgi-bin/peer 2>/dev/null || true")
}

/// What comes back when `at` runs `script`: a program may just have been started.
#[track_caller]
fn seen(at: impl Fn(&str) -> String, script: &str) -> String {
    let said = eventually(|| Some(at(script)).filter(|said| !said.is_empty()));
    said.unwrap_or_default().trim().to_owned()
}

#[test]
fn packets_take_every_way_there_is_to_be_with_and_without_br_netfilter() {
    require!(Root, Seeds, Ip);
    let machine = Machine::new();
    let lighter = Lighter::on(&machine, &["busybox"]);
    let world = Folder::new("world");
    let _server = machine.start_at_neighbour(&["busybox", "httpd", "-f", "-p", "8000", "-h", &serve(&world)]);
    let project = start(&lighter, COMPOSE);
    let (own, neighbour) = (machine.address(), machine.neighbour());
    let inside = |service: &'static str| {
        let project = &project;
        move |script: &str| project.shell(service, script)
    };
    for bridge_netfilter in [0, 1] {
        machine.shell(&format!(
            "f=/proc/sys/net/bridge/bridge-nf-call-iptables; [ ! -e $f ] || echo {bridge_netfilter} > $f"
        ));
        let between = seen(inside("client"), &ask_inside("web", 80));
        assert_eq!(between, address(&project, "client"), "a container reaches a neighbour as itself");
        let out = seen(inside("client"), &ask_inside(neighbour, 8000));
        assert_eq!(out, own.to_string(), "what leaves carries the machine's address");
        let from_outside = seen(|script| machine.neighbour_shell(script), &ask(own, 8080));
        assert_eq!(from_outside, neighbour.to_string(), "a published port sees who really asks");
        let own_name = own.to_string();
        for (address, port) in [
            (own_name.as_str(), 8080),
            ("127.0.0.1", 8080),
            ("127.0.0.1", 8081),
            ("::1", 8082),
            ("::1", 8080),
        ] {
            let said = seen(|script| machine.shell(script), &ask(address, port));
            assert!(!said.is_empty(), "machine to {address} {port}, br_netfilter {bridge_netfilter}");
        }
        for service in ["client", "web"] {
            let said = seen(inside(service), &ask_inside(own, 8080));
            assert!(!said.is_empty(), "{service} to a published port, br_netfilter {bridge_netfilter}");
        }
    }
}

#[test]
fn neighbour_reaches_published_ports_and_nothing_else() {
    require!(Root, Seeds, Ip);
    let machine = Machine::new();
    let lighter = Lighter::on(&machine, &["busybox"]);
    let project = start(&lighter, COMPOSE);
    let own = machine.address();
    let at_neighbour = |script: &str| machine.neighbour_shell(script);
    assert!(!seen(at_neighbour, &ask(own, 8080)).is_empty(), "the way exists");
    for port in [8081, 8082] {
        assert_eq!(at_neighbour(&ask(own, port)), "", "port {port} is for loopback only");
    }
    // Straight to the containers, published or not: only a network that says so lets it in.
    machine.neighbour_shell(&format!("ip route add 10.213.0.0/16 via {own}"));
    assert!(!seen(at_neighbour, &ask(address(&project, "open"), 80)).is_empty(), "the route leads there");
    assert_eq!(at_neighbour(&ask(address(&project, "web"), 80)), "", "a route is no way in");
    // To 127.0.0.1 at the machine's hardware address (moby #41872).
    machine.neighbour_shell(&format!(
        "ip route flush table local; echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
         ip route add local {neighbour} dev eth0 table local
         ip route add 127.0.0.1 via {own} dev eth0 src {neighbour}",
        neighbour = machine.neighbour(),
    ));
    assert!(!seen(at_neighbour, &ask(own, 8080)).is_empty(), "the neighbour still speaks");
    for port in [8080, 8081] {
        assert_eq!(at_neighbour(&ask("127.0.0.1", port)), "", "loopback's port {port} from outside");
    }
}

#[test]
fn container_cannot_reach_the_loopback_of_the_machine() {
    require!(Root, Seeds, Ip);
    let machine = Machine::new();
    let lighter = Lighter::on(&machine, &["busybox"]);
    let world = Folder::new("world");
    let www = serve(&world);
    let on = |listen: &str| machine.start(&["busybox", "httpd", "-f", "-p", listen, "-h", &www]);
    let (_loopback, _all) = (on("127.0.0.1:9000"), on("9001"));
    let project = start(&lighter, COMPOSE);
    assert!(!seen(|script| machine.shell(script), &ask("127.0.0.1", 9000)).is_empty(), "the server runs");
    // As root of the machine in the container's network: no container has such rights by itself.
    let client = project.container("client").pid.to_string();
    let inside = |script: &str| host::run("nsenter", &["-t", &client, "-n", "sh", "-c", script]);
    let gateway = inside("ip route show default").split(' ').nth(2).expect("a gateway").to_owned();
    let own = address(&project, "client");
    inside(&format!(
        "ip route flush table local; echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
         ip route add local {own} dev eth0 table local
         ip route add 127.0.0.1 via {gateway} dev eth0 src {own}"
    ));
    assert!(!seen(inside, &ask(&gateway, 9001)).is_empty(), "the container still speaks");
    assert_eq!(inside(&ask("127.0.0.1", 9000)), "", "a service of the machine's loopback");
}
