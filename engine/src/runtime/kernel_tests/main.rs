//! The runtime against the real kernel: containers of one busybox layer, as root.
//!
//! A launch forks, and only a process with one thread may do that, so these tests have no libtest
//! harness: each runs in a process of its own, which is this executable again. The command line is
//! the part of libtest's that `cargo test` and nextest use.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test harness talks")]

mod confinement;
mod container;
mod exec;
mod external;
mod launch;

use std::process::{Command, ExitCode};

/// A name and what it runs.
type Case = (&'static str, fn());

fn cases() -> Vec<Case> {
    [launch::CASES, confinement::CASES, exec::CASES, external::CASES].concat()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let filter = arguments.iter().find(|argument| !argument.starts_with('-') && *argument != "terse");
    if has("--list") {
        if !has("--ignored") {
            cases().iter().for_each(|(name, _)| println!("{name}: test"));
        }
        return ExitCode::SUCCESS;
    }
    if let (Some(name), true) = (filter, has("--exact")) {
        return run_here(name);
    }
    let is_chosen = |(name, _): &&Case| filter.is_none_or(|filter| name.contains(filter.as_str()));
    let failed = cases().iter().filter(is_chosen).filter(|(name, _)| !run_alone(name)).count();
    println!("\ntest result: {}. {failed} failed", if failed == 0 { "ok" } else { "FAILED" });
    ExitCode::from(u8::from(failed > 0))
}

fn run_here(name: &str) -> ExitCode {
    let Some((_, test)) = cases().into_iter().find(|(known, _)| *known == name) else {
        eprintln!("no test is called {name}");
        return ExitCode::FAILURE;
    };
    test();
    ExitCode::SUCCESS
}

fn run_alone(name: &str) -> bool {
    let executable = std::env::current_exe().expect("a path");
    let status = Command::new(executable).args([name, "--exact"]).status().expect("started");
    println!("test {name} ... {}", if status.success() { "ok" } else { "FAILED" });
    status.success()
}
