//! `kill -9` of the command or of a supervisor while containers are being started.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scenarios::{Lighter, Project, Snapshot, host, process, require};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How many moments of a launch are tried.
const MOMENTS: u32 = 12;

fn compose() -> String {
    format!(
        "
services:
  one:
    image: busybox
    command: sleep 1000000
    init: true
    ports: ['{}:80']
    volumes: [data:/data]
  two:
    image: busybox
    command: sleep 1000000
    init: true
    depends_on: [one]
volumes:
  data:
",
        host::free_port()
    )
}

/// Starts the project again and again, lets `strike` loose at a later moment each time, and asserts that
/// the next `up` converges and that `down` leaves nothing.
fn check(strike: impl Fn(&Lighter, i32)) {
    let lighter = Lighter::new();
    lighter.run(["image", "pull", "busybox"]).succeeds();
    let before = Snapshot::take(lighter.root());
    let project = Project::new(&lighter, &compose());
    let whole = project.up().took;
    project.run(&["down", "-v", "-t", "0"]).succeeds();
    for moment in 0..MOMENTS {
        let mut command = project.command(&["up", "-d"]);
        let start = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("lighter starts");
        spin_until(start + whole * moment / MOMENTS);
        strike(&lighter, child.id().cast_signed());
        child.wait().expect("lighter ends");
        project.up();
        for service in ["one", "two"] {
            assert_eq!(project.container(service).state, "running", "{service} after moment {moment}");
        }
        project.run(&["down", "-v", "-t", "0"]).succeeds();
        before.assert_same(&Snapshot::take(lighter.root()));
    }
}

/// The moment itself is what is tested; sleeping would miss it by more than a launch takes.
fn spin_until(moment: Instant) {
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
}

#[test]
fn command_killed_while_it_starts_containers() {
    require!(Root, Seeds);
    check(|_, command| {
        // It may have ended just before.
        let _ = kill(Pid::from_raw(command), Signal::SIGKILL);
    });
}

#[test]
fn supervisor_killed_while_it_starts_its_container() {
    require!(Root, Seeds);
    check(|lighter, _| {
        let deadline = Instant::now() + Duration::from_millis(50);
        while Instant::now() < deadline {
            if let Some(supervisor) = process::supervisors(lighter.root()).first() {
                let _ = kill(Pid::from_raw(supervisor.pid), Signal::SIGKILL);
                return;
            }
        }
    });
}

#[test]
fn command_and_supervisors_killed_together() {
    require!(Root, Seeds);
    check(|lighter, command| {
        let _ = kill(Pid::from_raw(command), Signal::SIGKILL);
        for supervisor in process::supervisors(lighter.root()) {
            let _ = kill(Pid::from_raw(supervisor.pid), Signal::SIGKILL);
        }
    });
}
