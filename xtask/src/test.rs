//! `cargo xtask test`: every check and every test, in the order in which they fail fastest.
//!
//! End-to-end tests run the static binary, by default the release build, as root, one after the other: each compares the
//! whole machine before and after itself. They find everything through the environment:
//!
//! | Variable | What |
//! |---|---|
//! | `LIGHTER_TEST_BINARY` | the binary under test |
//! | `LIGHTER_TEST_STORE` | a LIGHTER_ROOT whose images and build cache outlive the run |
//! | `LIGHTER_REGISTRY_MIRROR` | the registry with the seed images |
//! | `LIGHTER_TEST_REGISTRY` | the program of a registry, for tests that need one of their own |
//! | `LIGHTER_TEST_SKIPS` | a file to which each skipped test adds a line |
//! | `LIGHTER_TEST_PATIENCE` | by what to multiply the time a test waits; set on the emulated machine |

use crate::program::{Program, find, is_root, read_if_there};
use crate::seed::{self, Registry, Seeds};
use crate::{apt, build, kernel, support, tidy, workspace};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the tests need of the host: nft to list what is left, runc to compare with, BusyBox to run, sshfs
/// and its other end for volumes.
const PACKAGES: [&str; 12] = [
    "bind9-dnsutils",
    "busybox-static",
    "ca-certificates",
    "dnsmasq-base",
    "iproute2",
    "iptables",
    "nftables",
    "openssh-sftp-server",
    "openssl",
    "runc",
    "sshfs",
    "tmux",
];

/// The verb. Filters choose tests by a part of their names and leave the other checks out; with `--dev`
/// the binary under test is a build without optimisation, with `--projects` only the examples that fetch
/// packages are tested.
pub(crate) fn main(arguments: &[String]) -> Result<()> {
    let (is_dev, arguments) = without("--dev", arguments);
    let (is_projects, filters) = without("--projects", arguments);
    let build = if is_dev { build::build_for_development } else { build::build };
    if filters == ["--kernel"] {
        return kernel::main(build);
    }
    if let Some(flag) = filters.iter().find(|filter| filter.starts_with('-')) {
        bail!("test knows no flag `{flag}`");
    }
    let start = Instant::now();
    apt::install(&PACKAGES)?;
    let skips = Skips::new()?;
    let is_whole = filters.is_empty() && !is_projects;
    if is_whole {
        checks()?;
        stage("unit and golden tests", || Tests::unit(&skips).run(filters))?;
    }
    let seeds = if is_projects { Seeds::Projects } else { Seeds::Tests };
    let surroundings = stage("seed images", || Surroundings::prepare(build, seeds))?;
    let tests = Tests { ignored_only: is_projects, ..surroundings.tests(&skips) };
    let outcome = stage("end-to-end tests", || tests.run(filters));
    surroundings.close()?;
    skips.report()?;
    outcome?;
    if is_whole {
        stage("tests of every attribute", || support::check_tests(&skips.file))?;
    }
    println!("all passed in {:.0?}", start.elapsed());
    Ok(())
}

/// Whether `arguments` begin with `flag`, and what follows it.
fn without<'a>(flag: &str, arguments: &'a [String]) -> (bool, &'a [String]) {
    match arguments.split_first() {
        Some((first, rest)) if first == flag => (true, rest),
        _ => (false, arguments),
    }
}

fn checks() -> Result<()> {
    stage("format", || Program::cargo().args(["fmt", "--all", "--check"]).run())?;
    stage("tidy", tidy::main)?;
    stage("clippy", || {
        let clippy = Program::cargo().args(["clippy", "--workspace", "--all-targets", "--quiet"]);
        clippy.args(["--", "-D", "warnings"]).run()
    })?;
    stage("documentation", || {
        let doc =
            Program::cargo().args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
        // Private items have pages here, so a link to one leads somewhere.
        doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links").run()
    })
}

/// Runs `work` under a headline, and says how long it took.
fn stage<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("── {name}");
    let start = Instant::now();
    let outcome = work();
    println!("── {name}: {} after {:.1?}", if outcome.is_ok() { "done" } else { "failed" }, start.elapsed());
    outcome
}

