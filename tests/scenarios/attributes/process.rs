//! What runs: command, variables, working folder, terminal, init, files it may change.

use super::{compose, inside, sleeping};
use scenarios::process::{file, status_field};
use scenarios::{Folder, Lighter, Project, require, wait_until};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// What the first container of `web` has written by the time it has ended.
#[track_caller]
fn output(attributes: &str) -> String {
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &compose(attributes));
    project.run(&["up", "--no-log-prefix"]).succeeds();
    project.run(&["logs", "--no-log-prefix", "--no-color"]).succeeds().stdout
}

#[test]
fn command_is_words_or_a_line_without_a_shell() {
    require!(Root, Seeds);
    assert_eq!(output("command: [echo, 'a  b', $$HOME]"), "a  b $HOME\n");
    assert_eq!(output("command: echo 'a  b' c"), "a  b c\n");
}

#[test]
fn entrypoint_comes_before_the_command() {
    require!(Root, Seeds);
    assert_eq!(output("entrypoint: [echo, first]\ncommand: [second]"), "first second\n");
}

#[test]
fn working_dir_is_made_and_entered() {
    require!(Root, Seeds);
    assert_eq!(
        inside("working_dir: /srv/made/here", "readlink /proc/1/cwd; pwd"),
        "/srv/made/here\n/srv/made/here\n"
    );
}

#[test]
fn environment_is_set_and_taken_from_the_caller() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let attributes = "command: sleep 1000000\nenvironment: [A=1=2, FROM_CALLER, UNSET]";
    let project = Project::new(&lighter, &compose(attributes)).env("FROM_CALLER", "yes");
    project.up();
    let environment = project.shell("web", "tr '\\0' '\\n' < /proc/1/environ");
    let of = |name: &str| environment.lines().find_map(|line| line.strip_prefix(name));
    assert_eq!(of("A="), Some("1=2"));
    assert_eq!(of("FROM_CALLER="), Some("yes"));
    assert_eq!(of("UNSET"), None);
    assert!(of("PATH=").is_some());
    assert!(of("HOSTNAME=").is_some());
}

#[test]
fn init_is_the_first_process_and_reaps_orphans() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = sleeping(&lighter, "init: true");
    assert_eq!(project.shell("web", "tr '\\0' '\\n' < /proc/1/cmdline | head -n 1"), "lighter-init\n");
    project.shell("web", "sh -c 'sleep 0 & exit'");
    let zombies = || project.shell("web", "grep -l '^State:.Z' /proc/[0-9]*/status || true");
    wait_until("orphans are reaped", || zombies().is_empty());
}

#[test]
fn without_init_the_command_is_the_first_process() {
    require!(Root, Seeds);
    assert_eq!(inside("init: false", "tr '\\0' ' ' < /proc/1/cmdline"), "sleep 1000000 ");
}

#[test]
fn tty_is_a_terminal_and_the_console() {
    require!(Root, Seeds);
    let script = "readlink /proc/1/fd/0; test -c /dev/console && echo console; tr '\\0' '\\n' < /proc/1/environ | grep TERM";
    assert_eq!(inside("tty: true", script), "/dev/pts/0\nconsole\nTERM=xterm\n");
}

#[test]
fn stdin_stays_open_only_where_it_is_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  open: {image: busybox, command: cat, stdin_open: true}
  closed: {image: busybox, command: cat}
";
    let project = Project::new(&lighter, compose);
    project.up();
    wait_until("cat has read to the end", || project.container("closed").state == "exited");
    assert_eq!(project.container("open").state, "running");
}

#[test]
fn read_only_covers_the_root_but_no_volume() {
    require!(Root, Seeds);
    let attributes = "read_only: true\nvolumes: [/data]";
    let script = "touch /file 2>/dev/null || echo refused; touch /data/file && echo written; touch /dev/shm/x && echo shm";
    assert_eq!(inside(attributes, script), "refused\nwritten\nshm\n");
}

