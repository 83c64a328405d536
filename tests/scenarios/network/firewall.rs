//! Firewalls of others, in the machine's own network: what they are told is taken back at the end.

use scenarios::http::page;
use scenarios::{Lighter, Project, host, require, wait_until};
use std::net::IpAddr;

/// A table that drops all that is forwarded, as administrators write it.
struct DropAll;

const TABLE: &str = "lightertest";

impl DropAll {
    fn new() -> Self {
        let chain = "{ type filter hook forward priority filter; policy drop; }";
        host::run("nft", &[&format!("add table inet {TABLE}; add chain inet {TABLE} forward {chain}")]);
        Self
    }
}

impl Drop for DropAll {
    fn drop(&mut self) {
        let _ = std::process::Command::new("nft").args(["delete", "table", "inet", TABLE]).output();
    }
}

fn web(port: u16) -> String {
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
fn drop_policy_of_others_is_passed_and_left_as_it_was() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let _table = DropAll::new();
    let before = host::run("nft", &["--stateless", "list", "table", "inet", TABLE]);
    let port = host::free_port();
    let project = Project::new(&lighter, &web(port));
    project.up();
    assert_eq!(page(port), "hello\n");
    let rules = host::run("nft", &["list", "chain", "inet", TABLE, "forward"]);
    assert!(rules.contains("accept comment \"lighter"), "{rules}");
    let doctor = project.run(&["doctor", "network"]);
    assert!(doctor.stdout.contains(&format!("inet {TABLE} forward")), "{}", doctor.stdout);
    project.down();
    assert_eq!(host::run("nft", &["--stateless", "list", "table", "inet", TABLE]), before);
}

#[test]
fn flushed_rules_are_named_by_doctor_and_brought_back_by_the_next_command() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let project = Project::new(&lighter, &web(port));
    let before = host::run("nft", &["list", "tables"]);
    project.up();
    let tables = host::run("nft", &["list", "tables"]);
    let is_own = |line: &&str| line.contains("inet lighter-") && !before.contains(line);
    let own = tables.lines().find(is_own).expect("our table").to_owned();
    let name = own.rsplit(' ').next().expect("a name");
    host::run("nft", &["delete", "table", "inet", name]);
    let doctor = project.run(&["doctor", "network"]);
    assert_eq!(doctor.code, Some(1), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("is gone"), "{}", doctor.stdout);
    project.run(&["restart", "-t", "0"]).succeeds();
    wait_until("the port answers", || {
        host::own_address().is_none_or(|own: IpAddr| {
            scenarios::http::get(std::net::SocketAddr::new(own, port)).as_deref() == Some("hello\n")
        })
    });
    project.run(&["doctor", "network"]).succeeds();
}
