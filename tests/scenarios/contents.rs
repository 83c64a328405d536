//! Configs and secrets whose change is told by a signal.

use scenarios::{Lighter, Project, require, wait_until};

/// On SIGHUP the service writes down what its secret is by then.
fn service(secret: &str) -> String {
    format!(
        "
services:
  web:
    image: busybox
    command: [sh, -c, 'trap \"cat /run/secrets/key >> /journal/lines\" HUP; echo ready >> /journal/lines; while :; do sleep 0.02; done']
    stop_grace_period: 0s
    volumes: ['./journal:/journal']
    secrets: [key]
    configs: [{{source: text, target: /text}}]
secrets: {{key: {{environment: KEY, x-lighter-on-change: SIGHUP}}}}
configs: {{text: {{content: '{secret}', x-lighter-on-change: HUP}}}}
"
    )
}

#[test]
fn a_changed_secret_is_written_into_the_running_container_and_told() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &service("first")).env("KEY", "one,");
    project.write("journal/lines", "");
    let lines = || std::fs::read_to_string(project.folder().path().join("journal/lines")).expect("a journal");
    project.up();
    wait_until("the signal is waited for", || lines() == "ready\n");
    let id = project.container("web").id;

    project.write("compose.yaml", service("second"));
    let plan = project.run(&["plan"]).succeeds().stdout;
    assert!(plan.contains("update contents of container") && plan.contains("HUP"), "{plan}");
    assert!(!plan.contains("second"), "{plan}");
    project.up().says(&["Updated"]);
    wait_until("the signal arrives", || lines() == "ready\none,");
    assert_eq!(project.shell("web", "cat /text"), "second");

    let changed = project.run(&["up", "-d"]).succeeds();
    assert!(!changed.stderr.contains("Updated"), "{changed:?}");
    assert_eq!(project.container("web").id, id, "the container is the same");
}