#[test]
fn tmpfs_has_the_size_the_mode_and_the_owner_asked_for() {
    require!(Root, Seeds);
    let attributes =
        "tmpfs:\n  - /scratch:size=64k,mode=700,uid=7,gid=8\n  - /plain\n  - /run/tools:exec,size=8m";
    let script = "stat -c '%a %u %g' /scratch /plain; df -k /scratch | awk 'NR==2 {print $2}'; \
                  awk '$2 ~ /scratch|plain|tools/ {print $2, $3, $4}' /proc/mounts | sed 's/relatime.*//'; \
                  cp /bin/busybox /run/tools/true && /run/tools/true && echo executed";
    let expected = "700 7 8\n1777 0 0\n64\n\
                    /scratch tmpfs rw,nosuid,nodev,noexec,\n/plain tmpfs rw,nosuid,nodev,noexec,\n\
                    /run/tools tmpfs rw,nosuid,nodev,\nexecuted\n";
    assert_eq!(inside(attributes, script), expected);
}

#[test]
fn shm_size_is_that_of_dev_shm() {
    require!(Root, Seeds);
    let size = "df -k /dev/shm | awk 'NR==2 {print $2}'";
    assert_eq!(inside("shm_size: 2m", size), "2048\n");
    assert_eq!(inside("", size), "65536\n", "Docker's default");
}

#[test]
fn ulimits_are_the_process_limits() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = sleeping(&lighter, "ulimits:\n  nofile: {soft: 100, hard: 200}\n  core: 0\n  nproc: 4096");
    let limits = fs::read_to_string(file(project.container("web").pid, "limits")).expect("it runs");
    let of = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).expect("the kernel has it");
        line[name.len()..].split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of("Max open files"), ["100", "200"]);
    assert_eq!(of("Max core file size"), ["0", "0"]);
    assert_eq!(of("Max processes"), ["4096", "4096"]);
    // An exec is held to the same.
    assert_eq!(project.shell("web", "ulimit -n; ulimit -Hn"), "100\n200\n");
}

#[test]
fn oom_score_adj_is_that_of_the_process() {
    require!(Root, Seeds);
    assert_eq!(
        inside("oom_score_adj: 321", "cat /proc/1/oom_score_adj /proc/self/oom_score_adj"),
        "321\n321\n"
    );
}

#[test]
fn platform_chooses_among_those_an_image_has() {
    require!(Root, Seeds);
    let here = if cfg!(target_arch = "x86_64") { "linux/amd64" } else { "linux/arm64" };
    assert_eq!(inside(&format!("platform: {here}"), "echo runs"), "runs\n");
    let stderr = super::refused("platform: linux/s390x");
    assert!(stderr.contains("linux/s390x") && stderr.contains(here), "{stderr}");
}

#[test]
fn process_of_the_container_has_no_more_than_its_streams() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = sleeping(&lighter, "");
    let pid = project.container("web").pid;
    let open = fs::read_dir(file(pid, "fd")).expect("it runs").count();
    assert_eq!(open, 3);
    assert_eq!(status_field(pid, "Umask").as_deref(), Some("0022"));
}

#[test]
fn runtime_is_a_program_that_is_given_the_containers_spec() {
    require!(Root, Seeds, Runc);
    let lighter = Lighter::new();
    let folder = Folder::new("runtime");
    // `set` keeps the arguments for runc while the loop looks at a copy of them.
    let script = "#!/bin/sh\nfor word; do [ \"$last\" = --bundle ] && cp \"$word/config.json\" \"${0%/*}/kept.json\"; last=$word; done\nexec runc \"$@\"\n";
    folder.write("wrapper", script);
    fs::set_permissions(folder.path().join("wrapper"), PermissionsExt::from_mode(0o755)).expect("ours");
    let attributes =
        format!("runtime: {}/wrapper\nannotations: {{org.example.note: kept}}", folder.path().display());
    let project = sleeping(&lighter, &attributes);
    assert_eq!(project.shell("web", "echo runs"), "runs\n");
    let text = fs::read_to_string(folder.path().join("kept.json")).expect("the program was run");
    let config: serde_json::Value = serde_json::from_str(&text).expect("the spec is JSON");
    assert_eq!(config["annotations"]["org.example.note"], "kept");
    let stderr = super::refused("runtime: no-such-runtime");
    assert!(stderr.contains("no-such-runtime"), "{stderr}");
}

#[test]
fn init_is_the_first_process_of_another_runtime_too() {
    require!(Root, Seeds, Runc);
    let script = "tr '\\0' '\\n' < /proc/1/cmdline | tail -n 2; readlink /proc/1/exe | grep -c lighter-init";
    assert_eq!(inside("runtime: runc\ninit: true", script), "sleep\n1000000\n1\n");
}
