//! `logs`: of several containers, in order.

use scenarios::{Lighter, Project, require, wait_until};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

/// Each container's supervisor puts down when it read a line, so the next one is written when the last
/// one is there.
#[test]
fn lines_of_several_services_are_merged_in_the_order_of_writing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  odd: {image: busybox, command: sleep 1000000}
  even: {image: busybox, command: sleep 1000000}
";
    let project = Project::new(&lighter, compose);
    project.up();
    let mut expected = String::new();
    for (number, service) in (1..).zip(["odd", "even", "odd", "even", "even", "odd"]) {
        project.shell(service, &format!("echo {number} >/proc/1/fd/1"));
        writeln!(expected, "{number}").expect("a String takes it");
        wait_until("the line is in the log", || {
            project.run(&["logs", "--no-log-prefix"]).succeeds().stdout == expected
        });
    }
    let text = project.run(&["logs", "--no-color", "odd"]).succeeds().stdout;
    assert_eq!(text, "odd-1  | 1\nodd-1  | 3\nodd-1  | 6\n");
}

#[test]
fn index_chooses_a_replica_of_one_service() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {image: busybox, command: echo hello, scale: 2}}");
    project.up();
    wait_until("both have ended", || project.run(&["ps", "-q"]).stdout.is_empty());
    let shown = project.run(&["logs", "--no-color", "--index", "2", "web"]).succeeds().stdout;
    assert_eq!(shown, "web-2  | hello\n");
    project.run(&["logs", "--index", "2"]).fails_with(1).says(&["--index requires one service"]);
}

#[test]
fn following_shows_replicas_and_services_that_start_later() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  first: {image: busybox, command: [sh, -c, 'echo first; exec sleep 1000000'], init: true}
  later: {image: busybox, command: [sh, -c, 'echo later; exec sleep 1000000'], init: true}
";
    let project = Project::new(&lighter, compose);
    project.run(&["up", "-d", "first"]).succeeds();
    let mut command = project.command(&["logs", "-f", "--no-color"]);
    let mut logs = command.stdout(Stdio::piped()).spawn().expect("lighter starts");
    let mut lines =
        BufReader::new(logs.stdout.take().expect("stdout is a pipe")).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("first-1  | first"));
    project.run(&["up", "-d", "later"]).succeeds();
    assert_eq!(lines.next().as_deref(), Some("later-1  | later"));
    project.run(&["scale", "first=2"]).succeeds();
    assert_eq!(lines.next().as_deref(), Some("first-2  | first"));
    project.down();
    assert!(lines.all(|line| line.contains("exited")));
    assert!(logs.wait().expect("lighter ends").success());
}

#[test]
fn many_lines_are_all_shown() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {image: busybox, command: seq 1 100000}}");
    let outcome = project.run(&["up", "--no-log-prefix"]).succeeds();
    let shown = outcome.stdout.lines().filter(|line| line.parse::<u32>().is_ok()).count();
    assert_eq!(shown, 100_000);
    assert!(outcome.stdout.ends_with("web-1 exited with code 0\n"));
}
