//! `wait`.

use super::states;
use scenarios::{Lighter, Project, require};

const FAST_AND_SLOW: &str = "
services:
  fast: {image: busybox, command: [sh, -c, 'sleep 0.2; exit 3']}
  slow: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
";

#[test]
fn wait_ends_with_the_services_named_and_returns_their_code() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, FAST_AND_SLOW);
    project.up();
    let id = project.container("fast").id;
    let outcome = project.run(&["wait", "fast"]).fails_with(3);
    assert_eq!(outcome.stdout, format!("container \"{id}\" exited with status code 3\n"));
    assert_eq!(states(&project), ["fast-1 exited", "slow-1 running"]);
    let again = project.run(&["wait", "fast"]).fails_with(3);
    assert_eq!(again.stdout, outcome.stdout, "one that has ended already is not waited for in vain");
    project.run(&["rm", "-f", "fast"]).succeeds();
    project.run(&["wait", "fast"]).fails_with(1).says(&["no container of project"]);
}

#[test]
fn wait_takes_the_project_down_on_request() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, FAST_AND_SLOW);
    project.up();
    project.run(&["wait", "--down-project", "fast"]).fails_with(3);
    assert!(states(&project).is_empty());
}

#[test]
fn wait_goes_on_as_long_as_a_service_named_runs() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  quick: {image: busybox, command: 'true'}
  endless: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
";
    let project = Project::new(&lighter, compose);
    project.up();
    let mut waiting = project.command(&["wait", "endless"]).spawn().expect("the command starts");
    project.run(&["wait", "quick"]).succeeds();
    assert!(waiting.try_wait().expect("it is ours").is_none(), "endless has not ended");
    project.run(&["kill", "endless"]).succeeds();
    assert_eq!(waiting.wait().expect("it is ours").code(), Some(137));
}
