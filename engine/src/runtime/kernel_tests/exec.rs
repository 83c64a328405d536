//! Added processes are as restricted as the first.

use super::Case;
use super::container::{Container, Live};
use engine::require;
use engine::runtime::exec::{ExecProcess, exec};
use engine::runtime::launch::Stdio;
use engine::runtime::user::ResolvedUser;
use nix::sys::signal::Signal;
use std::fs;
use std::io::Read;
use std::os::fd::AsFd;

pub(crate) const CASES: &[Case] = &[
    ("exec::has_the_status_of_the_first_process", has_the_status_of_the_first_process),
    ("exec::shares_namespaces_cgroup_and_environment", shares_namespaces_cgroup_and_environment),
    ("exec::another_user_has_no_capabilities", another_user_has_no_capabilities),
    ("exec::a_missing_program_is_127", a_missing_program_is_127),
    ("exec::a_terminal_is_controlling", a_terminal_is_controlling),
    ("exec::freezing_and_killing_reach_all_processes", freezing_and_killing_reach_all_processes),
];

fn live(container: &Container) -> Live {
    container.start().expect("started")
}

fn kill(live: &Live) {
    engine::sys::pidfd_send_signal(live.running.pidfd.as_fd(), Signal::SIGKILL as i32).expect("sent");
    super::container::wait(&live.running.pidfd);
}

fn has_the_status_of_the_first_process() {
    require!(Root, Busybox);
    let container = Container::new("exec sleep 100");
    let live = live(&container);
    let fields = "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)' ";
    let added = live.exec(&format!("{fields} /proc/self/status"), |_| {}).expect("added");
    let first = live.exec(&format!("{fields} /proc/1/status"), |_| {}).expect("added");
    assert_eq!(added, first);
    assert!(first.output.contains("Seccomp:\t2"), "{}", first.output);
    kill(&live);
}

fn shares_namespaces_cgroup_and_environment() {
    require!(Root, Busybox);
    let mut container = Container::new("exec sleep 100");
    container.spec.process.environment.insert("A".to_owned(), Some("1".to_owned()));
    let live = live(&container);
    let script = "for n in mnt net pid ipc uts cgroup; do [ $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) ] || echo $n; done; \
                  [ \"$(cat /proc/1/cgroup)\" = \"$(cat /proc/self/cgroup)\" ] || echo cgroup; echo $A $B; pwd; ls /proc/$$/fd; true";
    let outcome = live.exec(script, |process| {
        process.environment = vec!["B=2".to_owned()];
        process.working_dir = Some("/etc".to_owned());
    });
    assert_eq!(outcome.expect("added").output, "1 2\n/etc\n0\n1\n2\n");
    kill(&live);
}

fn another_user_has_no_capabilities() {
    require!(Root, Busybox);
    let container = Container::new("exec sleep 100");
    let live = live(&container);
    let outcome = live.exec("id -u; echo $HOME; grep CapEff /proc/self/status", |process| {
        process.user = Some(ResolvedUser { uid: 1000, gid: 1000, groups: Vec::new() });
    });
    assert_eq!(outcome.expect("added").output, "1000\n/home/app\nCapEff:\t0000000000000000\n");
    kill(&live);
}

fn a_missing_program_is_127() {
    require!(Root, Busybox);
    let container = Container::new("exec sleep 100");
    let live = live(&container);
    let outcome = live.exec("", |process| process.arguments = vec!["nothing".to_owned()]);
    assert_eq!(outcome.expect_err("no such program").exit_code(), 127);
    kill(&live);
}

fn freezing_and_killing_reach_all_processes() {
    require!(Root, Busybox);
    let container = Container::new("sleep 100 & sleep 100 & wait");
    let live = live(&container);
    live.cgroup.freeze().expect("frozen");
    let stat = fs::read_to_string(format!("/proc/{}/stat", live.running.pid)).expect("read");
    assert!(stat.contains(") D ") || stat.contains(") S "), "{stat}");
    live.cgroup.kill().expect("killed");
    assert_eq!(super::container::wait(&live.running.pidfd), 128 + 9);
    live.cgroup.remove().expect("removed");
    assert!(live.cgroup.pids().expect("read").is_empty());
}

fn a_terminal_is_controlling() {
    require!(Root, Busybox);
    let container = Container::new("exec sleep 100");
    let live = live(&container);
    let process = ExecProcess {
        arguments: ["sh", "-c", "tty; stty size; echo $TERM > /dev/tty; exit 3"].map(str::to_owned).to_vec(),
        window: Some((33, 77)),
        ..ExecProcess::default()
    };
    let executing = exec(&live.target(), &process, Stdio::Terminal).expect("added");
    let mut bytes = Vec::new();
    // A terminal whose other end is closed reads as EIO.
    let _ = fs::File::from(executing.terminal.expect("a terminal")).read_to_end(&mut bytes);
    assert_eq!(String::from_utf8_lossy(&bytes), "/dev/pts/0\r\n33 77\r\nxterm\r\n");
    assert_eq!(super::container::wait(&executing.pidfd), 3);
    kill(&live);
}
