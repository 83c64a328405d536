//! Mistakes that only the machine or a registry can find: what was asked, who said no, exit code 1.

use scenarios::{Folder, Lighter, Outcome, Project, Snapshot, host, lighter, require};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;

const SCREEN: usize = 24;
/// The user `nobody` of every Debian.
const NOBODY: u32 = 65534;

/// `up` of `compose` fails on one screen; no container is left.
#[track_caller]
fn failed_up(lighter: &Lighter, compose: &str) -> Outcome {
    let project = Project::new(lighter, compose);
    let outcome = project.run(&["up", "-d"]).fails_with(1);
    assert!(outcome.stderr.lines().count() <= SCREEN, "{}", outcome.stderr);
    outcome
}

#[test]
fn missing_image_is_named_with_the_registry_answer() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    let mirror = std::env::var("LIGHTER_REGISTRY_MIRROR").expect("require has seen it");
    let image = format!("{mirror}/library/no-such-image:1");
    let outcome = failed_up(&lighter, &format!("services: {{web: {{image: '{image}'}}}}"));
    outcome.says(&[&image, "unknown"]);
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn registry_that_is_down_is_named() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let image = format!("127.0.0.1:{}/web:1", host::free_port());
    let outcome = failed_up(&lighter, &format!("services: {{web: {{image: '{image}'}}}}"));
    outcome.says(&[&image, "refuses the connection"]);
}

#[test]
fn port_taken_by_a_stranger_is_named() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let taken = TcpListener::bind(("0.0.0.0", 0)).expect("a port is free");
    let port = taken.local_addr().expect("it has an address").port();
    failed_up(&lighter, &web(port)).says(&[&port.to_string(), "in use"]);
}

#[test]
fn port_taken_by_a_container_of_ours_is_named_with_its_owner() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let first = Project::new(&lighter, &web(port));
    first.up();
    let owner = format!("{}-web-1", first.name());
    failed_up(&lighter, &web(port)).says(&[&port.to_string(), &owner]);
    assert_eq!(first.container("web").state, "running");
}

#[test]
fn program_that_is_not_in_the_image_is_named() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    failed_up(&lighter, "services: {web: {image: busybox, command: /no/such}}").says(&["/no/such"]);
}

#[test]
fn user_who_is_not_root_is_told_so() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let folder = Folder::new("not-root");
    // The folder the binary was built in may be closed to others.
    let binary = folder.path().join("lighter");
    fs::copy(lighter.binary(), &binary).expect("the binary can be copied");
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).expect("its mode can be set");
    folder.write("compose.yaml", "services: {web: {image: busybox}}");
    let mut command = std::process::Command::new(&binary);
    command.args(["up", "-d"]).current_dir(folder.path()).uid(NOBODY).gid(NOBODY);
    lighter::run(command).fails_with(1).says(&["root"]);
}

fn web(port: u16) -> String {
    format!("services: {{web: {{image: busybox, command: sleep 1000000, init: true, ports: ['{port}:80']}}}}")
}
