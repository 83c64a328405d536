//! The watcher as a process: in the background, in the foreground, one for each project.

use super::{SLEEPER, arrives, copying, says, watched};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scenarios::{Lighter, Project, Snapshot, Terminal, require, wait_until};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

#[test]
fn it_is_known_until_it_is_stopped() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    let status = project.run(&["watch", "--status"]).succeeds().stdout;
    assert!(status.contains("is watched by process"), "{status}");
    project.run(&["watch", "--no-up"]).fails_with(1).says(&["watched already", "lighter watch --stop"]);
    project.run(&["watch", "--stop"]).succeeds();
    project.run(&["watch", "--status"]).fails_with(1);
    project.write("src/file", "text\n");
    assert_eq!(project.run(&["exec", "-T", "web", "cat", "/app/file"]).code, Some(1));
}

#[test]
fn down_ends_it_and_leaves_nothing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    lighter.run(["image", "ls"]).succeeds();
    let before = Snapshot::take(lighter.root());
    let project = copying(&lighter, "");
    project.down();
    project.run(&["watch", "--status"]).fails_with(1);
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn up_may_watch_in_the_background_too() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "services: {{web: {{{SLEEPER}, develop: {{watch: [{{action: sync, path: ./src, target: /app}}]}}}}}}"
    );
    let project = Project::new(&lighter, &compose);
    project.write("src/first", "");
    project.run(&["up", "-d", "--watch"]).succeeds();
    project.write("src/file", "text\n");
    arrives(&project, "web", "/app/file", Some("text\n"));
}

#[test]
fn up_in_the_foreground_shows_output_and_watches_until_ctrl_c() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {image: busybox, init: true,
        command: [sh, -c, 'until cat /app/file 2>/dev/null; do sleep 0.05; done; exec sleep 1000000'],
        develop: {watch: [{action: sync, path: ./src, target: /app}]}}}";
    let project = Project::new(&lighter, compose);
    project.write("src/first", "");
    let mut up = project.command(&["up", "--watch"]);
    let mut up = up.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("up starts");
    wait_until("the project is watched", || project.run(&["watch", "--status"]).code == Some(0));
    let mut said = BufReader::new(up.stderr.take().expect("stderr is a pipe")).lines();
    assert!(said.any(|line| line.is_ok_and(|line| line.contains("watching web"))));
    project.write("src/file", "seen inside\n");
    let mut shown = BufReader::new(up.stdout.take().expect("stdout is a pipe")).lines();
    assert!(shown.any(|line| line.is_ok_and(|line| line.contains("seen inside"))));
    kill(Pid::from_raw(up.id().cast_signed()), Signal::SIGINT).expect("up is there");
    up.wait().expect("up ends");
    project.run(&["watch", "--status"]).fails_with(1);
    assert_eq!(project.container("web").state, "exited");
}

#[test]
fn keys_of_up_mean_something_only_when_asked_for() {
    require!(Root, Seeds, Tmux);
    let lighter = Lighter::new();
    let rule = "{action: sync, path: ./src, target: /app}";
    let compose = format!("services: {{web: {{{SLEEPER}, develop: {{watch: [{rule}]}}}}}}");
    let project = Project::new(&lighter, &compose);
    project.write("src/first", "");
    let terminal = Terminal::new(&lighter);
    let file = project.folder().path().join("compose.yaml");
    let up = format!("{} -f {} up", lighter.binary().display(), file.display());
    let is_watched = || project.run(&["watch", "--status"]).code == Some(0);

    terminal.line(&up);
    terminal.shows("Attaching to web-1");
    terminal.keys(&["w", "d"]);
    terminal.keys(&["C-c"]);
    terminal.shows("Gracefully Stopping");
    terminal.shows("Stopped");
    wait_until("it has stopped", || project.container("web").state == "exited");
    assert!(!terminal.screen().contains("watching web"), "{}", terminal.screen());

    terminal.line(&format!("clear; {up} --menu; echo code=$?"));
    terminal.shows("Keys: w watch, d detach");
    terminal.keys(&["w"]);
    terminal.shows("watching web");
    assert!(is_watched());
    terminal.keys(&["w"]);
    terminal.shows("watching no longer");
    assert!(!is_watched());
    terminal.keys(&["d"]);
    terminal.shows("code=0");
    assert_eq!(project.container("web").state, "running");
    terminal.line("stty -a | grep -ow '.icanon'; echo then");
    terminal.shows("then");
    assert!(!terminal.screen().contains("-icanon"), "{}", terminal.screen());
}

#[test]
fn rules_are_proposed_from_dockerfiles() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {build: .}}");
    project.write("requirements.txt", "flask\n");
    project.write(
        "Dockerfile",
        "FROM python:3.9-slim\nWORKDIR /code\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n",
    );
    let proposed = project.run(&["watch", "--suggest"]).succeeds().stdout;
    project.write("compose.override.yaml", &proposed);
    let merged = project.run(&["config"]).succeeds().stdout;
    assert!(merged.contains("target: /code") && merged.contains("action: rebuild"), "{merged}");
}

#[test]
fn a_dry_run_copies_nothing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "services: {{web: {{{SLEEPER}, develop: {{watch: [{{action: sync, path: ./src, target: /app}}]}}}}}}"
    );
    let project = Project::new(&lighter, &compose);
    project.write("src/first", "");
    project.up();
    let mut watch = project.command(&["--dry-run", "watch"]);
    let mut watch = watch.stderr(Stdio::piped()).spawn().expect("watch starts");
    let mut said = BufReader::new(watch.stderr.take().expect("stderr is a pipe")).lines();
    assert!(said.any(|line| line.is_ok_and(|line| line.contains("watching web"))));
    project.write("src/file", "text\n");
    assert!(said.any(|line| line.is_ok_and(|line| line.contains("would sync  file"))));
    kill(Pid::from_raw(watch.id().cast_signed()), Signal::SIGINT).expect("watch is there");
    watch.wait().expect("watch ends");
    assert_eq!(project.run(&["exec", "-T", "web", "cat", "/app/file"]).code, Some(1));
}

#[test]
fn nothing_to_watch_is_an_error_that_helps() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &format!("services: {{web: {{{SLEEPER}}}}}"));
    project.run(&["watch"]).fails_with(1).says(&["develop.watch", "--suggest"]);
}

#[test]
fn a_file_that_breaks_the_project_leaves_the_old_rules() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let rule = |target: &str| {
        format!(
            "services: {{web: {{{SLEEPER}, develop: {{watch: [{{action: sync, path: ./src, target: {target}}}]}}}}}}"
        )
    };
    let project = watched(&lighter, &rule("/app"), &[("src/first", "")]);
    project.write("compose.yaml", "services: {web: {imagee: busybox}}");
    says(&project, "watching as before");
    project.write("src/file", "old rule\n");
    arrives(&project, "web", "/app/file", Some("old rule\n"));
    project.write("compose.yaml", rule("/other"));
    says(&project, "the project's files have changed: now watching web");
    project.write("src/file", "new rule\n");
    arrives(&project, "web", "/other/file", Some("new rule\n"));
}
