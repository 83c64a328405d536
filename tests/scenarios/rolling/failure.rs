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

/// When a replica was started, in ticks since the machine was: a tick is a hundredth of a second
/// (proc(5), getconf CLK_TCK).
fn started(project: &Project<'_>, number: u32) -> i64 {
    let (index, start) = (number.to_string(), "cut -d' ' -f22 /proc/1/stat");
    let ticks = project.run(&["exec", "-T", "--index", &index, "web", "sh", "-c", start]);
    ticks.succeeds().stdout.trim().parse().expect("a number of ticks")
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
    let apart = (started(&project, 1) - started(&project, 2)).abs();
    assert!(apart >= 40, "{apart} ticks apart");
}

/// Three replicas that write down when they start and stop; of version 2 the third to start never gets
/// healthy, of version 1 the one whose start has the number `bad`.
fn journaling(version: u32, rollback: &str, bad: u32) -> String {
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
        case $$VERSION.$$(grep -c \"start $$VERSION\" /journal/lines) in 2.3|1.{bad}) touch /bad;; *) touch /good;; esac
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

/// A version that never gets whole, which is rolled back.
fn rolled_back<'a>(lighter: &'a Lighter, file: impl Fn(u32) -> String) -> Project<'a> {
    let project = Project::new(lighter, &file(1));
    project.write("journal/lines", "");
    project.run(&["up", "-d", "--wait"]).succeeds();
    project.write("compose.yaml", file(2));
    project.run(&["up", "-d"]).fails_with(1);
    project
}

/// What is written down from the start of the failed replica on.
fn journal(project: &Project<'_>) -> Vec<String> {
    let journal = std::fs::read_to_string(project.folder().path().join("journal/lines")).expect("a journal");
    let lines: Vec<_> = journal.lines().map(str::to_owned).collect();
    let failed = lines.iter().rposition(|line| line == "start 2").expect("it started");
    lines[failed + 1..].to_vec()
}

/// Starts of version 1 while it is rolled back to, one of which, `bad`, does not get healthy.
fn put_back(rollback: &str, bad: u32) -> usize {
    let lighter = Lighter::new();
    let project = rolled_back(&lighter, |version| journaling(version, rollback, bad));
    journal(&project).iter().filter(|line| *line == "start 1").count()
}

#[test]
fn rollback_has_an_order_and_a_parallelism_of_its_own() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let journal = |rollback: &str| {
        let project = rolled_back(&lighter, |version| journaling(version, rollback, 0));
        journal(&project)
    };
    let one_by_one = journal("stop-first, parallelism: 1");
    assert_eq!(one_by_one, ["stop 2", "start 1", "stop 2", "start 1", "stop 2", "start 1"]);
    let start_first = journal("start-first, parallelism: 1");
    assert_eq!(start_first.iter().filter(|line| *line == "start 1").count(), 3, "{start_first:?}");
    let turns: Vec<_> = start_first.iter().filter(|line| line.starts_with("st")).collect();
    assert_eq!(turns.first().map(|line| line.as_str()), Some("start 1"), "{turns:?}");
}

#[test]
fn failed_rollback_pauses_goes_on_or_bears_it() {
    require!(Root, Seeds);
    // Three start at first, so the fourth is the first that is put back.
    let one_by_one = |more: &str| put_back(&format!("stop-first, parallelism: 1, {more}"), 4);
    assert_eq!(one_by_one("failure_action: pause"), 1);
    assert_eq!(one_by_one("failure_action: continue"), 3);
    assert_eq!(one_by_one("max_failure_ratio: 0.4"), 3);
}

/// Two replicas; of version 2 the second to start ends at once, of version 1 the third.
fn ending(version: u32, rollback: &str) -> String {
    format!(
        "
services:
  web:
    image: busybox
    environment: {{VERSION: '{version}'}}
    init: true
    command:
      - sh
      - -c
      - |
        echo start $$VERSION >> /journal/lines
        case $$VERSION.$$(grep -c \"start $$VERSION\" /journal/lines) in 2.2|1.3) exit 3;; esac
        exec sleep 1000000
    stop_grace_period: 0s
    volumes: ['./journal:/journal']
    deploy:
      replicas: 2
      update_config: {{order: stop-first, parallelism: 1, monitor: 500ms, failure_action: rollback}}
      rollback_config: {{order: stop-first, parallelism: 1, {rollback}}}
"
    )
}

#[test]
fn replica_that_ends_while_it_is_monitored_fails_the_rollback() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let put_back = |rollback: &str| {
        let project = rolled_back(&lighter, |version| ending(version, rollback));
        journal(&project).iter().filter(|line| *line == "start 1").count()
    };
    assert_eq!(put_back("monitor: 20s"), 1);
}

#[test]
fn delay_of_a_rollback_lies_between_its_replicas() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let rollback = "stop-first, parallelism: 1, delay: 400ms";
    let project = rolled_back(&lighter, |version| journaling(version, rollback, 0));
    let mut started: Vec<i64> = (1..=3).map(|number| started(&project, number)).collect();
    started.sort_unstable();
    let apart: Vec<_> = started.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(apart.iter().all(|ticks| *ticks >= 40), "{apart:?} ticks apart");
}
