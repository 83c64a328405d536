//! Processes, use of the machine and ports of a container.

use super::machine::Machine;
use scenarios::{Folder, eventually, host, require};

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
fn every_column_of_stats_tells_what_the_container_did() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let disk = Folder::on_disk("stats");
    machine.start("peer", "exec sleep 1000");
    // Held in memory, on the processor, as processes; what is held on disk and sent follows.
    let work = "head -c 8388608 /dev/zero >/dev/shm/held; sleep 1000 & sleep 1000 & while :; do :; done";
    let mount = format!("{}:/disk", disk.path().display());
    let limits = ["--cpus", "0.5", "-m", "96m", "--pids-limit", "20", "-v", &mount];
    machine.ok(&[&["run", "-d", "--name", "worker"], &limits[..], &["busybox", "sh", "-c", work]].concat());
    machine.shell("worker", "dd if=/dev/zero of=/disk/file bs=65536 count=32 conv=fsync 2>/dev/null");
    let address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    let peer = machine.ok(&["inspect", "-f", address, "peer"]);
    machine.shell("worker", &format!("ping -c 4 -i 0.1 -s 1000 {peer}"));

    let format = "{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}";
    let seen = eventually(|| {
        let row = machine.ok(&["stats", "--no-stream", "--format", format, "worker"]);
        let row: Vec<String> =
            row.split_whitespace().filter(|word| *word != "/").map(str::to_owned).collect();
        // All three processes are there once the memory is held.
        (row[9] == "3").then_some(row)
    });
    let row = seen.expect("three processes");
    let amount = |place: usize| amount(&row[place]);
    assert_eq!(row[0], "worker", "{row:?}");
    assert!((5.0..75.0).contains(&amount(1)), "half a processor: {row:?}");
    assert!((8_388_608.0..100_663_296.0).contains(&amount(2)), "what is held: {row:?}");
    assert_eq!(row[3], "96MiB", "{row:?}");
    assert!((amount(4) - 100.0 * amount(2) / amount(3)).abs() < 0.1, "of the limit: {row:?}");
    assert!(amount(5) >= 4000.0 && amount(6) >= 4000.0, "four answers and four questions: {row:?}");
    assert!(amount(8) >= 2_097_152.0, "written: {row:?}");
}

/// The number of an amount such as `96MiB`, `4.19MB` or `12.5%`, in bytes if it is of such.
fn amount(text: &str) -> f64 {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let factor = match &text[end..] {
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "B" | "%" | "" => 1.0,
        unit => panic!("no unit {unit} of {text}"),
    };
    text[..end].parse::<f64>().unwrap_or_else(|error| panic!("{text}: {error}")) * factor
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
