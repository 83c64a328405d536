//! Published ports of SCTP.

use super::address;
use scenarios::{Lighter, Machine, Project, eventually, namespace, require, sctp};
use std::net::{IpAddr, SocketAddr};

const PORT: u16 = 8080;
const COMPOSE: &str = "
services:
  web: {image: busybox, command: sleep 1000000, init: true, ports: ['8080:9000/sctp', '8080:9000/tcp']}
";

#[test]
fn sctp_port_answers_the_neighbour_and_is_kept_from_others() {
    require!(Root, Seeds, Ip, Sctp);
    let machine = Machine::new();
    let lighter = Lighter::on(&machine, &["busybox"]);
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    let own: IpAddr = address(&project, "web").parse().expect("an address");
    let container = namespace::of_process(project.container("web").pid);
    let server = sctp::serve(&container, SocketAddr::new(own, 9000), 1);
    let seen = eventually(|| sctp::ask(&machine.neighbour_network(), (machine.address(), PORT).into()));
    assert_eq!(seen, Some(machine.neighbour()), "the server sees who really asks");
    server.join().expect("it has answered");
    let second = Project::new(&lighter, COMPOSE);
    let refused = second.run(&["up", "-d"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains(&format!("{PORT}/sctp is already published")), "{}", refused.stderr);
    let told = project.run(&["port", "--protocol", "sctp", "web", "9000"]).succeeds().stdout;
    assert!(told.contains(&PORT.to_string()), "{told}");
}
