//! Hooks that fail, and commands that end only some services.

use super::states;
use scenarios::{Lighter, Project, require};

const SAMPLE: &str = "
services:
  sample:
    image: busybox
    command: sleep 1000000
    init: true
    stop_grace_period: 0s
    post_start: [{command: [sh, -c, 'echo started > /started']}]
    pre_stop: [{command: [sh, -c, 'echo cannot >&2; exit 127']}]
  other: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
";

#[test]
fn a_pre_stop_hook_that_fails_fails_down_and_says_how() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, SAMPLE);
    project.up();
    assert_eq!(project.shell("sample", "cat /started"), "started\n");
    project.run(&["down", "-t", "0"]).fails_with(1).says(&["pre_stop", "status 127", "cannot"]);
    project.run(&["kill", "sample"]).succeeds();
    project.run(&["down"]).succeeds();
    assert!(states(&project).is_empty());
}

#[test]
fn stop_of_one_service_runs_its_hook_and_leaves_the_others() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &SAMPLE.replace("exit 127", "exit 0"));
    project.up();
    project.run(&["stop", "sample"]).succeeds().says(&["pre_stop | cannot"]);
    assert_eq!(states(&project), ["other-1 running", "sample-1 exited"]);
}

#[test]
fn a_pre_start_hook_runs_the_image_that_is_built_and_again_when_its_definition_changes() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let with = |word: &str| {
        format!(
            r#"
services:
  web:
    image: hooked
    build: {{context: ., dockerfile_inline: "FROM busybox\nRUN echo built > /word\n"}}
    command: sleep 1000000
    init: true
    stop_grace_period: 0s
    volumes: ['./journal:/journal']
    pre_start: [{{command: [sh, -c, 'cat /word >> /journal/lines; echo {word} >> /journal/lines']}}]
"#
        )
    };
    let project = Project::new(&lighter, &with("one"));
    project.write("journal/lines", "");
    project.up();
    project.write("compose.yaml", with("two"));
    project.up();
    let journal = project.folder().path().join("journal/lines");
    assert_eq!(std::fs::read_to_string(journal).expect("it is there"), "built\none\nbuilt\ntwo\n");
}
