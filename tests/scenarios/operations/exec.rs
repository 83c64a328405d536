//! Processes added to a container.

use super::machine::Machine;
use scenarios::{Folder, require};

const SLEEP: &str = "exec sleep 1000";

#[test]
fn a_process_has_what_is_asked_for() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    let folder = Folder::new("exec");
    folder.write("env", "# colours\nA=file\nB=file\n");
    let file = folder.path().join("env").display().to_string();
    let script = "echo $A $B; pwd; id -u; id -g";
    let options = ["exec", "--env-file", &file, "-e", "A=flag", "-w", "/tmp", "-u", "12:34", "a"];
    let printed = machine.ok(&[&options[..], &["sh", "-c", script]].concat());
    assert_eq!(printed, "flag file\n/tmp\n12\n34\n");
}

#[test]
fn an_exit_code_tells_what_happened() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    machine.run(&["exec", "a", "sh", "-c", "exit 9"]).fails_with(9);
    machine.run(&["exec", "a", "sh", "-c", "kill -9 $$"]).fails_with(137);
    machine.run(&["exec", "a", "nothing-of-that-name"]).fails_with(127);
    machine.run(&["exec", "a", "/etc"]).fails_with(126);
    machine.run(&["exec", "-w", "/nowhere", "a", "true"]).fails_with(126);
    machine.run(&["exec", "-u", "nobody-of-that-name", "a", "true"]).fails_with(126);
    machine.ok(&["stop", "-t", "1", "a"]);
    machine.run(&["exec", "a", "true"]).fails_with(1).says(&["container a is not running"]);
    machine.run(&["exec", "nobody", "true"]).fails_with(1).says(&["no such container: nobody"]);
}

#[test]
fn input_reaches_a_process_only_if_asked_for() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    let much: Vec<u8> = (0..3 << 20).map(|n| b"0123456789\n"[n % 11]).collect();
    assert!(machine.feed(&["exec", "-i", "a", "cat"], &much) == much, "it came back unchanged");
    assert_eq!(machine.ok(&["exec", "a", "cat"]), "");
}

#[test]
fn a_detached_process_goes_on_without_the_caller() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    machine.ok(&["exec", "-d", "a", "sh", "-c", "sleep 0.1; touch /done"]);
    scenarios::wait_until("it is done", || {
        machine.run(&["exec", "a", "test", "-e", "/done"]).code == Some(0)
    });
    machine.ok(&[
        "exec",
        "-d",
        "-t",
        "a",
        "sh",
        "-c",
        "test -t 1 && echo much >/terminal; yes | head -c 200000",
    ]);
    scenarios::wait_until("it had a terminal", || {
        machine.shell("a", "cat /terminal 2>/dev/null; true") == "much"
    });
}

#[test]
fn privileges_are_given_only_when_asked_for() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    let capabilities = |options: &[&str]| {
        let line = [&["exec"], options, &["a", "sh", "-c", "grep CapEff /proc/self/status"]].concat();
        let text = machine.ok(&line);
        u64::from_str_radix(text.trim().rsplit('\t').next().unwrap_or_default(), 16).expect("hex")
    };
    let (plain, privileged) = (capabilities(&[]), capabilities(&["--privileged"]));
    assert!(privileged & plain == plain && privileged.count_ones() > plain.count_ones());
}
