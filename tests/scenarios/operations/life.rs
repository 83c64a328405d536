//! Stopping, freezing, renaming, changing, waiting for and removing containers.

use super::machine::Machine;
use scenarios::require;

const SLEEP: &str = "exec sleep 1000";

#[test]
fn several_containers_are_stopped_started_and_removed_at_once() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    machine.start("b", SLEEP);
    assert_eq!(machine.ok(&["stop", "-t", "1", "a", "b"]), "a\nb\n");
    assert_eq!(machine.states(), "a exited\nb exited");
    assert_eq!(machine.ok(&["restart", "a", "b"]), "a\nb\n");
    assert_eq!(machine.states(), "a running\nb running");
    let outcome = machine.run(&["rm", "a", "nobody", "b"]).fails_with(1);
    outcome.says(&["container a is running", "no such container: nobody", "container b is running"]);
    machine.run(&["rm", "-f", "a", "nobody", "b"]).succeeds().says(&["no such container: nobody"]);
    assert_eq!(machine.states(), "");
}

#[test]
fn a_container_is_found_by_the_beginning_of_its_id() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    let id = machine.ok(&["ls", "-q", "--no-trunc"]);
    assert_eq!(machine.ok(&["pause", &id[..6]]), format!("{}\n", &id[..6]));
    assert_eq!(machine.states(), "a paused");
}

#[test]
fn a_paused_container_does_nothing_until_it_goes_on() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    machine.ok(&["pause", "a"]);
    assert_eq!(machine.states(), "a paused");
    machine.run(&["pause", "a"]).fails_with(1).says(&["container a is already paused"]);
    machine.run(&["exec", "a", "true"]).fails_with(1).says(&["unpause it first"]);
    machine.run(&["attach", "a"]).fails_with(1).says(&["unpause it first"]);
    machine.ok(&["unpause", "a"]);
    assert_eq!(machine.shell("a", "echo on"), "on");
    machine.run(&["unpause", "a"]).fails_with(1).says(&["container a is not paused"]);
    machine.ok(&["pause", "a"]);
    machine.ok(&["stop", "-t", "5", "a"]);
    assert_eq!(machine.states(), "a exited");
}

#[test]
fn a_signal_reaches_the_first_process() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let trap = "trap 'echo got usr1; exit 7' USR1; echo ready; while :; do sleep 0.02; done";
    machine.ok(&["run", "-d", "--name", "a", "busybox", "sh", "-c", trap]);
    scenarios::wait_until("the trap is set", || machine.ok(&["logs", "a"]).contains("ready"));
    machine.ok(&["kill", "-s", "usr1", "a"]);
    assert_eq!(machine.ok(&["wait", "a"]), "7\n");
    assert!(machine.ok(&["logs", "a"]).contains("got usr1"));
    machine.run(&["kill", "a"]).fails_with(1);
    machine.run(&["kill", "-s", "nonsense", "a"]).fails_with(1).says(&["`nonsense` is not a signal"]);
}

#[test]
fn who_is_killed_or_told_to_stop_stays_down_whatever_its_policy() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let trap = "trap 'exit 0' TERM; trap 'echo heard' HUP; echo ready; while :; do sleep 0.02; done";
    machine.ok(&["run", "-d", "--restart", "always", "--name", "a", "busybox", "sh", "-c", trap]);
    scenarios::wait_until("the trap is set", || machine.ok(&["logs", "a"]).contains("ready"));
    machine.ok(&["kill", "-s", "HUP", "a"]);
    scenarios::wait_until("it hears", || machine.ok(&["logs", "a"]).contains("heard"));
    // What says so ends with the container.
    machine.run(&["exec", "a", "kill", "1"]);
    scenarios::wait_until("its policy starts it", || {
        machine.ok(&["logs", "a"]).matches("ready").count() == 2
    });
    for signal in ["TERM", "KILL"] {
        machine.ok(&["kill", "-s", signal, "a"]);
        machine.ok(&["wait", "a"]);
        assert_eq!(machine.states(), "a exited", "after {signal}");
        machine.ok(&["start", "a"]);
    }
}

