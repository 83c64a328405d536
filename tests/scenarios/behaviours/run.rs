//! `run`: a container of its own.

use super::{PAIR, states};
use scenarios::{Lighter, Project, host, http, require, wait_until};
use std::io::Write as _;
use std::process::Stdio;

const APP: &str = "
services:
  app:
    image: busybox
    command: [sh, -c, 'echo from the file']
    environment: {COLOUR: blue, SHAPE: round}
    depends_on: [db]
  db: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
  other: {image: busybox, command: sleep 1000000, init: true}
";

#[test]
fn the_command_replaces_the_files_and_only_dependencies_are_started() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, APP);
    assert_eq!(project.run(&["run", "--rm", "app"]).succeeds().stdout, "from the file\n");
    assert_eq!(
        project.run(&["run", "--rm", "app", "echo", "other words"]).succeeds().stdout,
        "other words\n"
    );
    assert_eq!(states(&project), ["db-1 running"]);
    assert_eq!(project.run(&["run", "--rm", "app", "sh", "-c", "exit 7"]).fails_with(7).stdout, "");
}

#[test]
fn without_dependencies_none_is_started() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, APP);
    project.run(&["run", "--rm", "--no-deps", "app"]).succeeds();
    assert!(states(&project).is_empty());
}

#[test]
fn what_the_command_line_says_wins_over_the_file() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, APP).env("SHELL_ONE", "from shell");
    project.write("extra.env", "SHAPE=square\nEXTRA=file\n");
    project.write("shared/file", "shared\n");
    let script = "echo $COLOUR/$SHAPE/$EXTRA/$SHELL_ONE; pwd; id -u; cat /shared/file; echo $1";
    let outcome = project.run(&[
        "run",
        "--rm",
        "--no-deps",
        "-T",
        "-e",
        "COLOUR=$red",
        "-e",
        "SHELL_ONE",
        "--env-from-file",
        "extra.env",
        "-w",
        "/tmp",
        "-u",
        "nobody",
        "-v",
        "./shared:/shared:ro",
        "--entrypoint",
        "sh -c",
        "app",
        script,
    ]);
    assert_eq!(outcome.succeeds().stdout, "$red/square/file/from shell\n/tmp\n65534\nshared\n\n");
}

#[test]
fn labels_name_and_capabilities_are_taken() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, APP);
    let name = format!("{}-mine", project.name());
    let script = "grep CapEff /proc/self/status";
    let plain = project.run(&["run", "--rm", "--no-deps", "app", "sh", "-c", script]).succeeds().stdout;
    let outcome = project.run(&[
        "run",
        "--no-deps",
        "--name",
        &name,
        "-l",
        "tier=front",
        "--cap-add",
        "NET_ADMIN",
        "--cap-drop",
        "CHOWN",
        "app",
        "sh",
        "-c",
        script,
    ]);
    assert_ne!(outcome.succeeds().stdout, plain);
    let shown = project.run(&["ps", "-a", "--format", "{{.Name}} {{.Label \"tier\"}}"]).succeeds().stdout;
    assert_eq!(shown, format!("{name} front\n"));
}

#[test]
fn piped_input_reaches_the_command_and_ends_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, APP);
    let mut command = project.command(&["run", "--rm", "--no-deps", "app", "cat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("lighter starts");
    child.stdin.take().expect("stdin is a pipe").write_all(b"through\n").expect("it is read");
    let output = child.wait_with_output().expect("lighter ends");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"through\n"[..]));
    project
        .run(&["run", "--rm", "--tty", "app", "true"])
        .fails_with(1)
        .says(&["the input device is not a TTY"]);
    project.run(&["run", "--rm", "--no-tty=false", "app", "true"]).fails_with(1).says(&["not a TTY"]);
}

#[test]
fn ports_are_published_only_on_request() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let (of_service, of_line) = (host::free_port(), host::free_port());
    let serve = "mkdir /www; echo page > /www/index.html; exec httpd -f -h /www";
    let compose = format!(
        "services: {{web: {{image: busybox, ports: ['{of_service}:80'], command: [sh, -c, '{serve}']}}}}"
    );
    let project = Project::new(&lighter, &compose);
    project.run(&["run", "-d", "-p", &format!("{of_line}:80"), "--name", "one", "web"]).succeeds();
    assert_eq!(http::page(of_line), "page\n");
    assert!(http::get(([127, 0, 0, 1], of_service).into()).is_none());
    project.run(&["run", "-d", "-P", "--name", "two", "web"]).succeeds();
    assert_eq!(http::page(of_service), "page\n");
    project.run(&["run", "-P", "-p", "1:1", "web"]).fails_with(1);
}

#[test]
fn names_of_the_service_are_taken_only_on_request() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["up", "-d", "db"]).succeeds();
    project.run(&["run", "-d", "--name", "plain", "web", "sleep", "1000000"]).succeeds();
    assert_ne!(project.run(&["exec", "-T", "db", "nslookup", "web"]).code, Some(0));
    project.run(&["exec", "-T", "db", "nslookup", "plain"]).succeeds();
    project.run(&["run", "-d", "--use-aliases", "--name", "known", "web", "sleep", "1000000"]).succeeds();
    project.run(&["exec", "-T", "db", "nslookup", "web"]).succeeds();
    project.run(&["rm", "-s", "-f"]).succeeds();
    project.run(&["down", "--remove-orphans", "-t", "0"]).succeeds();
}

#[test]
fn a_detached_one_off_vanishes_when_it_ends_if_asked_to() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    let id = project.run(&["run", "-d", "--rm", "--no-deps", "web", "sleep", "0.2"]).succeeds().stdout;
    assert_eq!(id.trim().len(), 64);
    wait_until("it is gone", || states(&project).is_empty());
}

#[test]
fn dependencies_are_waited_for_as_their_conditions_say() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  app: {image: busybox, command: 'cat /shared/done', volumes: ['shared:/shared'], depends_on: {job: {condition: service_completed_successfully}}}
  job: {image: busybox, command: [sh, -c, 'sleep 0.2; echo done > /shared/done'], volumes: ['shared:/shared']}
  bad: {image: busybox, command: 'true', depends_on: {fails: {condition: service_completed_successfully}}}
  fails: {image: busybox, command: [sh, -c, 'echo its last words; exit 3']}
  lenient: {image: busybox, command: 'true', depends_on: {fails: {condition: service_completed_successfully, required: false}}}
volumes: {shared: {}}
";
    let project = Project::new(&lighter, compose);
    assert_eq!(project.run(&["run", "--rm", "app"]).succeeds().stdout, "done\n");
    project.run(&["run", "--rm", "bad"]).fails_with(1).says(&["exited (3)"]);
    project.run(&["run", "--rm", "lenient"]).succeeds();
}

#[test]
fn exec_prefers_the_services_container_to_a_one_off() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["run", "-d", "--no-deps", "-e", "WHO=one-off", "web", "sleep", "1000000"]).succeeds();
    let who = || project.run(&["exec", "-T", "web", "sh", "-c", "echo who: $WHO"]);
    assert_eq!(who().succeeds().stdout, "who: one-off\n");
    project
        .run(&["exec", "-T", "--index", "1", "web", "true"])
        .fails_with(1)
        .says(&["is not running container #1"]);
    project.up();
    assert_eq!(who().succeeds().stdout, "who:\n");
    project.run(&["down", "--remove-orphans", "-t", "0"]).succeeds();
}
