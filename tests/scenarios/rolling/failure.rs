//! What a failed update leaves behind, by `failure_action`.

use scenarios::{Lighter, Project, require};

/// Three replicas of which none gets healthy once `ready` is `false`; old ones stop first.
fn service(ready: bool, failure_action: &str) -> String {
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
      update_config: {{order: stop-first, parallelism: 1, failure_action: {failure_action}}}
"
    )
}

/// What `READY` is in each replica, after an update to what does not get healthy, and its exit code.
fn after_failed_update(failure_action: &str) -> (Vec<String>, Option<i32>) {
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &service(true, failure_action));
    project.run(&["up", "-d", "--wait"]).succeeds();
    project.write("compose.yaml", service(false, failure_action));
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