#[test]
fn an_ended_container_tells_when_it_ran() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    let time = |which: &str| machine.ok(&["inspect", "-f", &format!("{{{{.State.{which}}}}}"), "a"]);
    let (started, never) = (time("StartedAt"), time("FinishedAt"));
    assert_eq!(never, "0001-01-01T00:00:00Z\n");
    machine.ok(&["stop", "-t", "0", "a"]);
    assert_eq!(time("StartedAt"), started);
    assert_ne!(time("FinishedAt"), never);
}

#[test]
fn a_stop_may_have_a_signal_and_a_time_of_its_own() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let trap = "trap 'exit 5' INT; trap '' TERM; echo ready; while :; do sleep 0.02; done";
    machine.ok(&["run", "-d", "--name", "a", "busybox", "sh", "-c", trap]);
    scenarios::wait_until("the trap is set", || machine.ok(&["logs", "a"]).contains("ready"));
    machine.ok(&["stop", "-s", "INT", "-t", "20", "a"]);
    assert_eq!(machine.ok(&["wait", "a"]), "5\n");
    machine.ok(&["start", "a"]);
    scenarios::wait_until("the trap is set", || machine.ok(&["logs", "a"]).matches("ready").count() == 2);
    machine.ok(&["stop", "-t", "0", "a"]);
    assert_eq!(machine.ok(&["wait", "a"]), "137\n");
}

#[test]
fn a_new_name_is_the_only_name() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("old", SLEEP);
    machine.start("taken", SLEEP);
    machine.run(&["rename", "old", "taken"]).fails_with(1).says(&["already in use"]);
    machine.ok(&["rename", "old", "new"]);
    assert_eq!(machine.states(), "new running\ntaken running");
    machine.run(&["stop", "old"]).fails_with(1).says(&["no such container: old"]);
}

#[test]
fn limits_change_while_a_container_runs_and_last() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    let limit = || machine.ok(&["stats", "--no-stream", "--format", "{{.MemUsage}}", "a"]);
    machine.ok(&["update", "-m", "64m", "--memory-swap", "64m", "--pids-limit", "50", "a"]);
    assert!(limit().ends_with("/ 64MiB\n"), "{}", limit());
    machine.ok(&["update", "-m", "128m", "--memory-swap", "128m", "a"]);
    assert!(limit().ends_with("/ 128MiB\n"), "{}", limit());
    machine.ok(&["restart", "-t", "1", "a"]);
    assert!(limit().ends_with("/ 128MiB\n"), "{}", limit());
    machine.run(&["update", "a"]).fails_with(1).says(&["at least one limit"]);
    machine.run(&["update", "-m", "lots", "a"]).fails_with(1).says(&["--memory"]);
}

#[test]
fn a_restart_policy_may_change() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", "echo turn; until test -e /go; do sleep 0.02; done; exit 3");
    machine.ok(&["update", "--restart", "on-failure:1", "a"]);
    machine.shell("a", "touch /go");
    assert_eq!(machine.ok(&["wait", "a"]), "3\n");
    assert_eq!(machine.ok(&["logs", "a"]), "turn\nturn\n");
}

#[test]
fn prune_removes_what_has_ended_and_matches() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("running", SLEEP);
    machine.ok(&["run", "--name", "ended", "busybox", "true"]);
    machine.ok(&["run", "--name", "kept", "--label", "keep", "busybox", "true"]);
    let pruned = machine.ok(&["prune", "-f", "--filter", "label!=keep"]);
    assert!(pruned.starts_with("Deleted Containers:\n") && pruned.contains("Total reclaimed space: "));
    assert_eq!(machine.states(), "kept exited\nrunning running");
    machine.ok(&["prune", "-f", "--filter", "until=24h"]);
    assert_eq!(machine.states(), "kept exited\nrunning running");
    machine.run(&["prune", "-f", "--filter", "nonsense=1"]).fails_with(1);
}
