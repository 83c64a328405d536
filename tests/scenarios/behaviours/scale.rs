//! Numbers of containers.

use super::{PAIR, states};
use scenarios::{Lighter, Project, require};

#[test]
fn scale_makes_and_removes_containers_and_up_returns_to_the_file() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["scale", "web=2", "db=2"]).succeeds();
    assert_eq!(states(&project), ["db-1 running", "db-2 running", "web-1 running", "web-2 running"]);
    project.run(&["scale", "--no-deps", "web=1"]).succeeds();
    assert_eq!(states(&project), ["db-1 running", "db-2 running", "web-1 running"]);
    project.run(&["scale", "web=2"]).succeeds();
    assert_eq!(states(&project), ["db-1 running", "web-1 running", "web-2 running"]);
    project.run(&["scale", "web=0", "db=0"]).succeeds();
    assert!(states(&project).is_empty());
    project.run(&["up", "-d", "--scale", "db=3"]).succeeds();
    project.up();
    assert_eq!(states(&project), ["db-1 running", "web-1 running"]);
}

#[test]
fn scale_refuses_what_is_no_number_and_no_service() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["scale", "web"]).fails_with(1);
    project.run(&["scale", "web=many"]).fails_with(1);
    project.run(&["scale", "nope=1"]).fails_with(1).says(&["no such service: nope"]);
}

#[test]
fn scaling_up_keeps_the_container_that_runs() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    let before = project.container("web");
    project.run(&["up", "-d", "--scale", "web=3"]).succeeds();
    assert_eq!(project.container("web"), before);
}

#[test]
fn scaling_down_removes_obsolete_containers_first() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project =
        Project::new(&lighter, "services: {web: {image: busybox, command: sleep 1000000, init: true}}");
    project.run(&["up", "-d", "--scale", "web=2"]).succeeds();
    project.write("compose.yaml", "services: {web: {image: busybox, command: sleep 1000001, init: true}}");
    project.run(&["up", "-d", "--no-recreate", "--scale", "web=4"]).succeeds();
    project.run(&["up", "-d", "--no-recreate", "--scale", "web=2"]).succeeds();
    assert_eq!(states(&project), ["web-3 running", "web-4 running"]);
}
