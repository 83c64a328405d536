//! `build` and what builds on the way: which images are made, by whom, and how often.

use super::states;
use scenarios::{Lighter, Project, require};

/// Whether an image of that name is there.
fn is_built(lighter: &Lighter, name: &str) -> bool {
    !lighter.run(["image", "ls", "-q", name]).succeeds().stdout.is_empty()
}

/// What `service` prints.
#[track_caller]
fn printed(project: &Project<'_>, service: &str) -> String {
    project.run(&["run", "--rm", "--no-deps", service]).succeeds().stdout
}

const CHAIN: &str = r#"
services:
  base: {image: 'chain/base', build: {context: ., dockerfile_inline: "FROM busybox\nRUN echo base > /word\n"}}
  middle:
    image: chain/middle
    build:
      context: .
      additional_contexts: {from: 'service:base'}
      dockerfile_inline: "FROM from\nRUN echo middle >> /word\n"
  web:
    image: chain/web
    build:
      context: .
      additional_contexts: {from: 'service:middle'}
      dockerfile_inline: "FROM from\nCMD cat /word\n"
  apart: {image: 'chain/apart', build: {context: ., dockerfile_inline: "FROM busybox\n"}}
"#;

#[test]
fn a_service_is_built_with_those_it_builds_on_and_no_other() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, CHAIN);
    project.run(&["build", "web"]).succeeds();
    assert!(is_built(&lighter, "chain/web") && !is_built(&lighter, "chain/apart"));
    assert_eq!(printed(&project, "web"), "base\nmiddle\n");
    project.run(&["down", "--rmi", "all"]).succeeds();
    assert!(!is_built(&lighter, "chain/web"));
    project.run(&["up", "-d", "--build", "web"]).succeeds();
    assert_eq!(printed(&project, "web"), "base\nmiddle\n");
}

#[test]
fn a_dependency_is_built_before_the_image_that_names_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = r#"
services:
  tool:
    image: of-the-tool
    pull_policy: build
    build: {context: ., dockerfile_inline: "FROM busybox\nRUN echo built >/word\nCMD sleep 1000000\n"}
    init: true
    stop_grace_period: 0s
  web: {image: of-the-tool, command: cat /word, depends_on: [tool]}
"#;
    let project = Project::new(&lighter, compose);
    project.run(&["up", "-d", "web"]).succeeds();
    assert!(states(&project).contains(&"tool-1 running".to_owned()));
    assert_eq!(printed(&project, "web"), "built\n");
}

#[test]
fn naming_a_service_that_is_built_activates_its_profile() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = r#"
services:
  web:
    profiles: [extra]
    image: of-profile
    build:
      context: .
      secrets: [word]
      dockerfile_inline: "FROM busybox\nRUN --mount=type=secret,id=word cp /run/secrets/word /copied\nCMD cat /copied\n"
secrets: {word: {environment: WORD}}
"#;
    let project = Project::new(&lighter, compose).env("WORD", "whispered");
    project.run(&["build"]).succeeds();
    assert!(!is_built(&lighter, "of-profile"));
    project.run(&["build", "web"]).succeeds();
    assert_eq!(printed(&project, "web"), "whispered");
}

#[test]
fn a_doubled_dollar_reaches_arguments_and_dockerfiles_as_one() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = r#"
services:
  web:
    build:
      context: .
      args: {WORD: 'a$$b'}
      dockerfile_inline: |
        FROM busybox
        ARG WORD
        RUN <<END
        one=$$WORD; echo "$$one" > /word
        END
        CMD cat /word
"#;
    let project = Project::new(&lighter, compose);
    project.run(&["build"]).succeeds();
    assert_eq!(printed(&project, "web"), "a$b\n");
}

#[test]
fn arguments_come_from_the_file_the_environment_and_the_command_line() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = r#"
services:
  web:
    build:
      context: .
      args: [ONE=file, TWO, THREE=file]
      dockerfile_inline: "FROM busybox\nARG ONE TWO THREE\nRUN echo $$ONE $$TWO $$THREE > /words\nCMD cat /words\n"
"#;
    let project = Project::new(&lighter, compose).env("TWO", "environment");
    project.run(&["build", "--build-arg", "THREE=line"]).succeeds();
    assert_eq!(printed(&project, "web"), "file environment line\n");
    let quiet = project.run(&["build", "-q", "--no-cache"]).succeeds();
    assert_eq!(quiet.stderr, "", "{quiet:#?}");
}

#[test]
fn a_flood_of_output_breaks_nothing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = r#"
services:
  web:
    build:
      context: .
      dockerfile_inline: "FROM busybox\nRUN head -c 300000 /dev/zero | tr '\\0' x; yes line | head -n 3000; echo done\n"
"#;
    let project = Project::new(&lighter, compose);
    let outcome = project.run(&["--progress", "plain", "build"]).succeeds();
    assert_eq!(outcome.stderr.matches("line\n").count(), 3000);
    assert_eq!(outcome.stderr.matches('x').count() / 300_000, 1, "the long line is there, once");
}

#[test]
fn a_platform_that_cannot_be_built_here_is_named() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = |platform: &str| {
        format!(
            "services: {{web: {{{platform}build: {{context: ., platforms: [linux/amd64], \
             dockerfile_inline: \"FROM busybox\\nRUN true\\n\"}}}}}}"
        )
    };
    let project = Project::new(&lighter, &compose("platform: linux/riscv64, "));
    project.run(&["build"]).fails_with(1).says(&["linux/riscv64", "platforms"]);
    project.write("compose.yaml", compose("platform: linux/amd64, "));
    project.run(&["build"]).succeeds();
    project.write("compose.yaml", compose(""));
    let project = project.env("DOCKER_DEFAULT_PLATFORM", "windows/amd64");
    project.run(&["build"]).fails_with(1).says(&["windows/amd64"]);
}
