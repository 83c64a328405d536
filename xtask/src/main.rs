//! The project's own commands, run as `cargo xtask VERB`.
//!
//! One file per verb; what verbs share lies beside them. Nothing here depends on a crate of ours:
//! the product is only ever run as the binary that a user runs.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool talks to its terminal")]

mod bench;
mod build;
mod conformance;
mod demo;
mod fuzz;
mod kernel;
mod seed;
mod support;
mod test;
mod tidy;

mod apt;
mod elf;
mod engine;
mod http;
mod origin;
mod program;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask VERB

  demo                     build everything and run examples/flask-redis, from nothing to a page
  build                    build the static binary target/release/lighter
  test [--dev] [FILTER…]   run every check and test; with FILTER only the tests whose names contain it,
                           with --dev against a binary that is built faster and runs slower
  test [--dev] --kernel    run flask-redis and the tests of tests/kernel/tests.txt on Debian's own kernel in a
                           emulated machine, into docs/kernel.md
  test [--dev] --projects  build the examples that fetch packages, each twice, and ask them for a page
  support                  write docs/compose-support.md from tests/attributes
  tidy                     check the rules of the source that no other tool knows
  seed [stop]              make the base images where no public registry is reached
  bench [AREA…]            measure against Docker and the kernel, into docs/benchmarks.md
  conformance [AREA…]      put the same questions to Docker and to Lighter, into docs/conformance-AREA.md
  fuzz [TARGET [SECONDS]]  hostile input, made by the machine, to what reads it";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((verb, rest)) = arguments.split_first() else { bail!("no verb\n\n{USAGE}") };
    match verb.as_str() {
        "demo" => demo::main(),
        "build" => build::main(),
        "test" => test::main(rest),
        "tidy" => tidy::main(),
        "seed" => seed::main(rest),
        "support" => support::main(),
        "bench" => bench::main(rest),
        "conformance" => conformance::main(rest),
        "fuzz" => fuzz::main(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        unknown => bail!("no verb `{unknown}`\n\n{USAGE}"),
    }
}
