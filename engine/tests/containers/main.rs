//! Containers of busybox on this machine's own kernel: launched, reached, entered, stopped, lost and
//! found again, removed without a trace.
//!
//! Supervisors are copies of the program that starts them, so this one has a `main` that knows their
//! verbs, and speaks the little of the test harness's language that `cargo nextest` needs.

#![expect(clippy::print_stdout, reason = "it speaks as the test harness does")]

mod attach;
mod lifecycle;
mod machine;
mod repair;
mod step;

use engine::supervisor;
use engine::sys::{Requirement, report_skip};
use machine::Machine;
use std::ffi::OsString;
use std::process::ExitCode;

/// A test: its name and what it does.
type Test = (&'static str, fn(&Machine));

const TESTS: [Test; 14] = [
    ("a_container_runs_logs_and_leaves_nothing", lifecycle::runs_logs_and_leaves_nothing),
    ("containers_find_each_other_and_ports_are_published", lifecycle::names_and_ports),
    ("exec_gives_output_and_exit_code", lifecycle::exec),
    ("a_missing_program_is_exit_code_127", lifecycle::missing_program),
    ("a_deaf_container_is_stopped_early", lifecycle::deaf_stop),
    ("a_terminal_is_logged", lifecycle::terminal),
    ("a_policy_restarts_until_its_attempts_are_used_up", lifecycle::restart_policy),
    ("probes_make_a_container_healthy", lifecycle::health),
    ("a_named_volume_is_filled_once_and_kept", lifecycle::volumes),
    ("input_goes_in_and_output_comes_out", attach::input_and_output),
    ("a_lost_supervisor_is_replaced", repair::adoption),
    ("a_supervisor_killed_while_launching_leaves_nothing", repair::killed_launch),
    ("a_half_made_container_is_discarded", repair::half_made),
    ("a_build_step_leaves_only_its_changes", step::runs),
];

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).and_then(|verb| verb.to_str()).is_some_and(supervisor::is_verb) {
        return supervisor::main(&arguments[1..]);
    }
    let texts: Vec<&str> = arguments[1..].iter().filter_map(|text| text.to_str()).collect();
    if texts.contains(&"--list") {
        if !texts.contains(&"--ignored") {
            TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        }
        return ExitCode::SUCCESS;
    }
    let is_exact = texts.contains(&"--exact");
    let filters: Vec<&str> = texts.into_iter().filter(|text| !text.starts_with('-')).collect();
    run(|name| {
        let matches = |filter: &&str| if is_exact { name == *filter } else { name.contains(*filter) };
        filters.is_empty() || filters.iter().any(matches)
    })
}

fn run(is_chosen: impl Fn(&str) -> bool) -> ExitCode {
    for requirement in [Requirement::Root, Requirement::Busybox] {
        if !requirement.is_met() {
            report_skip("containers", requirement);
            return ExitCode::SUCCESS;
        }
    }
    let mut has_failed = false;
    for (name, test) in TESTS.iter().filter(|(name, _)| is_chosen(name)) {
        let passed = std::panic::catch_unwind(|| {
            let machine = Machine::new(name);
            test(&machine);
            machine.close();
        });
        println!("test {name} ... {}", if passed.is_ok() { "ok" } else { "FAILED" });
        has_failed |= passed.is_err();
    }
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
