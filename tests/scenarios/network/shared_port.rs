//! Replicas behind one host port.

use scenarios::http::page;
use scenarios::{Lighter, Project, host, require};
use std::collections::BTreeMap;
use std::net::TcpListener;

fn web(port: u16) -> String {
    format!(
        "
services:
  web:
    image: busybox
    command: [sh, -c, 'mkdir /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www']
    init: true
    ports: ['{port}:80']
"
    )
}

fn answers(port: u16, count: usize) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    (0..count).for_each(|_| *answers.entry(page(port)).or_default() += 1);
    answers
}

#[test]
fn replicas_share_a_fixed_port_and_leave_it_one_by_one() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let project = Project::new(&lighter, &web(port));
    project.run(&["up", "-d", "--scale", "web=3"]).succeeds();
    let shared = answers(port, 60);
    assert_eq!(shared.len(), 3, "{shared:?}");
    assert!(shared.values().all(|count| (10..=30).contains(count)), "in turn: {shared:?}");
    project.run(&["up", "-d", "--scale", "web=1", "-t", "0"]).succeeds();
    assert_eq!(answers(port, 10).len(), 1);
    assert!(TcpListener::bind(("0.0.0.0", port)).is_err(), "the last one has the port");
    project.down();
    TcpListener::bind(("0.0.0.0", port)).expect("free again");
}

#[test]
fn free_port_is_kept_across_recreation_and_ipv6_reaches_ipv4() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services:
  web:
    image: busybox
    command: [sh, -c, 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www']
    init: true
    ports: ['80']
",
    );
    project.up();
    let port = |project: &Project<'_>| project.run(&["port", "web", "80"]).succeeds().stdout;
    let before = port(&project);
    project.run(&["up", "-d", "--force-recreate", "-t", "0"]).succeeds();
    assert_eq!(port(&project), before);
    let number = before.trim().rsplit(':').next().expect("a port").parse().expect("a number");
    assert_eq!(page(number), "hello\n");
    let ipv6 = std::net::SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, number));
    if std::net::TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, 0)).is_ok() {
        assert_eq!(scenarios::http::get(ipv6).as_deref(), Some("hello\n"));
    }
}

#[test]
fn port_of_another_container_is_refused_by_its_name() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let first = Project::new(&lighter, &web(port));
    first.up();
    let second = Project::new(&lighter, &web(port));
    let refused = second.run(&["up", "-d"]);
    assert_ne!(refused.code, Some(0));
    let owner = format!("already published by container {}-web-1", first.name());
    assert!(refused.stderr.contains(&owner), "{}", refused.stderr);
}
