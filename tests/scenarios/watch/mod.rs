//! `watch`: a file is saved on the host, and the containers have it.

mod actions;
mod background;
mod copies;
mod journal;
mod limits;
mod saves;
mod services;
mod surroundings;

use scenarios::{Lighter, Project, wait_until};

/// A service that sleeps, as a base for rules.
const SLEEPER: &str = "image: busybox, command: sleep 1000000, init: true";

/// A project with `files` in it that is watched in the background.
fn watched<'a>(lighter: &'a Lighter, compose: &str, files: &[(&str, &str)]) -> Project<'a> {
    let project = Project::new(lighter, compose);
    for (name, text) in files {
        project.write(name, text);
    }
    project.run(&["watch", "-d"]).succeeds();
    project
}

/// A project whose service `web` copies `./src` to `/app`, with more attributes of the service.
fn copying<'a>(lighter: &'a Lighter, attributes: &str) -> Project<'a> {
    let rule = "{action: sync, path: ./src, target: /app, ignore: [node_modules]}";
    let compose = format!("services: {{web: {{{SLEEPER}, {attributes} develop: {{watch: [{rule}]}}}}}}");
    watched(lighter, &compose, &[("src/first", "first\n")])
}

/// Waits until the file at `path` in the service's container has `text`; no text means no file.
#[track_caller]
fn arrives(project: &Project<'_>, service: &str, path: &str, text: Option<&str>) {
    // By name: the file may be one that a test has broken.
    let name = project.name();
    let look = || project.run(&["-p", &name, "exec", "-T", service, "cat", path]);
    let wanted = text.map(str::to_owned);
    wait_until(&format!("{path} is {text:?}"), || {
        let seen = look();
        (seen.code == Some(0)).then_some(seen.stdout) == wanted
    });
}

/// What the watcher in the background has said.
#[track_caller]
fn log(project: &Project<'_>) -> String {
    project.run(&["-p", &project.name(), "logs", "--watch"]).succeeds().stdout
}

/// Waits until the watcher has said `text`.
#[track_caller]
fn says(project: &Project<'_>, text: &str) {
    wait_until(&format!("the watcher says {text:?}"), || log(project).contains(text));
}
