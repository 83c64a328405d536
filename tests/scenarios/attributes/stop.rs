//! How a container is stopped.

use super::{compose, sleeping};
use scenarios::{Lighter, Project, require, wait_until};
use std::time::Duration;

/// Exits with 7 when it is sent `signal`.
fn handler(signal: &str) -> String {
    format!("command: [sh, -c, \"trap 'exit 7' {signal}; echo ready; while :; do sleep 0.05; done\"]")
}

#[track_caller]
fn started<'a>(lighter: &'a Lighter, attributes: &str) -> Project<'a> {
    let project = Project::new(lighter, &compose(attributes));
    project.up();
    wait_until("the handler is set", || project.run(&["logs"]).stdout.contains("ready"));
    project
}

#[test]
fn stop_signal_is_the_one_that_is_sent() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    for (attribute, signal) in [("SIGUSR1", "USR1"), ("'12'", "USR2")] {
        let project = started(&lighter, &format!("{}\nstop_signal: {attribute}", handler(signal)));
        project.run(&["stop"]).succeeds();
        assert_eq!(project.container("web").exit_code, 7, "{attribute}");
    }
}

#[test]
fn stop_grace_period_is_how_long_a_handler_may_take() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let endless = "command: [sh, -c, \"trap '' TERM; echo ready; while :; do sleep 0.05; done\"]";
    let project = started(&lighter, &format!("{endless}\nstop_grace_period: 300ms"));
    let outcome = project.run(&["stop"]).succeeds();
    assert_eq!(project.container("web").exit_code, 137);
    assert!(outcome.took >= Duration::from_millis(300), "{:?}", outcome.took);
}

#[test]
fn handler_that_leaves_the_next_signal_to_the_kernel_may_finish() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    // Work in the shell itself: it is the only process, and from here on without a handler.
    let work = "trap - TERM; i=0; while [ $$i -lt 300000 ]; do i=$$((i+1)); done; exit 7";
    let command = format!("command: [sh, -c, \"trap '{work}' TERM; echo ready; while :; do :; done\"]");
    let project = started(&lighter, &format!("{command}\nstop_grace_period: 10m"));
    project.run(&["stop"]).succeeds();
    assert_eq!(project.container("web").exit_code, 7);
}

#[test]
fn process_without_a_handler_need_not_be_waited_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = sleeping(&lighter, "stop_grace_period: 10m");
    let outcome = project.run(&["stop"]).succeeds();
    assert!(outcome.took < Duration::from_mins(9), "{:?}", outcome.took);
}
