//! What a failed update leaves behind, by `failure_action`.

use scenarios::{Lighter, Project, require};

/// Three replicas of which none gets healthy once `ready` is `false`; old ones stop first.
fn service(ready: bool, on_failure: &str) -> String {
    format!(
        "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    environment: {{READY: '{ready}'}}
    stop_grace_period: 0s
    healthcheck: {{test: [CMD-SHELL, '$$READY'], interval: 50ms, retries: 1}}
    deploy:
      replicas: 3
      update_config: {{order: stop-first, parallelism: 1, failure_action: {on_failure}}}
"
    )
}

/// What `READY` is in each replica, after an update to what does not get healthy, and its exit code;
/// `on_failure` is the action, and what else of `update_config` comes with it.
fn after_failed_update(on_failure: &str) -> (Vec<String>, Option<i32>) {
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &service(true, on_failure));
    project.run(&["up", "-d", "--wait"]).succeeds();
    project.write("compose.yaml", service(false, on_failure));
    let outcome = project.run(&["up", "-d"]);
    let ready = |number: &str| {
        let outcome = project.run(&["exec", "-T", "--index", number, "web", "sh", "-c", "echo $READY"]);
        outcome.succeeds().stdout.trim().to_owned()
    };
    (["1", "2", "3"].map(ready).to_vec(), outcome.code)
}

#[test]
fn pause_leaves_the_other_replicas_as_they_were() {
    require!(Root, Seeds);
    let (mut ready, code) = after_failed_update("pause");
    ready.sort();
    assert_eq!(ready, ["false", "true", "true"]);
    assert_eq!(code, Some(1));
}

#[test]
fn continue_updates_every_replica_all_the_same() {
    require!(Root, Seeds);
    let (ready, code) = after_failed_update("continue");
    assert_eq!(ready, ["false", "false", "false"]);
    assert_eq!(code, Some(1), "what was borne is told all the same");
}

#[test]
fn rollback_puts_back_the_replica_that_was_replaced() {
    require!(Root, Seeds);
    let (ready, code) = after_failed_update("rollback");
    assert_eq!(ready, ["true", "true", "true"]);
    assert_eq!(code, Some(1));
}

#[test]
fn failures_within_the_ratio_are_borne() {
    require!(Root, Seeds);
    let (mut ready, code) = after_failed_update("pause, max_failure_ratio: 0.4");
    ready.sort();
    // One of three is less than 0.4 of them, two are more.
    assert_eq!(ready, ["false", "false", "true"]);
    assert_eq!(code, Some(1));
}

/// Two replicas, replaced one after the other when `value` changes.
fn in_turns(value: u32, command: &str, update: &str) -> String {
    format!(
        "
services:
  web:
    image: busybox
    command: {command}
    init: true
    environment: {{VALUE: '{value}'}}
    stop_grace_period: 0s
    deploy: {{replicas: 2, update_config: {{order: stop-first, parallelism: 1, {update}}}}}
"
    )
}

#[test]
fn replica_that_ends_while_it_is_monitored_fails_the_update() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let monitored = |value, command| in_turns(value, command, "monitor: 20s");
    let project = Project::new(&lighter, &monitored(1, "sleep 1000000").replace("20s", "10ms"));
    project.up();
    project.write("compose.yaml", monitored(2, "[sh, -c, 'sleep 0.5; exit 3']"));
    let outcome = project.run(&["up", "-d"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let of_second = project.run(&["exec", "-T", "--index", "2", "web", "sh", "-c", "echo $VALUE"]);
    assert_eq!(of_second.succeeds().stdout, "1\n", "the update went on");
}

#[test]
fn delay_lies_between_one_replica_and_the_next() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let delayed = |value| in_turns(value, "sleep 1000000", "delay: 400ms");
    let project = Project::new(&lighter, &delayed(1));
    project.up();
    project.write("compose.yaml", delayed(2));
    project.up();
    let started = |number: u32| {
        let uptime = "cut -d' ' -f22 /proc/1/stat";
        let index = number.to_string();
        let ticks = project.run(&["exec", "-T", "--index", &index, "web", "sh", "-c", uptime]);
        ticks.succeeds().stdout.trim().parse::<i64>().expect("ticks since the machine started")
    };
    // A tick is a hundredth of a second (proc(5), getconf CLK_TCK).
    let apart = (started(1) - started(2)).abs();
    assert!(apart >= 40, "{apart} ticks apart");
}

/// Three replicas that write down when they start and stop; of version 2 the third never gets healthy.
fn journaling(version: u32, rollback: &str) -> String {
    format!(
        "
services:
  web:
    image: busybox
    environment: {{VERSION: '{version}'}}
    command:
      - sh
      - -c
      - |
        trap 'echo stop $$VERSION >> /journal/lines; exit' TERM
        echo start $$VERSION >> /journal/lines
        test $$(grep -c 'start 2' /journal/lines) -lt 3 -o $$VERSION = 1 && touch /good || touch /bad
        while :; do sleep 0.02; done
    volumes: ['./journal:/journal']
    healthcheck: {{test: 'until test -e /good -o -e /bad; do :; done; test -e /good', interval: 50ms, retries: 1}}
    deploy:
      replicas: 3
      update_config: {{order: stop-first, parallelism: 1, failure_action: rollback}}
      rollback_config: {{order: {rollback}}}
"
    )
}

/// What is written down from the start of the failed replica on.
fn journal_of_rollback(rollback: &str) -> Vec<String> {
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &journaling(1, rollback));
    project.write("journal/lines", "");
    project.run(&["up", "-d", "--wait"]).succeeds();
    project.write("compose.yaml", journaling(2, rollback));
    project.run(&["up", "-d"]).fails_with(1);
    let journal = std::fs::read_to_string(project.folder().path().join("journal/lines")).expect("a journal");
    let lines: Vec<_> = journal.lines().map(str::to_owned).collect();
    let failed = lines.iter().rposition(|line| line == "start 2").expect("it started");
    lines[failed + 1..].to_vec()
}

#[test]
fn rollback_has_an_order_and_a_parallelism_of_its_own() {
    require!(Root, Seeds);
    let one_by_one = journal_of_rollback("stop-first, parallelism: 1");
    assert_eq!(one_by_one, ["stop 2", "start 1", "stop 2", "start 1", "stop 2", "start 1"]);
    let start_first = journal_of_rollback("start-first, parallelism: 1");
    assert_eq!(start_first.iter().filter(|line| *line == "start 1").count(), 3, "{start_first:?}");
    let turns: Vec<_> = start_first.iter().filter(|line| line.starts_with("st")).collect();
    assert_eq!(turns.first().map(|line| line.as_str()), Some("start 1"), "{turns:?}");
}
