//! Where copies go and how: owners, mounts, replicas, links.

use super::{SLEEPER, arrives, copying, log, says, watched};
use scenarios::{Lighter, Project, require, wait_until};
use std::fs;

#[test]
fn files_belong_to_the_services_user() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "user: '1234:567',");
    project.write("src/x/file", "text\n");
    arrives(&project, "web", "/app/x/file", Some("text\n"));
    assert_eq!(project.shell("web", "stat -c %u:%g /app/x /app/x/file"), "1234:567\n1234:567\n");
}

#[test]
fn read_only_roots_tmpfs_and_volumes_take_copies() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let rules = ["/app", "/tmp/app", "/data/app"]
        .map(|target| format!("{{action: sync, path: ./src, target: {target}}}"));
    let compose = format!(
        "{{services: {{web: {{{SLEEPER}, read_only: true, tmpfs: [/tmp], volumes: ['data:/data'],
           develop: {{watch: [{}]}}}}}}, volumes: {{data: {{}}}}}}",
        rules.join(", ")
    );
    let project = watched(&lighter, &compose, &[("src/first", "first\n")]);
    project.write("src/file", "text\n");
    for folder in ["/app", "/tmp/app", "/data/app"] {
        arrives(&project, "web", &format!("{folder}/file"), Some("text\n"));
    }
    let refused = project.run(&["exec", "-T", "web", "touch", "/app/own"]);
    assert_ne!(refused.code, Some(0), "the root is still read-only for the container");
}

#[test]
fn a_mount_that_is_read_only_is_an_error_that_says_so() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "{{services: {{web: {{{SLEEPER}, volumes: ['data:/data:ro'],
           develop: {{watch: [{{action: sync, path: ./src, target: /data}}]}}}}}}, volumes: {{data: {{}}}}}}"
    );
    let project = watched(&lighter, &compose, &[("src/first", "first\n")]);
    project.write("src/file", "text\n");
    says(&project, "/data/file in the container is mounted read-only");
}

#[test]
fn every_replica_gets_the_file() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "scale: 3,");
    project.write("src/file", "text\n");
    for index in ["1", "2", "3"] {
        wait_until(index, || {
            project.run(&["exec", "-T", "--index", index, "web", "cat", "/app/file"]).stdout == "text\n"
        });
    }
    says(&project, "3 containers");
}

#[test]
fn an_image_without_any_program_takes_copies_and_removals() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {build: ., init: true, command: [/bin/busybox, sleep, '1000000'],
        develop: {watch: [{action: sync, path: ./src, target: /app}]}}}";
    let dockerfile = "FROM busybox AS from\nFROM scratch\nCOPY --from=from /bin/busybox /bin/busybox\n";
    let project = watched(&lighter, compose, &[("Dockerfile", dockerfile), ("src/first", "first\n")]);
    let read = |path: &str| project.run(&["exec", "-T", "web", "/bin/busybox", "cat", path]);
    project.write("src/file", "text\n");
    wait_until("the file is there", || read("/app/file").stdout == "text\n");
    fs::remove_file(project.folder().path().join("src/file")).expect("removed");
    wait_until("the file is gone", || read("/app/file").code == Some(1));
}

/// Prints a line when inotify is set up on /app, and one for each name that it tells of.
const LISTENER: &str = "
import ctypes, os
libc = ctypes.CDLL(None)
os.makedirs('/app', exist_ok=True)
descriptor = libc.inotify_init()
IN_MOVED_TO = 0x80
libc.inotify_add_watch(descriptor, b'/app', IN_MOVED_TO)
print('listening', flush=True)
while True:
    print(os.read(descriptor, 4096)[16:].rstrip(b'\\0'), flush=True)
";

#[test]
fn programs_inside_are_told_of_the_change() {
    require!(Root, Seeds, Store);
    let lighter = Lighter::with_store();
    let compose = "
services:
  web:
    image: python:3.9-slim
    init: true
    command: [python, /listener.py]
    configs: [{source: listener, target: /listener.py}]
    develop: {watch: [{action: sync, path: ./src, target: /app}]}
configs: {listener: {file: ./listener.py}}
";
    let project = watched(&lighter, compose, &[("src/first", "first\n"), ("listener.py", LISTENER)]);
    let said = |text: &str| project.run(&["logs", "--no-log-prefix"]).stdout.contains(text);
    wait_until("the program listens", || said("listening"));
    project.write("src/file", "text\n");
    wait_until("inotify tells of the file", || said("file"));
}

#[test]
fn a_link_of_the_container_does_not_lead_out_of_the_target() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    project.write("src/folder/file", "one\n");
    arrives(&project, "web", "/app/folder/file", Some("one\n"));
    project.shell("web", "mkdir /outside && rm -r /app/folder && ln -s /outside /app/folder");
    project.write("src/folder/file", "two\n");
    says(&project, "leads out of /app, through a link");
    assert_eq!(project.shell("web", "ls -A /outside"), "");
}

#[test]
fn a_single_file_may_have_another_name_inside() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "services: {{web: {{{SLEEPER},
           develop: {{watch: [{{action: sync, path: ./app.conf, target: /etc/other.conf}}]}}}}}}"
    );
    let project = watched(&lighter, &compose, &[("app.conf", "one\n")]);
    project.write("app.conf", "two\n");
    arrives(&project, "web", "/etc/other.conf", Some("two\n"));
}

#[test]
fn what_is_mounted_anyhow_is_not_copied() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "services: {{web: {{{SLEEPER}, volumes: ['./src:/app'],
           develop: {{watch: [{{action: sync, path: ./src, target: /app}},
                              {{action: restart, path: ./src/config}}]}}}}}}"
    );
    let project = watched(&lighter, &compose, &[("src/config", "one\n")]);
    assert!(log(&project).contains("is mounted into the container"), "{}", log(&project));
}

#[test]
fn initial_sync_copies_what_differs() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "services: {{web: {{{SLEEPER},
           develop: {{watch: [{{action: sync, path: ./src, target: /app, initial_sync: true}}]}}}}}}"
    );
    let project = Project::new(&lighter, &compose);
    project.write("src/x/file", "text\n");
    project.up();
    project.run(&["watch", "-d", "--no-up"]).succeeds();
    assert_eq!(project.shell("web", "cat /app/x/file"), "text\n");
    assert_eq!(log(&project).matches("sync").count(), 1);
    project.run(&["watch", "--stop"]).succeeds();
    project.run(&["watch", "-d", "--no-up"]).succeeds();
    assert_eq!(log(&project).matches("sync").count(), 0, "nothing differs the second time");
}
