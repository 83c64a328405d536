//! `start`, `stop`, `restart`, `pause`, `kill`, `rm`, `down`: what changes, and what is left alone.

use super::{PAIR, states};
use scenarios::{Lighter, Project, require};

#[test]
fn stop_takes_only_what_is_named_and_start_takes_its_dependencies_too() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    project.run(&["stop", "web"]).succeeds().says(&["web-1  Stopped"]);
    assert_eq!(states(&project), ["db-1 running", "web-1 exited"]);
    project.run(&["stop"]).succeeds();
    assert_eq!(project.run(&["ls", "-q"]).succeeds().stdout, "");
    assert!(project.run(&["ls", "-a", "-q"]).succeeds().stdout.contains(&project.name()));
    project.run(&["start", "web"]).succeeds().says(&["db-1  Started", "web-1  Started"]);
    assert_eq!(states(&project), ["db-1 running", "web-1 running"]);
}

#[test]
fn starting_what_runs_and_stopping_what_does_not_changes_nothing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    assert_eq!(project.run(&["start"]).succeeds().stdout, "");
    project.run(&["stop"]).succeeds();
    assert_eq!(project.run(&["stop"]).succeeds().stdout, "");
    assert_eq!(states(&project), ["db-1 exited", "web-1 exited"]);
}

#[test]
fn start_of_a_service_without_container_fails() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["up", "-d", "db"]).succeeds();
    project.run(&["start", "web"]).fails_with(1).says(&["service \"web\" has no container to start"]);
}

#[test]
fn one_offs_are_left_alone_by_stop_and_start() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["run", "-d", "--name", "mine", "web", "sleep", "1000000"]).succeeds();
    project.run(&["stop"]).succeeds();
    assert_eq!(states(&project), ["db-1 exited", "mine running"]);
    project.run(&["down", "--remove-orphans", "-t", "0"]).succeeds();
    assert!(states(&project).is_empty());
}

#[test]
fn pause_freezes_only_its_target_and_twice_is_an_error() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    project.run(&["pause", "web"]).succeeds().says(&["web-1  Paused"]);
    assert_eq!(states(&project), ["db-1 running", "web-1 paused"]);
    project.run(&["pause", "web"]).fails_with(1).says(&["already paused"]);
    project.run(&["unpause", "web"]).succeeds();
    project.run(&["unpause", "web"]).fails_with(1).says(&["not paused"]);
    assert_eq!(states(&project), ["db-1 running", "web-1 running"]);
    project.run(&["pause", "nope"]).fails_with(1).says(&["no such service: nope"]);
    project.run(&["stop"]).succeeds();
    project.run(&["pause", "web"]).succeeds();
}

#[test]
fn kill_sends_its_signal_and_says_when_there_is_nobody() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let script = "trap 'echo heard; exit 4' HUP; echo ready; while true; do sleep 0.05; done";
    let compose = format!("services: {{web: {{image: busybox, command: [sh, -c, \"{script}\"]}}}}");
    let project = Project::new(&lighter, &compose);
    project.up();
    scenarios::wait_until("the trap is set", || project.run(&["logs"]).stdout.contains("ready"));
    project.run(&["kill", "-s", "HUP"]).succeeds();
    scenarios::wait_until("it has ended", || states(&project) == ["web-1 exited"]);
    assert_eq!(project.container("web").exit_code, 4);
    project.run(&["kill"]).succeeds().says(&["no container to kill"]);
}

#[test]
fn restart_takes_dependents_that_ask_for_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  base: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
  follows: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s, depends_on: {base: {condition: service_started, restart: true}}}
  stays: {image: busybox, command: sleep 1000000, init: true, depends_on: [base]}
";
    let project = Project::new(&lighter, compose);
    project.up();
    let before = ["base", "follows", "stays"].map(|service| project.container(service));
    project.run(&["restart", "base"]).succeeds();
    let after = ["base", "follows", "stays"].map(|service| project.container(service));
    let is_new: Vec<_> = before.iter().zip(&after).map(|(old, new)| old.pid != new.pid).collect();
    assert_eq!(is_new, [true, true, false]);
    assert!(before.iter().zip(&after).all(|(old, new)| old.id == new.id));
    project.run(&["restart", "--no-deps", "base"]).succeeds();
    assert_eq!(project.container("follows").pid, after[1].pid);
}

#[test]
fn rm_takes_stopped_containers_and_with_stop_running_ones() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    project.run(&["rm", "-f"]).succeeds().says(&["no stopped containers"]);
    project.run(&["rm", "-s", "-f", "web"]).succeeds();
    assert_eq!(states(&project), ["db-1 running"]);
    project.run(&["rm", "-s"]).fails_with(130);
    project.run(&["rm", "-s", "-f"]).succeeds();
    assert!(states(&project).is_empty());
}

#[test]
fn down_of_one_service_leaves_the_others() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    project.run(&["down", "-t", "0", "web"]).succeeds();
    assert_eq!(states(&project), ["db-1 running"]);
    project.down();
    project.run(&["down"]).succeeds();
}

#[test]
fn only_the_services_of_the_file_are_stopped() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.write("other.yaml", "services: {other: {image: busybox, command: sleep 1000000, init: true}}");
    project.run(&["-f", "compose.yaml", "-f", "other.yaml", "up", "-d"]).succeeds();
    project.run(&["stop", "-t", "0", "web", "db"]).succeeds();
    assert_eq!(states(&project), ["db-1 exited", "other-1 running", "web-1 exited"]);
}
