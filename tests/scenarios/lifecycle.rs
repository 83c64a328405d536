//! Starting, stopping and restarting, by a user or by policy; `up` in the foreground.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scenarios::{Lighter, Project, require, wait_until};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

const WEB: &str = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
";

#[test]
fn restart_keeps_the_container_and_starts_it_anew() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let before = project.container("web");
    project.run(&["restart", "-t", "0"]).succeeds();
    let after = project.container("web");
    assert_eq!((&after.id, after.state.as_str()), (&before.id, "running"));
    assert_ne!(after.pid, before.pid);
}

#[test]
fn stop_and_start_keep_the_container_and_its_files() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let before = project.container("web");
    project.shell("web", "echo kept > /file");
    project.run(&["stop", "-t", "0"]).succeeds();
    assert_eq!(project.container("web").state, "exited");
    project.run(&["start"]).succeeds();
    let after = project.container("web");
    assert_eq!((&after.id, after.state.as_str()), (&before.id, "running"));
    assert_eq!(project.shell("web", "cat /file"), "kept\n");
}

#[test]
fn stop_lets_a_handler_finish_and_keeps_its_exit_code() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let script = "trap 'echo bye; exit 3' TERM; echo ready; while true; do sleep 0.1; done";
    let compose = format!(
        "services:\n  web:\n    image: busybox\n    command: [sh, -c, \"{script}\"]\n    stop_grace_period: 20s\n"
    );
    let project = Project::new(&lighter, &compose);
    project.up();
    wait_until("the handler is set", || project.run(&["logs", "--no-log-prefix"]).stdout.contains("ready"));
    project.run(&["stop"]).succeeds();
    assert_eq!(project.container("web").exit_code, 3);
    assert!(project.run(&["logs", "--no-log-prefix"]).succeeds().stdout.contains("bye"));
}

#[test]
fn policy_starts_what_has_failed_again() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: [sh, -c, 'echo turn >> /turns; test $(wc -l < /turns) -ge 3 || exit 1; sleep 1000000']
    restart: on-failure
    init: true
";
    let project = Project::new(&lighter, compose);
    project.up();
    let turns = || project.run(&["exec", "-T", "web", "cat", "/turns"]).stdout;
    wait_until("the third turn", || turns() == "turn\nturn\nturn\n");
    assert_eq!(project.container("web").state, "running");
}

#[test]
fn attached_up_prefixes_lines_and_stops_on_interrupt() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: [sh, -c, 'echo hello; exec sleep 1000000']
    init: true
";
    let project = Project::new(&lighter, compose);
    let mut command = project.command(&["up", "-t", "0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("lighter starts");
    // Kept until the end: a closed pipe would be an error of its own.
    let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    let mut lines = stdout.lines().map_while(Result::ok);
    let line = lines.by_ref().find(|line| line.contains("hello")).expect("the line is shown");
    let (prefix, text) = line.split_once('|').expect("the line has a prefix");
    assert_eq!((prefix.trim(), text.trim()), ("web-1", "hello"));
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).expect("lighter still runs");
    let outcome = child.wait_with_output().expect("lighter ends");
    assert_eq!(outcome.status.code(), Some(130), "{}", String::from_utf8_lossy(&outcome.stderr));
    assert_eq!(project.container("web").state, "exited");
}
