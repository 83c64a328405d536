//! Ctrl-C, and two commands at one project.

use super::{PAIR, states};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scenarios::{Lighter, Project, require, wait_until};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

fn spawn(project: &Project<'_>, arguments: &[&str]) -> Child {
    let mut command = project.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("lighter starts")
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).expect("lighter runs");
}

/// Reads what the command writes to stderr until `text` has come.
fn wait_for(child: &mut Child, text: &str) -> String {
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
    let mut seen = String::new();
    while !seen.contains(text) {
        assert_ne!(lines.read_line(&mut seen).expect("readable"), 0, "no {text:?} in {seen}");
    }
    // Whoever writes on finds a reader.
    std::thread::spawn(move || drop(lines.read_to_string(&mut String::new())));
    seen
}

const STUBBORN: &str = "
services:
  web: {image: busybox, command: [sh, -c, \"trap 'echo heard' TERM; echo ready; while true; do sleep 0.05; done\"], stop_grace_period: 1h}
";

#[test]
fn an_interrupt_stops_gracefully_and_a_second_one_kills() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, STUBBORN);
    let mut up = spawn(&project, &["up"]);
    wait_until("it is ready", || project.run(&["logs"]).stdout.contains("ready"));
    interrupt(&up);
    wait_for(&mut up, "Gracefully Stopping");
    wait_until("it was asked to stop", || project.run(&["logs"]).stdout.contains("heard"));
    interrupt(&up);
    assert_eq!(up.wait().expect("lighter ends").code(), Some(130));
    assert_eq!(project.container("web").exit_code, 137);
}

#[test]
fn an_interrupted_run_passes_the_signal_on_and_then_kills() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, STUBBORN);
    let script = "trap 'echo heard' INT; echo ready; while true; do sleep 0.05; done";
    let mut run = spawn(&project, &["run", "--rm", "web", "sh", "-c", script]);
    let mut lines =
        BufReader::new(run.stdout.take().expect("stdout is a pipe")).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("ready"));
    interrupt(&run);
    assert_eq!(lines.next().as_deref(), Some("heard"));
    interrupt(&run);
    assert_eq!(run.wait().expect("lighter ends").code(), Some(137));
    assert!(states(&project).is_empty());
}

#[test]
fn only_the_services_named_are_stopped_by_an_interrupt() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    let up = spawn(&project, &["up", "web"]);
    wait_until("both run", || states(&project) == ["db-1 running", "web-1 running"]);
    wait_until("it follows", || !project.run(&["ps", "-q"]).stdout.is_empty());
    interrupt(&up);
    let output = up.wait_with_output().expect("lighter ends");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(states(&project), ["db-1 running", "web-1 exited"]);
}

#[test]
fn following_ends_with_an_interrupt() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, STUBBORN);
    project.up();
    let mut logs = spawn(&project, &["logs", "-f"]);
    let mut lines = BufReader::new(logs.stdout.take().expect("stdout is a pipe")).lines();
    assert!(lines.next().is_some());
    interrupt(&logs);
    assert_eq!(logs.wait().expect("lighter ends").code(), Some(130));
    assert_eq!(project.container("web").state, "running");
    project.down();
}

#[test]
fn a_second_command_waits_and_says_for_whom_while_readers_do_not() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, STUBBORN);
    project.up();
    let stop = spawn(&project, &["stop"]);
    wait_until("it was asked to stop", || project.run(&["logs"]).stdout.contains("heard"));
    let mut restart = spawn(&project, &["restart", "-t", "0"]);
    let said = wait_for(&mut restart, "to finish with project");
    assert!(said.contains(&format!("process {}", stop.id())) && said.contains("stop`"), "{said}");
    assert_eq!(project.run(&["ps", "--services"]).succeeds().stdout, "web\n");
    project.run(&["exec", "-T", "web", "true"]).succeeds();
    project.run(&["kill", "-s", "KILL"]);
    lighter.run(["container", "ls"]).succeeds();
    drop(stop);
    assert!(restart.wait().expect("lighter ends").success());
    project.down();
}

#[test]
fn an_interrupted_build_exits_as_interrupted() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "services: {web: {build: {context: ., dockerfile_inline: \"FROM busybox\\nRUN echo begun && sleep 1000\\n\"}}}",
    );
    let mut build = spawn(&project, &["build"]);
    wait_for(&mut build, "begun");
    interrupt(&build);
    assert_eq!(build.wait().expect("lighter ends").code(), Some(130));
}
