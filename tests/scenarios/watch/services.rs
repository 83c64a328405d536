//! Several services beside each other, and what they depend on.

use super::{SLEEPER, arrives, watched};
use scenarios::{Lighter, require};

/// A service that is built of `file` and made anew when that is saved.
fn rebuilt(name: &str, attributes: &str) -> String {
    format!(
        r#"
  {name}:
    build: {{context: ., dockerfile_inline: "FROM busybox\nCOPY file /file\n"}}
    command: sleep 1000000
    init: true
    stop_grace_period: 0s
    {attributes}
    develop: {{watch: [{{action: rebuild, path: ./file}}]}}"#
    )
}

#[test]
fn one_file_rebuilds_every_service_that_watches_it_and_no_dependency() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let [a, b] = ["a", "b"].map(|name| rebuilt(name, "depends_on: [db]"));
    let compose = format!("services:\n  db: {{{SLEEPER}}}{a}{b}\n");
    let project = watched(&lighter, &compose, &[("file", "one\n")]);
    let db = project.container("db");
    project.write("file", "two\n");
    arrives(&project, "a", "/file", Some("two\n"));
    arrives(&project, "b", "/file", Some("two\n"));
    assert_eq!(project.container("db"), db, "a dependency is left alone");
}

#[test]
fn a_rebuild_sees_dotenv_and_external_networks() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let attributes = "networks: [outside]\n    environment: {WORD: '${WORD}'}";
    let web = rebuilt("web", attributes);
    lighter.run(["network", "create", "watched-outside"]).succeeds();
    let compose =
        format!("services:{web}\nnetworks: {{outside: {{external: true, name: watched-outside}}}}\n");
    let project = watched(&lighter, &compose, &[("file", "one\n"), (".env", "WORD=of-dotenv\n")]);
    project.write("file", "two\n");
    arrives(&project, "web", "/file", Some("two\n"));
    assert_eq!(project.shell("web", "echo $WORD"), "of-dotenv\n");
    project.down();
    lighter.run(["network", "rm", "watched-outside"]).succeeds();
}

#[test]
fn a_target_that_is_a_link_of_the_image_is_followed() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = r#"
services:
  web:
    build: {context: ., dockerfile_inline: "FROM busybox\nRUN mkdir /real && ln -s /real /linked\n"}
    command: sleep 1000000
    init: true
    stop_grace_period: 0s
    develop: {watch: [{action: sync, path: ./src, target: /linked}]}
"#;
    let project = watched(&lighter, compose, &[("src/first", "one\n")]);
    project.write("src/file", "saved\n");
    arrives(&project, "web", "/real/file", Some("saved\n"));
    assert_eq!(project.shell("web", "readlink /linked"), "/real\n");
}

#[test]
fn the_old_spelling_of_the_initial_copy_is_understood_and_warned_of() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let rule = "{action: sync, path: ./src, target: /app, x-initialSync: true}";
    let compose = format!("services: {{web: {{{SLEEPER}, develop: {{watch: [{rule}]}}}}}}");
    let project = watched(&lighter, &compose, &[("src/first", "one\n")]);
    arrives(&project, "web", "/app/first", Some("one\n"));
    project.run(&["config", "-q"]).succeeds().says(&["x-initialSync", "initial_sync"]);
}
