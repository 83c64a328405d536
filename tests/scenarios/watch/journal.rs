//! What was copied is in containers to come, until an image is built that has it.

use super::{arrives, copying, says};
use scenarios::{Lighter, require};

#[test]
fn a_replaced_container_begins_with_what_was_copied() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "user: '1234',");
    project.write("src/x/file", "text\n");
    arrives(&project, "web", "/app/x/file", Some("text\n"));
    project.run(&["watch", "--stop"]).succeeds();
    project.run(&["up", "-d", "--force-recreate"]).succeeds();
    assert_eq!(project.shell("web", "cat /app/x/file; stat -c %u /app/x/file"), "text\n1234\n");
}

#[test]
fn a_new_replica_begins_with_it_too() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    project.write("src/file", "text\n");
    arrives(&project, "web", "/app/file", Some("text\n"));
    project.run(&["up", "-d", "--scale", "web=2"]).succeeds();
    let second = project.run(&["exec", "-T", "--index", "2", "web", "cat", "/app/file"]).succeeds();
    assert_eq!(second.stdout, "text\n");
}

#[test]
fn an_image_that_is_built_anew_drops_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {build: ., init: true, command: sleep 1000000, develop: {watch: [
        {action: rebuild, path: ./word}, {action: sync, path: ./src, target: /app}]}}}";
    let project = scenarios::Project::new(&lighter, compose);
    project.write("Dockerfile", "FROM busybox\nCOPY word /word\nRUN mkdir /app && echo image > /app/file\n");
    project.write("word", "one\n");
    project.write("src/first", "");
    project.run(&["watch", "-d"]).succeeds();
    project.write("src/file", "copied\n");
    arrives(&project, "web", "/app/file", Some("copied\n"));
    project.write("word", "two\n");
    says(&project, "web  rebuilt");
    assert_eq!(project.shell("web", "cat /app/file"), "image\n");
}

#[test]
fn down_forgets_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    project.write("src/file", "text\n");
    arrives(&project, "web", "/app/file", Some("text\n"));
    project.down();
    project.up();
    assert_eq!(project.run(&["exec", "-T", "web", "cat", "/app/file"]).code, Some(1));
}
