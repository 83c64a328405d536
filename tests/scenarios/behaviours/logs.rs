//! `logs`: of several containers, in order.

use scenarios::{Lighter, Project, require, wait_until};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

#[test]
fn lines_of_several_services_are_merged_in_the_order_of_writing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let script = |own: &str, other: &str, first: u32| {
        format!(
            "for n in {first} $(({first}+2)) $(({first}+4)); do until test $n = 1 || test -e /shared/$((n-1)); do :; done; echo $n; touch /shared/$n; done # {own} {other}"
        )
    };
    let compose = format!(
        "services:\n  odd: {{image: busybox, volumes: ['s:/shared'], command: [sh, -c, \"{}\"]}}\n  even: {{image: busybox, volumes: ['s:/shared'], command: [sh, -c, \"{}\"]}}\nvolumes: {{s: {{}}}}\n",
        script("odd", "even", 1).replace('$', "$$"),
        script("even", "odd", 2).replace('$', "$$"),
    );
    let project = Project::new(&lighter, &compose);
    project.up();
    wait_until("both have ended", || project.run(&["ps", "-q"]).stdout.is_empty());
    let text = project.run(&["logs", "--no-log-prefix"]).succeeds().stdout;
    assert_eq!(text, "1\n2\n3\n4\n5\n6\n");
    let text = project.run(&["logs", "--no-color", "odd"]).succeeds().stdout;
    assert_eq!(text, "odd-1  | 1\nodd-1  | 3\nodd-1  | 5\n");
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
