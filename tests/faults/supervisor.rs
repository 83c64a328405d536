//! `kill -9` of a supervisor: its container runs on, and the next command adopts it.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scenarios::{Lighter, Project, Snapshot, process, require, wait_until};

const COMPOSE: &str = "
services:
  web:
    image: busybox
    command: [sh, -c, 'n=0; while true; do n=$$((n+1)); echo line $$n; sleep 0.05; done']
    init: true
  other:
    image: busybox
    command: sleep 1000000
    init: true
";

/// Kills the supervisor of the container with `id`.
fn kill_supervisor(lighter: &Lighter, id: &str) {
    let supervisors = process::supervisors(lighter.root());
    let own = supervisors.iter().find(|supervisor| supervisor.line.contains(id));
    let own = own.unwrap_or_else(|| panic!("no supervisor of {id} in {supervisors:?}"));
    kill(Pid::from_raw(own.pid), Signal::SIGKILL).expect("the supervisor runs");
    wait_until("the supervisor is gone", || !process::supervisors(lighter.root()).contains(own));
}

fn lines(project: &Project<'_>) -> Vec<String> {
    let text = project.run(&["logs", "--no-log-prefix", "web"]).succeeds().stdout;
    text.lines().map(str::to_owned).collect()
}

#[test]
fn container_runs_on_and_is_adopted_by_the_next_command() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    let (web, other) = (project.container("web"), project.container("other"));
    kill_supervisor(&lighter, &web.id);
    assert!(process::file(web.pid, "status").exists(), "the container died with its supervisor");
    assert_eq!((project.container("web"), project.container("other")), (web, other));
    assert_eq!(process::supervisors(lighter.root()).len(), 2, "nobody took over");
}

#[test]
fn log_goes_on_without_a_gap() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    wait_until("a few lines", || lines(&project).len() > 3);
    kill_supervisor(&lighter, &project.container("web").id);
    let known = lines(&project).len();
    wait_until("lines after the adoption", || lines(&project).len() > known + 3);
    let expected: Vec<String> = (1..=lines(&project).len()).map(|number| format!("line {number}")).collect();
    assert_eq!(lines(&project)[..expected.len()], expected);
}

#[test]
fn adopted_container_obeys_every_command() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    kill_supervisor(&lighter, &project.container("web").id);
    assert_eq!(project.shell("web", "echo here"), "here\n");
    project.run(&["restart", "-t", "0", "web"]).succeeds();
    kill_supervisor(&lighter, &project.container("web").id);
    project.run(&["stop", "-t", "0", "web"]).succeeds();
    assert_eq!(project.container("web").state, "exited");
    project.down();
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn terminal_outlives_its_supervisor() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    let compose = "
services:
  web:
    image: busybox
    tty: true
    command: [sh, -c, 'n=0; while true; do n=$$((n+1)); echo line $$n; sleep 0.05; done']
";
    let project = Project::new(&lighter, compose);
    project.up();
    wait_until("a few lines", || lines(&project).len() > 3);
    let web = project.container("web");
    kill_supervisor(&lighter, &web.id);
    let known = lines(&project).len();
    wait_until("lines after the adoption", || lines(&project).len() > known + 3);
    assert_eq!(project.container("web"), web, "it is the same run");
    project.down();
    before.assert_same(&Snapshot::take(lighter.root()));
}
