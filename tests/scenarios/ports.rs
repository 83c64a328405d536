//! Published ports, and the way out.

use scenarios::http::{get, page};
use scenarios::namespace::inside;
use scenarios::{Lighter, Project, host, require};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread::JoinHandle;

fn web(port: &str) -> String {
    format!(
        "
services:
  web:
    image: busybox
    command: [sh, -c, 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www']
    init: true
    ports: ['{port}:80']
"
    )
}

#[test]
fn published_port_answers_on_every_address() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let project = Project::new(&lighter, &web(&port.to_string()));
    project.up();
    assert_eq!(page(port), "hello\n");
    if let Some(own) = host::own_address() {
        assert_eq!(get(SocketAddr::new(own, port)).as_deref(), Some("hello\n"));
    }
}

#[test]
fn port_published_on_loopback_is_closed_to_others() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let project = Project::new(&lighter, &web(&format!("127.0.0.1:{port}")));
    project.up();
    assert_eq!(page(port), "hello\n");
    if let Some(own) = host::own_address() {
        assert_eq!(get(SocketAddr::new(own, port)), None);
    }
}

#[test]
fn port_is_free_again_after_down() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let project = Project::new(&lighter, &web(&port.to_string()));
    project.up();
    project.down();
    TcpListener::bind(("0.0.0.0", port)).expect("the port is free");
}

/// A machine beyond this one: a network namespace with a link to the host and no route to containers.
struct Outside {
    name: String,
    link: String,
}

impl Outside {
    fn new() -> Self {
        let name = format!("outside{}", std::process::id());
        let link = format!("out{}", std::process::id());
        host::run("ip", &["netns", "add", &name]);
        let outside = Self { name, link };
        let (name, link) = (outside.name.as_str(), outside.link.as_str());
        host::run("ip", &["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name]);
        host::run("ip", &["address", "add", &format!("{}/30", Self::address(1)), "dev", link]);
        host::run("ip", &["link", "set", link, "up"]);
        let own = format!("{}/30", Self::address(2));
        host::run("ip", &["-n", name, "address", "add", &own, "dev", "eth0"]);
        host::run("ip", &["-n", name, "link", "set", "eth0", "up"]);
        outside
    }

    /// Address `number` of a network set aside for trials (RFC 2544), so that nobody's is in the way.
    fn address(number: u8) -> IpAddr {
        // One network per test run: a run that was killed leaves its own behind.
        let own = std::process::id().to_le_bytes()[0];
        IpAddr::from([198, 18, own, number])
    }

    /// Waits inside for one connection, and tells where it came from.
    fn peer_of_next(&self) -> JoinHandle<IpAddr> {
        let namespace = PathBuf::from(format!("/run/netns/{}", self.name));
        let listener = inside(&namespace, || TcpListener::bind((Self::address(2), 8000)));
        let listener = listener.expect("the address is there");
        std::thread::spawn(move || listener.accept().expect("the connection has come").1.ip())
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        for arguments in [["link", "delete", &self.link], ["netns", "delete", &self.name]] {
            let _ = std::process::Command::new("ip").args(arguments).output();
        }
    }
}

#[test]
fn what_leaves_a_container_carries_the_host_address() {
    require!(Root, Seeds, Ip);
    let lighter = Lighter::new();
    let outside = Outside::new();
    let peer = outside.peer_of_next();
    let compose = "services: {web: {image: busybox, command: sleep 1000000, init: true}}";
    let project = Project::new(&lighter, compose);
    project.up();
    project.shell("web", &format!("nc -w 3 {} 8000 < /dev/null", Outside::address(2)));
    assert_eq!(peer.join().expect("the thread ends"), Outside::address(1));
}

#[test]
fn a_range_serves_every_replica_beside_ports_chosen_by_the_engine() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let first = host::free_port();
    let range = first..=first + 30;
    let chosen = web("x").replace("'x:80'", "'80'").replace("services:\n", "").replace("  web:", "  chosen:");
    let many = web(&format!("{first}-{}", range.end())) + "    scale: 5\n" + &chosen;
    let project = Project::new(&lighter, &many);
    project.up();
    let port = |service: &str, index: &str| {
        let told = project.run(&["port", "--index", index, service, "80"]).succeeds().stdout;
        let port: u16 = told.trim().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        assert_eq!(page(port), "hello\n");
        port
    };
    let ports: std::collections::BTreeSet<_> =
        ["1", "2", "3", "4", "5"].map(|index| port("web", index)).into_iter().collect();
    assert_eq!(ports.len(), 5, "{ports:?}");
    assert!(ports.iter().all(|port| range.contains(port)), "{ports:?}");
    port("chosen", "1");
}
