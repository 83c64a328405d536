//! What a container wrote, and all of it.

use super::machine::Machine;
use scenarios::require;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

#[test]
fn logs_are_chosen_by_number_and_time() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let options = ["run", "--name", "a", "--label", "tier=front", "--log-opt", "labels=tier"];
    machine.ok(&[
        &options[..],
        &["busybox", "sh", "-c", "echo one; sleep 0.02; echo two; sleep 0.02; echo three >&2"],
    ]
    .concat());
    let outcome = machine.run(&["logs", "a"]).succeeds();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("one\ntwo\n", "three\n"));
    let tail = machine.run(&["logs", "-n", "2", "a"]).succeeds();
    assert_eq!((tail.stdout.as_str(), tail.stderr.as_str()), ("two\n", "three\n"));
    let stamped = machine.ok(&["logs", "-t", "a"]);
    let second = stamped.lines().nth(1).and_then(|line| line.split_once(' ')).expect("a time and a text");
    assert_eq!(second.1, "two");
    let since = machine.run(&["logs", "--since", second.0, "a"]).succeeds();
    assert!(since.stdout == "two\n" && since.stderr == "three\n", "{since:?}");
    assert_eq!(machine.ok(&["logs", "--until", second.0, "a"]), "one\n");
    assert_eq!(machine.ok(&["logs", "--since", "1h", "--tail", "all", "a"]), "one\ntwo\n");
    assert!(machine.ok(&["logs", "--details", "a"]).starts_with("tier=front one\n"));
    machine.run(&["logs", "--since", "soon", "a"]).fails_with(1);
}

#[test]
fn following_ends_with_the_container() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", "echo before; while [ ! -e /go ]; do sleep 0.02; done; echo after");
    let mut command = machine.lighter().command(["container", "logs", "-f", "a"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    lines.read_line(&mut line).expect("read");
    assert_eq!(line, "before\n");
    machine.shell("a", "touch /go");
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("read to its end");
    assert_eq!(rest, "after\n");
    assert!(child.wait().expect("ended").success());
}

#[test]
fn an_attached_caller_gets_a_hundred_megabytes_unchanged() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let script = "yes 0123456789abcde | head -c 104857600; echo end >&2";
    let mut command = machine.lighter().command([
        "container",
        "run",
        "--name",
        "a",
        "--log-driver",
        "none",
        "busybox",
        "sh",
        "-c",
        script,
    ]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut output = child.stdout.take().expect("piped");
    let (mut buffer, mut length) = (vec![0; 1 << 20], 0usize);
    loop {
        let count = output.read(&mut buffer).expect("read");
        if count == 0 {
            break;
        }
        let is_right = |(place, byte): (usize, &u8)| *byte == b"0123456789abcde\n"[(length + place) % 16];
        assert!(buffer[..count].iter().enumerate().all(is_right), "changed after {length} bytes");
        length += count;
    }
    assert_eq!(length, 100 << 20);
    assert!(child.wait().expect("ended").success());
}

#[test]
fn signals_are_passed_on_by_an_attached_caller() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let script = "trap 'echo told; exit 6' TERM; echo ready; while :; do sleep 0.02; done";
    machine.ok(&["run", "-d", "--name", "a", "busybox", "sh", "-c", script]);
    let mut command = machine.lighter().command(["container", "attach", "--no-stdin", "a"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    scenarios::wait_until("somebody is attached", || {
        let log =
            std::fs::read_to_string(machine.lighter().root().join("lib/events/log")).unwrap_or_default();
        log.contains("\"attach\"")
    });
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("sent");
    let mut output = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut output).expect("read");
    assert!(output.ends_with("told\n"), "{output}");
    assert_eq!(child.wait().expect("ended").code(), Some(6));
}
