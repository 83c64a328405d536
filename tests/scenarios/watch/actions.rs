//! Actions besides copying: rebuild, restart, commands.

use super::{SLEEPER, arrives, log, says, watched};
use scenarios::{Lighter, Project, require, wait_until};

#[test]
fn sync_and_restart_copies_and_starts_the_same_container_anew() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "services: {{web: {{{SLEEPER},
           develop: {{watch: [{{action: sync+restart, path: ./conf, target: /conf}}]}}}}}}"
    );
    let project = watched(&lighter, &compose, &[("conf/a", "one\n")]);
    let before = project.container("web");
    project.write("conf/a", "two\n");
    says(&project, "web  restarted");
    let after = project.container("web");
    assert_eq!((&after.id, after.state.as_str()), (&before.id, "running"));
    assert_ne!(after.pid, before.pid);
    assert_eq!(project.shell("web", "cat /conf/a"), "two\n");
}

#[test]
fn restart_alone_copies_nothing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "services: {{web: {{{SLEEPER}, volumes: ['./conf:/conf:ro'],
           develop: {{watch: [{{action: restart, path: ./conf}}]}}}}}}"
    );
    let project = watched(&lighter, &compose, &[("conf/a", "one\n")]);
    let before = project.container("web").pid;
    project.write("conf/a", "two\n");
    wait_until("it is another process", || {
        let after = project.container("web");
        after.state == "running" && after.pid != before
    });
    assert!(!log(&project).contains("sync"), "{}", log(&project));
}

#[test]
fn sync_and_exec_runs_the_command_in_every_replica_after_the_copy() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "services:
  web:
    {}
    scale: 2
    develop:
      watch:
        - action: sync+exec
          path: ./src
          target: /app
          exec:
            command: [sh, -c, 'cat file; echo $$WORD; id -u']
            working_dir: /app
            user: '1000'
            environment: [WORD=spoken]
",
        SLEEPER.replace(", ", "\n    ")
    );
    let project = watched(&lighter, &compose, &[("src/first", "")]);
    project.write("src/file", "copied\n");
    wait_until("both have run it", || log(&project).matches("copied\nspoken\n1000\n").count() == 2);
}

#[test]
fn a_privileged_command_may_do_what_the_container_may_not() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let rule = |path: &str, privileged: bool| {
        let exec =
            format!("{{command: [sh, -c, 'grep CapEff /proc/self/status'], privileged: {privileged}}}");
        format!("{{action: sync+exec, path: ./{path}, target: /{path}, exec: {exec}}}")
    };
    let rules = [rule("plain", false), rule("free", true)].join(", ");
    let compose = format!("services: {{web: {{{SLEEPER}, develop: {{watch: [{rules}]}}}}}}");
    let project = watched(&lighter, &compose, &[("plain/first", ""), ("free/first", "")]);
    let capabilities = |count: usize| {
        wait_until("the command has run", || log(&project).matches("CapEff:").count() == count);
        let log = log(&project);
        let line = log.lines().rfind(|line| line.contains("CapEff:")).expect("just counted").to_owned();
        let digits = line.split_whitespace().last().unwrap_or_default();
        u64::from_str_radix(digits, 16).expect("a mask").count_ones()
    };
    project.write("plain/file", "");
    // Docker's default set has 14 of them.
    assert_eq!(capabilities(1), 14);
    project.write("free/file", "");
    assert!(capabilities(2) > 14);
}

#[test]
fn quiet_keeps_back_what_a_build_prints_unless_it_fails() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    build: {context: web, dockerfile_inline: \"FROM busybox\\nCOPY file /file\\nRUN echo spoken; test -s /file\"}
    command: sleep 1000000
    init: true
    develop: {watch: [{action: rebuild, path: ./web}]}
";
    let project = Project::new(&lighter, compose);
    project.write("web/file", "one");
    project.run(&["watch", "-d", "--quiet"]).succeeds();
    let first = project.container("web").id;
    project.write("web/file", "two");
    wait_until("it is replaced", || project.find_container("web").is_some_and(|now| now.id != first));
    assert!(!log(&project).contains("spoken"), "{}", log(&project));
    project.write("web/file", "");
    says(&project, "spoken");
}

#[test]
fn rebuild_replaces_the_container_and_removes_the_old_image() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {build: ., init: true, command: sleep 1000000,
        develop: {watch: [{action: rebuild, path: ./word}]}}}";
    let dockerfile = "FROM busybox\nCOPY word /word\n";
    let project = watched(&lighter, compose, &[("Dockerfile", dockerfile), ("word", "one\n")]);
    let before = project.container("web");
    let images = || lighter.run(["image", "ls", "-q"]).succeeds().stdout.lines().count();
    let count = images();
    project.write("word", "two\n");
    arrives(&project, "web", "/word", Some("two\n"));
    assert_ne!(project.container("web").id, before.id);
    says(&project, "web  rebuilt");
    wait_until("the old image is gone", || images() == count);
}

#[test]
fn a_failed_build_leaves_what_runs_and_the_next_save_tries_again() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {build: ., init: true, command: sleep 1000000,
        develop: {watch: [{action: rebuild, path: ./check}]}}}";
    let dockerfile = "FROM busybox\nCOPY check /check\nRUN sh /check\n";
    let project = watched(&lighter, compose, &[("Dockerfile", dockerfile), ("check", "exit 0\n")]);
    let before = project.container("web");
    project.write("check", "echo broken on purpose; exit 3\n");
    says(&project, "web  not rebuilt");
    let said = log(&project);
    assert!(said.contains("broken on purpose") && said.contains("RUN sh /check"), "{said}");
    let after = project.container("web");
    assert_eq!((&after.id, after.state.as_str()), (&before.id, "running"));
    project.write("check", "exit 0 # mended\n");
    arrives(&project, "web", "/check", Some("exit 0 # mended\n"));
}

/// A service whose build takes as long as the file `slow` says, and a folder that is copied.
const SLOW: &str = "services: {web: {build: ., init: true, command: sleep 1000000, develop: {watch: [
    {action: rebuild, path: ./slow}, {action: sync, path: ./src, target: /app}]}}}";
const SLOW_FILES: [(&str, &str); 3] = [
    ("Dockerfile", "FROM busybox\nCOPY slow /slow\nRUN sh /slow\n"),
    ("slow", "exit 0\n"),
    ("src/a", "one\n"),
];

#[test]
fn copies_go_on_beside_a_build_and_outlive_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = watched(&lighter, SLOW, &SLOW_FILES);
    project.write("slow", "echo it builds; sleep 1\n");
    says(&project, "it builds");
    project.write("src/a", "two\n");
    arrives(&project, "web", "/app/a", Some("two\n"));
    says(&project, "web  rebuilt");
    arrives(&project, "web", "/slow", Some("echo it builds; sleep 1\n"));
    assert_eq!(project.shell("web", "cat /app/a"), "two\n");
}

#[test]
fn a_newer_change_breaks_a_build_off() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = watched(&lighter, SLOW, &SLOW_FILES);
    project.write("slow", "echo it builds; sleep 1000\n");
    says(&project, "it builds");
    project.write("slow", "exit 0 # quick\n");
    arrives(&project, "web", "/slow", Some("exit 0 # quick\n"));
}

#[test]
fn a_rule_that_rebuilds_needs_something_to_build() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose =
        format!("services: {{web: {{{SLEEPER}, develop: {{watch: [{{action: rebuild, path: .}}]}}}}}}");
    let project = scenarios::Project::new(&lighter, &compose);
    project.run(&["watch"]).fails_with(1).says(&["web", "no `build`"]);
}
