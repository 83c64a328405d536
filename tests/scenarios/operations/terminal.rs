//! Processes with a terminal, used through a real one (tmux): what is typed, seen, resized and left.

use super::machine::Machine;
use scenarios::{Terminal, require};

fn lighter(machine: &Machine, arguments: &str) -> String {
    format!("{} container {arguments}; echo code=$?", machine.lighter().binary().display())
}

/// What the shell of container `a` in a terminal makes of a new size, of colours and of Ctrl-C.
fn resizes_colours_and_interrupts(machine: &Machine, terminal: &Terminal) {
    terminal.resize(100, 30);
    terminal.line("clear; until [ \"$(stty size)\" = '30 100' ]; do :; done; echo now=$(stty size)");
    terminal.shows("now=30 100");
    terminal.line(r"printf '\033[31mred\033[0m\n'");
    terminal.shows("\u{1b}[31mred");
    // The shell itself takes the key as long as the program is not there.
    terminal.line("sleep 1001");
    scenarios::wait_until("the program has begun", || {
        machine.run(&["top", "a"]).succeeds().stdout.contains("sleep 1001")
    });
    terminal.keys(&["C-c"]);
    terminal.line("echo interrupted=$?");
    terminal.shows("interrupted=130");
}

#[test]
fn a_shell_in_a_container_has_size_colours_and_interrupts() {
    require!(Root, Seeds, Tmux);
    let machine = Machine::new();
    machine.start("a", "exec sleep 1000");
    let terminal = Terminal::new(machine.lighter());
    terminal.line(&lighter(&machine, "exec -it a sh"));
    terminal.shows("/ #");
    terminal.line("echo size=$(stty size)");
    terminal.shows("size=24 80");
    resizes_colours_and_interrupts(&machine, &terminal);
    terminal.line("exit 9");
    terminal.shows("code=9");
    terminal.line("stty -a | grep -o ' echo '; echo restored=$?");
    terminal.shows("restored=0");
}

#[test]
fn detach_keys_leave_a_process_that_goes_on() {
    require!(Root, Seeds, Tmux);
    let machine = Machine::new();
    machine.start("a", "exec sleep 1000");
    let terminal = Terminal::new(machine.lighter());
    terminal.line(&lighter(&machine, "exec -it a sh"));
    terminal.shows("/ #");
    terminal.line("sleep 0.3; echo on >/went; sleep 1000");
    terminal.keys(&["C-p", "C-q"]);
    terminal.shows("read escape sequence");
    terminal.shows("code=1");
    scenarios::wait_until("it goes on", || {
        machine.run(&["exec", "a", "test", "-e", "/went"]).code == Some(0)
    });
    terminal.line("clear");
    terminal.line(&lighter(&machine, "exec -it --detach-keys ctrl-x,z a sh"));
    terminal.shows("/ #");
    terminal.keys(&["C-x", "z"]);
    terminal.shows("code=1");
}

#[test]
fn a_container_is_left_and_attached_again() {
    require!(Root, Seeds, Tmux);
    let machine = Machine::new();
    let terminal = Terminal::new(machine.lighter());
    terminal.line(&lighter(&machine, "run -it --name a busybox sh"));
    terminal.shows("/ #");
    terminal.line("mark=kept");
    terminal.keys(&["C-p", "C-q"]);
    terminal.shows("code=0");
    assert_eq!(machine.states(), "a running");
    terminal.line("clear");
    terminal.line(&lighter(&machine, "attach a"));
    terminal.line("echo mark=$mark size=$(stty size)");
    terminal.shows("mark=kept size=24 80");
    resizes_colours_and_interrupts(&machine, &terminal);
    terminal.line("exit 4");
    terminal.shows("code=4");
    assert_eq!(machine.states(), "a exited");
    terminal.line("clear");
    terminal.line(&lighter(&machine, "start -ai a"));
    terminal.line("echo again; exit 0");
    terminal.shows("code=0");
}

#[test]
fn stats_are_redrawn_until_interrupted() {
    require!(Root, Seeds, Tmux);
    let machine = Machine::new();
    machine.start("first", "exec sleep 1000");
    let terminal = Terminal::new(machine.lighter());
    terminal.line(&lighter(&machine, "stats"));
    terminal.shows("MEM USAGE / LIMIT");
    terminal.shows("first");
    machine.start("newcomer", "exec sleep 1000");
    terminal.shows("newcomer");
    machine.ok(&["rm", "-f", "newcomer"]);
    let is_gone = || !terminal.screen().contains("newcomer");
    scenarios::wait_until("who is gone is not shown any more", is_gone);
    terminal.keys(&["C-c"]);
    // The shell leaves out what follows on a line that was interrupted.
    terminal.line("echo en''ded");
    terminal.shows("ended");
}

#[test]
fn a_hundred_megabytes_pass_through_a_terminal_unchanged() {
    require!(Root, Seeds, Tmux);
    let machine = Machine::new();
    machine.start("a", "exec sleep 1000");
    let terminal = Terminal::new(machine.lighter());
    // The host's side of the terminal is counted, not shown: script(1) would measure tmux.
    let exec = "exec -t a sh -c 'yes 0123456789abcd | head -c 97517568; echo'";
    let binary = machine.lighter().binary().display().to_string();
    terminal.line(&format!("{binary} container {exec} | wc -c"));
    // 15 bytes become 16, as a terminal ends lines with two; and one line more ends it.
    let expected = (97_517_568_u64 / 15 * 16 + 97_517_568 % 15 + 2).to_string();
    let found = scenarios::eventually(|| terminal.screen().contains(&expected).then_some(()));
    assert!(found.is_some(), "expected {expected}:\n{}", terminal.screen());
}
