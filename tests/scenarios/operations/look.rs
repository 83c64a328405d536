//! Processes, use of the machine and ports of a container.

use super::machine::Machine;
use scenarios::{host, require};

#[test]
fn processes_are_listed_as_ps_lists_them() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.ok(&["run", "-d", "--name", "a", "busybox", "sleep", "1000"]);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let full = machine.ok(&["top", "a"]);
    let (title, row) = full.split_once('\n').expect("two lines");
    assert_eq!(words(title), ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]);
    let row = words(row);
    assert_eq!(
        (row[0].as_str(), row[5].as_str(), &row[7..]),
        ("root", "?", &["sleep".to_owned(), "1000".to_owned()][..])
    );
    let chosen = machine.ok(&["top", "a", "-o", "pid,comm"]);
    assert_eq!(words(&chosen), ["PID", "COMMAND", &row[1], "sleep"]);
    assert!(machine.ok(&["top", "a", "aux"]).starts_with("USER "));
    machine.run(&["top", "a", "-o", "comm"]).fails_with(1).says(&["no `pid`"]);
    machine.run(&["top", "a", "--nonsense"]).fails_with(1);
    machine.ok(&["stop", "-t", "1", "a"]);
    machine.run(&["top", "a"]).fails_with(1).says(&["container a is not running"]);
}

#[test]
fn use_is_measured() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.ok(&["run", "-d", "--name", "busy", "-m", "96m", "busybox", "sh", "-c", "while :; do :; done"]);
    machine.ok(&["run", "-d", "--name", "idle", "busybox", "sleep", "1000"]);
    let rows =
        machine.ok(&["stats", "--no-stream", "--format", "{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}"]);
    let row =
        |name: &str| rows.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{rows}"));
    let percent = |name: &str| -> f64 {
        let word = row(name).split(' ').nth(1).expect("a percentage");
        word.trim_end_matches('%').parse().expect("a number")
    };
    assert!(percent("busy") > 10.0 && percent("idle") < 10.0, "{rows}");
    assert!(row("busy").ends_with("/ 96MiB 1"), "{rows}");
    machine.ok(&["stop", "-t", "0", "busy"]);
    let all = machine.ok(&["stats", "--no-stream", "-a", "--format", "{{.Name}} {{.PIDs}}"]);
    assert!(all.contains("busy --"), "{all}");
    machine.run(&["stats", "--no-stream", "nobody"]).fails_with(1);
}

#[test]
fn published_ports_are_told() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let port = host::free_port();
    let publish = format!("127.0.0.1:{port}:80");
    machine.ok(&["run", "-d", "--init", "--name", "a", "-p", &publish, "busybox", "sleep", "1000"]);
    assert_eq!(machine.ok(&["port", "a"]), format!("80/tcp -> 127.0.0.1:{port}\n"));
    assert_eq!(machine.ok(&["port", "a", "80"]), format!("127.0.0.1:{port}\n"));
    machine.run(&["port", "a", "81/udp"]).fails_with(1).says(&["no public port 81/udp"]);
}
