//! Published ports of UDP. Datagrams have no connection, so the kernel goes on sending those of a client where
//! the first one went, unless it is told otherwise.

use scenarios::namespace::{inside, of_process};
use scenarios::{Lighter, Project, eventually, host, require};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

const LOOK_AGAIN: Duration = Duration::from_millis(50);

fn compose(port: u16) -> String {
    format!(
        "
services:
  idle: {{image: busybox, command: sleep 1000000, init: true}}
  web:
    image: busybox
    command: sleep 1000000
    init: true
    ports:
      - {{name: echo, mode: host, target: 5353, published: '{port}', protocol: udp}}
      - {{name: web, mode: ingress, target: 80, published: '{port}', protocol: tcp}}
"
    )
}

/// Answers with its name whatever comes to port 5353 in the container, for as long as the container runs.
fn serve(project: &Project<'_>, container: &str) {
    let shown = project.run(&["container", "inspect", "--format", "{{.State.Pid}}", container]).succeeds();
    let pid = shown.stdout.trim().parse().expect("a process");
    let socket =
        inside(&of_process(pid), || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 5353)).expect("it is free"));
    let name = container.to_owned();
    std::thread::spawn(move || {
        let mut buffer = [0; 16];
        while let Ok((_, client)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(name.as_bytes(), client);
        }
    });
}

/// A client that keeps its port.
fn client(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    socket.connect((Ipv4Addr::LOCALHOST, port)).expect("it has a route");
    socket.set_read_timeout(Some(LOOK_AGAIN)).expect("set");
    socket
}

/// Who answers one datagram; sending is refused where nobody listens.
fn ask(client: &UdpSocket) -> Option<String> {
    let mut buffer = [0; 256];
    client.send(b"who").ok()?;
    let length = client.recv(&mut buffer).ok()?;
    Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

#[test]
fn client_that_asked_too_early_is_heard_as_soon_as_the_port_is_published() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let project = Project::new(&lighter, &compose(port));
    // With a network there is connection tracking, which remembers that the first datagram went nowhere.
    project.run(&["up", "-d", "idle"]).succeeds();
    let early = client(port);
    assert_eq!(ask(&early), None);
    project.up();
    let name = format!("{}-web-1", project.name());
    serve(&project, &name);
    assert_eq!(eventually(|| ask(&early)), Some(name));
    let told = |protocol: &str, target: &str| {
        project.run(&["port", "--protocol", protocol, "web", target]).succeeds().stdout.trim().to_owned()
    };
    assert_eq!(told("udp", "5353"), format!("0.0.0.0:{port}"));
    assert_eq!(told("tcp", "80"), format!("0.0.0.0:{port}"), "the other protocol has its own");
}

#[test]
fn client_goes_on_with_a_sibling_when_its_container_is_gone() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let project = Project::new(&lighter, &compose(port));
    project.run(&["up", "-d", "--scale", "web=2"]).succeeds();
    let names = ["1", "2"].map(|number| format!("{}-web-{number}", project.name()));
    names.iter().for_each(|name| serve(&project, name));
    // In turn: of several clients some are the second one's.
    let clients = [(); 4].map(|()| client(port));
    let answers = clients.each_ref().map(|client| eventually(|| ask(client)).expect("an answer"));
    assert!(names.iter().all(|name| answers.contains(name)), "{answers:?}");
    let again = clients.each_ref().map(|client| eventually(|| ask(client)).expect("an answer"));
    assert_eq!(again, answers, "each stays with its container");
    project.run(&["up", "-d", "--scale", "web=1", "-t", "0"]).succeeds();
    for client in &clients {
        // What is still under way may be an answer of the one that is gone.
        let moved = eventually(|| ask(client).filter(|answer| *answer == names[0]));
        assert_eq!(moved.as_ref(), Some(&names[0]));
    }
}