/// What the end-to-end tests stand on.
struct Surroundings {
    binary: PathBuf,
    registry: Registry,
    /// Whether the registry ran before us, and so is not ours to stop.
    was_running: bool,
}

impl Surroundings {
    fn prepare(build: fn() -> Result<PathBuf>, seeds: Seeds) -> Result<Self> {
        let files = seed::prepare()?;
        let binary = build()?;
        let was_running = Registry::running(&seed::folder())?.is_some();
        let registry = seed::publish_these(&binary, &files, seeds)?;
        Ok(Self { binary, registry, was_running })
    }

    fn tests(&self, skips: &Skips) -> Tests {
        Tests {
            selection: vec!["--package", "scenarios"],
            one_at_a_time: true,
            ignored_only: false,
            environment: vec![
                ("LIGHTER_TEST_BINARY", self.binary.display().to_string()),
                ("LIGHTER_TEST_STORE", workspace::target().join("store").display().to_string()),
                ("LIGHTER_TEST_REGISTRY", Registry::program(&seed::folder()).display().to_string()),
                ("LIGHTER_REGISTRY_MIRROR", self.registry.address.to_string()),
                ("LIGHTER_TEST_SKIPS", skips.file.display().to_string()),
            ],
        }
    }

    fn close(self) -> Result<()> {
        if self.was_running { Ok(()) } else { Registry::stop(&seed::folder()) }
    }
}

/// A selection of tests, and how to run them.
struct Tests {
    selection: Vec<&'static str>,
    one_at_a_time: bool,
    /// Whether only those run that are left out of an ordinary run.
    ignored_only: bool,
    environment: Vec<(&'static str, String)>,
}

impl Tests {
    fn unit(skips: &Skips) -> Self {
        Self {
            selection: vec!["--workspace", "--exclude", "scenarios"],
            one_at_a_time: false,
            ignored_only: false,
            environment: vec![("LIGHTER_TEST_SKIPS", skips.file.display().to_string())],
        }
    }

    /// Runs them with nextest where it is installed, else with cargo's own runner.
    fn run(&self, filters: &[String]) -> Result<()> {
        let mut tests = match find("cargo-nextest") {
            Some(_) => self.nextest(filters),
            None => self.cargo_test(filters),
        };
        for (name, value) in &self.environment {
            tests = tests.env(name, value);
        }
        if !is_root() {
            tests = tests.env(&runner_variable()?, "sudo --preserve-env");
        }
        tests.run()
    }

    fn nextest(&self, filters: &[String]) -> Program {
        let tests = Program::cargo().args(["nextest", "run", "--no-fail-fast", "--no-tests=fail"]);
        let tests = tests.args(&self.selection);
        let tests = if self.one_at_a_time { tests.args(["--test-threads", "1"]) } else { tests };
        let tests = if self.ignored_only { tests.args(["--run-ignored", "only"]) } else { tests };
        tests.args(filters)
    }

    fn cargo_test(&self, filters: &[String]) -> Program {
        let tests = Program::cargo().args(["test", "--no-fail-fast"]).args(&self.selection).arg("--");
        let tests = if self.one_at_a_time { tests.arg("--test-threads=1") } else { tests };
        let tests = if self.ignored_only { tests.arg("--ignored") } else { tests };
        tests.args(filters)
    }
}

/// The variable that names a program for cargo to run test binaries with.
fn runner_variable() -> Result<String> {
    let version = Program::new("rustc").args(["--version", "--verbose"]).read()?;
    let triple = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    Ok(format!("CARGO_TARGET_{}_RUNNER", triple.to_uppercase().replace('-', "_")))
}

/// The record of tests that could not run here.
struct Skips {
    file: PathBuf,
}

impl Skips {
    fn new() -> Result<Self> {
        let file = workspace::target().join("skipped-tests");
        workspace::make_folder(Path::new(&workspace::target()))?;
        std::fs::write(&file, "")?;
        Ok(Self { file })
    }

    fn report(&self) -> Result<()> {
        let text = read_if_there(&self.file)?.unwrap_or_default();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        if lines.is_empty() {
            println!("no test was skipped");
        } else {
            println!("skipped:");
            lines.iter().for_each(|line| println!("  {line}"));
        }
        Ok(())
    }
}
