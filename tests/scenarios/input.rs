//! Mistakes in the file: one screen that says where and what, exit code 1, and nothing made.

use scenarios::{Lighter, Project, Snapshot, require};

/// Lines a terminal shows at once.
const SCREEN: usize = 24;

/// `up` of `compose` fails, says every one of `texts`, and makes nothing.
#[track_caller]
fn check(compose: &str, texts: &[&str]) {
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    let project = Project::new(&lighter, compose);
    let outcome = project.run(&["up", "-d"]).fails_with(1).says(texts);
    assert!(outcome.stderr.lines().count() <= SCREEN, "{}", outcome.stderr);
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn unknown_key_is_shown_with_the_nearest_known_one() {
    require!(Root, Seeds);
    check("services:\n  web:\n    imagee: busybox\n", &["compose.yaml:3:5", "imagee", "`image`"]);
}

#[test]
fn syntax_error_is_shown_with_its_line() {
    require!(Root, Seeds);
    check("services:\n  web:\n    image: [busybox\n", &["compose.yaml:"]);
}

#[test]
fn cycle_is_spelled_out() {
    require!(Root, Seeds);
    let compose = "
services:
  one: {image: busybox, depends_on: [two]}
  two: {image: busybox, depends_on: [three]}
  three: {image: busybox, depends_on: [one]}
";
    check(compose, &["cycle", "one", "two", "three"]);
}

#[test]
fn undefined_network_is_named() {
    require!(Root, Seeds);
    check("services:\n  web: {image: busybox, networks: [nowhere]}\n", &["web", "nowhere", "network"]);
}

#[test]
fn undefined_volume_is_named() {
    require!(Root, Seeds);
    check("services:\n  web: {image: busybox, volumes: ['nothing:/data']}\n", &["web", "nothing", "volume"]);
}

#[test]
fn undefined_dependency_is_named() {
    require!(Root, Seeds);
    check("services:\n  web: {image: busybox, depends_on: [nobody]}\n", &["web", "nobody"]);
}

#[test]
fn missing_file_is_said_to_be_missing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "");
    std::fs::remove_file(project.folder().path().join("compose.yaml")).expect("the file is there");
    project.run(&["up", "-d"]).fails_with(1).says(&["compose.yaml"]);
}
