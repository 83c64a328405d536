//! What happens is kept, in Docker's words and order.

use super::machine::Machine;
use scenarios::require;

/// Type and action of all that is kept of containers and their places in networks.
fn happened(machine: &Machine) -> Vec<String> {
    let log = std::fs::read_to_string(machine.lighter().root().join("lib/events/log")).expect("kept");
    let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let words = events.map(|event| {
        let word = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", word("type"), word("action"))
    });
    words.filter(|words| words.starts_with("container ") || words.contains("connect")).collect()
}

#[test]
fn a_container_tells_its_whole_life() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.ok(&["run", "-d", "--init", "--name", "a", "busybox", "sleep", "1000"]);
    machine.run(&["exec", "a", "sh", "-c", "exit 3"]).fails_with(3);
    machine.ok(&["pause", "a"]);
    machine.ok(&["unpause", "a"]);
    machine.ok(&["rename", "a", "b"]);
    machine.ok(&["update", "-m", "64m", "b"]);
    machine.ok(&["export", "-o", "/dev/null", "b"]);
    machine.ok(&["stop", "-t", "5", "b"]);
    machine.ok(&["rm", "b"]);
    let expected = [
        "container create",
        "network connect",
        "container start",
        "container exec-create",
        "container exec-start",
        "container exec-die",
        "container pause",
        "container unpause",
        "container rename",
        "container update",
        "container export",
        "container kill",
        "container die",
        "network disconnect",
        "container stop",
        "container destroy",
    ];
    assert_eq!(happened(&machine), expected);
}

#[test]
fn a_container_that_wants_too_much_memory_says_so() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let hog = "x=$(head -c 64m /dev/zero | tr '\\0' x); echo never";
    machine.run(&["run", "--name", "a", "-m", "16m", "--memory-swap", "16m", "busybox", "sh", "-c", hog]);
    let happened = happened(&machine);
    assert!(happened.contains(&"container oom".to_owned()), "{happened:?}");
}
