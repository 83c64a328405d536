//! Where the kernel tells less than all: limits, a queue that runs over, folders that cannot be read.
//!
//! Limits are those of a user namespace of the test (namespaces(7), `user.max_inotify_watches`), so that
//! nobody else runs into them. There Lighter is root of nothing, and only says what it would do.

use super::{SLEEPER, arrives, copying};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, chown};
use scenarios::{Lighter, Project, require, wait_until};
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

/// A watcher in a user namespace of its own, which says what it would do.
struct Confined {
    watcher: Child,
    said: Box<dyn Iterator<Item = String>>,
}

impl Confined {
    /// `prepare` is run in the namespace before.
    fn start(project: &Project<'_>, prepare: &str) -> Self {
        let inner = project.command(&["watch", "--dry-run"]);
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c", &format!("{prepare}; exec \"$@\"")]);
        command.arg("sh").arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(project.folder().path()).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut watcher = command.spawn().expect("unshare starts");
        let lines = BufReader::new(watcher.stderr.take().expect("stderr is a pipe")).lines();
        Self { watcher, said: Box::new(lines.map_while(Result::ok)) }
    }

    /// Reads on until `text` is said, and returns all that was said up to there.
    #[track_caller]
    fn says(&mut self, text: &str) -> String {
        let mut all = String::new();
        for line in self.said.by_ref() {
            all = all + &line + "\n";
            if line.contains(text) {
                return all;
            }
        }
        panic!("the watcher ended without {text:?}:\n{all}");
    }

    /// Ends it and returns the rest of what it said.
    fn end(mut self) -> String {
        kill(Pid::from_raw(self.watcher.id().cast_signed()), Signal::SIGINT).expect("the watcher is there");
        let rest = self.said.collect();
        self.watcher.wait().expect("the watcher ends");
        rest
    }
}

fn project<'a>(lighter: &'a Lighter) -> Project<'a> {
    let rule = "{action: sync, path: ./src, target: /app}";
    let project =
        Project::new(lighter, &format!("services: {{web: {{{SLEEPER}, develop: {{watch: [{rule}]}}}}}}"));
    for folder in ["a", "b", "c", "d", "e"] {
        project.write(&format!("src/{folder}/file"), "");
    }
    project
}

#[test]
fn folders_beyond_the_limit_are_looked_at_from_time_to_time() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = project(&lighter);
    let mut watcher = Confined::start(&project, "echo 3 >/proc/sys/user/max_inotify_watches");
    let said = watcher.says("max_user_watches");
    assert!(said.contains("looked at every 500ms") && said.contains("sysctl -w fs.inotify"), "{said}");
    // At least two of them lie in folders without a watch.
    for folder in ["a", "b", "c", "d", "e"] {
        project.write(&format!("src/{folder}/{folder}.new"), "");
        watcher.says(&format!("would sync  {folder}.new"));
    }
    let rest = watcher.end();
    assert!(!rest.contains("max_user_watches"), "said twice: {rest}");
}

#[test]
fn a_kernel_without_instances_left_is_no_obstacle() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = project(&lighter);
    let mut watcher = Confined::start(&project, "echo 0 >/proc/sys/user/max_inotify_instances");
    watcher.says("max_user_instances");
    project.write("src/a/late", "");
    watcher.says("would sync  late");
    watcher.end();
}

#[test]
fn a_folder_that_cannot_be_read_is_left_out_and_told_once() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = project(&lighter);
    let closed = project.folder().path().join("src/c");
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).expect("closed");
    // Nobody in the namespace, so that its root may not read it.
    chown(&closed, Some(12345.into()), Some(12345.into())).expect("given away");
    let mut watcher = Confined::start(&project, "echo 0 >/proc/sys/user/max_inotify_watches");
    let said = watcher.says("is left out: Permission denied");
    assert!(said.contains("src/c "), "{said}");
    project.write("src/d/late", "");
    let said = watcher.says("would sync  late") + &watcher.end();
    assert!(!said.contains("left out"), "said twice: {said}");
}

/// The process of the watcher in the background.
fn watcher(project: &Project<'_>) -> Pid {
    let said = project.run(&["watch", "--status"]).succeeds().stdout;
    let number = said.split_once("process ").and_then(|(_, rest)| rest.split_once(','));
    Pid::from_raw(number.and_then(|(pid, _)| pid.parse().ok()).expect("the status names the process"))
}

#[test]
fn a_queue_that_runs_over_costs_a_look_and_no_file() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    let pid = watcher(&project);
    kill(pid, Signal::SIGSTOP).expect("the watcher is there");
    // The kernel keeps 16,384 events unless told otherwise (inotify(7)); each file is at least two.
    let files = 9000;
    for number in 0..files {
        project.write(&format!("src/many/file{number}"), "");
    }
    project.write("src/last", "last\n");
    kill(pid, Signal::SIGCONT).expect("the watcher is there");
    arrives(&project, "web", "/app/last", Some("last\n"));
    let count = || project.shell("web", "ls /app/many | wc -l");
    wait_until("all have arrived", || count().trim() == files.to_string());
}
