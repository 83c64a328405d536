//! Published ports, and the way out.

use scenarios::http::{get, page};
use scenarios::{Lighter, Project, host, require};
use std::net::SocketAddr;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

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
    assert_eq!(page(port, PATIENCE), "hello\n");
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
    assert_eq!(page(port, PATIENCE), "hello\n");
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
    std::net::TcpListener::bind(("0.0.0.0", port)).expect("the port is free");
}

/// A machine beyond this one: a network namespace with a link to the host and no route to containers.
struct Outside {
    name: String,
    link: String,
}

impl Outside {
    /// Addresses set aside for documentation (RFC 5737), so that nobody's network is in the way.
    const HOST: &str = "198.51.100.1/30";
    const OWN: &str = "198.51.100.2/30";

    fn new() -> Self {
        let name = format!("outside{}", std::process::id());
        let link = format!("out{}", std::process::id());
        host::run("ip", &["netns", "add", &name]);
        let outside = Self { name, link };
        let (name, link) = (outside.name.as_str(), outside.link.as_str());
        host::run("ip", &["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name]);
        host::run("ip", &["address", "add", Self::HOST, "dev", link]);
        host::run("ip", &["link", "set", link, "up"]);
        host::run("ip", &["-n", name, "address", "add", Self::OWN, "dev", "eth0"]);
        host::run("ip", &["-n", name, "link", "set", "eth0", "up"]);
        outside
    }

    /// Listens for one connection, inside.
    fn listen(&self) -> std::net::TcpListener {
        let name = self.name.clone();
        let enter = move || {
            let namespace = std::fs::File::open(format!("/run/netns/{name}")).expect("the namespace exists");
            nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET).expect("root may enter it");
            std::net::TcpListener::bind("198.51.100.2:8000").expect("the address is there")
        };
        // Only this thread enters; the socket stays in the namespace it was made in.
        std::thread::spawn(enter).join().expect("the thread ends")
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
    let listener = outside.listen();
    let compose = "services: {web: {image: busybox, command: sleep 1000000, init: true}}";
    let project = Project::new(&lighter, compose);
    project.up();
    project.shell("web", "echo hello | nc -w 3 198.51.100.2 8000");
    let (_, peer) = listener.accept().expect("the connection has come");
    assert_eq!(peer.ip().to_string(), "198.51.100.1");
}
