//! `cp`, `export`, `commit`, `attach`.

use super::PAIR;
use scenarios::{Lighter, Project, require, wait_until};
use std::fs;
use std::process::Stdio;

#[test]
fn files_go_into_every_container_and_come_from_the_first() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["up", "-d", "--scale", "web=2"]).succeeds();
    project.write("folder/file", "content\n");
    project.run(&["cp", "folder", "web:/copied"]).succeeds();
    for index in ["1", "2"] {
        let shown = project.run(&["exec", "-T", "--index", index, "web", "cat", "/copied/file"]);
        assert_eq!(shown.succeeds().stdout, "content\n");
    }
    project.run(&["cp", "--index", "2", "folder/file", "web:/only"]).succeeds();
    assert_ne!(project.run(&["exec", "-T", "web", "cat", "/only"]).code, Some(0));
    project.run(&["cp", "--index", "2", "web:/only", "back"]).succeeds();
    project.run(&["cp", "web:/copied", "whole"]).succeeds();
    let read = |name: &str| fs::read_to_string(project.folder().path().join(name)).expect(name);
    assert_eq!((read("back"), read("whole/file")), ("content\n".to_owned(), "content\n".to_owned()));
}

#[test]
fn archives_go_through_stdin_and_stdout() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["up", "-d", "db"]).succeeds();
    project.shell("db", "mkdir /from; echo through > /from/file");
    let mut out =
        project.command(&["cp", "db:/from", "-"]).stdout(Stdio::piped()).spawn().expect("lighter starts");
    let archive = out.stdout.take().expect("stdout is a pipe");
    let into = project.command(&["cp", "-", "db:/tmp"]).stdin(archive).status().expect("lighter starts");
    assert!(into.success() && out.wait().expect("lighter ends").success());
    assert_eq!(project.shell("db", "cat /tmp/from/file"), "through\n");
}

#[test]
fn copies_that_make_no_sense_are_refused() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project
        .run(&["cp", "web:/a", "db:/b"])
        .fails_with(1)
        .says(&["copying between services is not supported"]);
    project.run(&["cp", "a", "b"]).fails_with(1).says(&["SERVICE:PATH"]);
    project.run(&["cp", "web:/a", "b"]).fails_with(1).says(&["no container found for service \"web\""]);
}

#[test]
fn export_writes_the_files_of_the_replica_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["up", "-d", "--scale", "web=2"]).succeeds();
    project.run(&["exec", "-T", "--index", "2", "web", "sh", "-c", "echo second > /mark"]).succeeds();
    project.run(&["export", "-o", "two.tar", "--index", "2", "web"]).succeeds();
    project.run(&["export", "-o", "one.tar", "web"]).succeeds();
    let list = |name: &str| {
        scenarios::host::run("tar", &["-tf", &project.folder().path().join(name).display().to_string()])
    };
    let has_mark = |name: &str| list(name).lines().any(|entry| entry.trim_start_matches("./") == "mark");
    assert!(has_mark("two.tar") && !has_mark("one.tar"));
}

#[test]
fn commit_makes_an_image_of_the_replica_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["up", "-d", "--scale", "web=2"]).succeeds();
    project.run(&["exec", "-T", "--index", "2", "web", "sh", "-c", "echo second > /mark"]).succeeds();
    project
        .run(&["commit", "--index", "2", "-m", "marked", "-c", "CMD [\"cat\", \"/mark\"]", "web", "marked:1"])
        .succeeds()
        .says(&["Committed as sha256:"]);
    project.write("marked.yaml", "services: {marked: {image: 'marked:1'}}");
    assert_eq!(project.run(&["-f", "marked.yaml", "run", "--rm", "marked"]).succeeds().stdout, "second\n");
}

#[test]
fn attach_shows_what_is_written_from_now_on_and_ends_with_the_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web: {image: busybox, command: [sh, -c, 'until test -e /go; do sleep 0.05; done; echo now; exit 5']}
";
    let project = Project::new(&lighter, compose);
    project.up();
    let mut command = project.command(&["attach", "--no-stdin", "web"]);
    let child = command.stdout(Stdio::piped()).spawn().expect("lighter starts");
    let events = || project.run(&["events", "--since", "1m", "--until", "0s"]).stdout;
    wait_until("somebody is attached", || events().contains("container attach"));
    project.shell("web", "touch /go");
    let output = child.wait_with_output().expect("lighter ends");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(5), &b"now\n"[..]));
    project.run(&["attach", "web"]).fails_with(1).says(&["is not running"]);
}
