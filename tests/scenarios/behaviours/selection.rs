//! Which services a command is about: names, profiles, orphans.

use super::{PAIR, states};
use scenarios::{Lighter, Project, require};

const PROFILED: &str = "
services:
  always: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
  debug: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s, profiles: [dev]}
";

#[test]
fn a_profiled_service_is_left_out_unless_its_profile_or_name_is_given() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PROFILED);
    project.up();
    assert_eq!(states(&project), ["always-1 running"]);
    project.run(&["--profile", "dev", "up", "-d"]).succeeds();
    assert_eq!(states(&project), ["always-1 running", "debug-1 running"]);
    project.run(&["--profile", "dev", "stop"]).succeeds();
    project.run(&["--profile", "dev", "start"]).succeeds();
    assert_eq!(states(&project), ["always-1 running", "debug-1 running"]);
    project.run(&["--profile", "dev", "down", "-t", "0"]).succeeds();
    assert!(states(&project).is_empty());
    project.run(&["up", "-d", "debug"]).succeeds();
    assert_eq!(states(&project), ["debug-1 running"]);
    let before = project.container("debug").pid;
    project.run(&["restart", "debug"]).succeeds();
    assert_ne!(project.container("debug").pid, before);
    project.run(&["--profile", "*", "down", "-t", "0"]).succeeds();
}

#[test]
fn orphans_are_removed_as_the_environment_says() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, super::PAIR);
    project.up();
    project.write(
        "compose.yaml",
        "services: {db: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}}",
    );
    project.run(&["up", "-d"]).succeeds().says(&["orphan", "web-1"]);
    let quiet = project.run(&["up", "-d"]).succeeds();
    assert!(quiet.stderr.contains("orphan"));
    project.write(".env", "COMPOSE_REMOVE_ORPHANS=1\n");
    let project = project.env("COMPOSE_REMOVE_ORPHANS", "1");
    project.up();
    assert_eq!(states(&project), ["db-1 running"]);
}

#[test]
fn a_name_that_is_no_service_is_refused_with_the_nearest() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, super::PAIR);
    for command in
        ["up", "stop", "start", "logs", "ps", "restart", "kill", "rm", "top", "images", "pull", "build"]
    {
        project.run(&[command, "wep"]).fails_with(1).says(&["no such service: wep"]);
    }
    project.run(&["up", "wep"]).fails_with(1).says(&["did you mean `web`?"]);
}

#[test]
fn compatibility_joins_names_with_underscores() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["--compatibility", "up", "-d"]).succeeds();
    let names = |project: &Project<'_>| {
        let listed = project.run(&["ps", "-a", "--format", "{{.Name}}"]).succeeds().stdout;
        let mut names: Vec<_> = listed.lines().map(|line| line.replacen(&project.name(), "", 1)).collect();
        names.sort();
        names
    };
    assert_eq!(names(&project), ["_db_1", "_web_1"]);
    project.run(&["down"]).succeeds();
    let by_variable = project.env("COMPOSE_COMPATIBILITY", "true");
    by_variable.up();
    assert_eq!(names(&by_variable), ["_db_1", "_web_1"]);
}
