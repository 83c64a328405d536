//! `cargo xtask support`: docs/compose-support.md, from the list that the tests are held to.
//!
//! ```text
//! tests/attributes/*.txt ─┬─► docs/compose-support.md    written here, compared by `tidy`
//!                         ├─► every test it names exists and ran    after the tests of `xtask test`,
//!                         │                                         or is one of `xtask test --kernel`
//!                         └─► it has every attribute of the loader, in the same state    a test of `compose`
//! ```

mod list;
mod page;

use crate::program::{Program, read_if_there};
use crate::{kernel, workspace};
use anyhow::{Context as _, Result, bail};
use list::{Section, State};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PAGE: &str = "docs/compose-support.md";

/// The verb: writes the page.
pub(crate) fn main() -> Result<()> {
    let file = workspace::root().join(PAGE);
    std::fs::write(&file, page::text(&sections()?))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// What `tidy` has to say: whether the page is what the list makes it.
pub(crate) fn check_page() -> Result<Vec<String>> {
    let there = read_if_there(&workspace::root().join(PAGE))?.unwrap_or_default();
    let is_current = there == page::text(&sections()?);
    Ok(if is_current { Vec::new() } else { vec![format!("{PAGE}: out of date; run `cargo xtask support`")] })
}

/// Fails unless every test that the list names exists and none of them is among `skipped`, whose lines
/// begin with a test's path. What the kernel of this machine lacks may be tested on Debian's.
pub(crate) fn check_tests(skipped: &Path) -> Result<()> {
    let skipped = read_if_there(skipped)?.unwrap_or_default();
    let mut skipped: BTreeSet<&str> =
        skipped.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    let on_kernel = kernel::tests()?;
    skipped.retain(|test| !on_kernel.contains(*test));
    let existing = existing_tests()?;
    let mut findings = Vec::new();
    for section in sections()? {
        for attribute in section.attributes {
            for test in attribute.state.tests() {
                if !existing.contains(test) {
                    findings.push(format!("{}: there is no test {test}", attribute.path));
                } else if skipped.contains(test.as_str()) {
                    findings.push(format!("{}: {test} was skipped", attribute.path));
                }
            }
        }
    }
    if findings.is_empty() {
        Ok(())
    } else {
        bail!("the list of attributes is wrong:\n{}", findings.join("\n"))
    }
}

/// The paths of all tests of the workspace, as the test programs themselves list them.
fn existing_tests() -> Result<BTreeSet<String>> {
    let mut tests = BTreeSet::new();
    // Selected as the tests are run, so that nothing is built again.
    for selection in [["--workspace", "--exclude", "scenarios"].as_slice(), &["--package", "scenarios"]] {
        let program = Program::cargo().args(["test", "--quiet", "--lib", "--bins", "--tests"]);
        let listed = program.args(selection).args(["--", "--list", "--format", "terse"]).read()?;
        tests.extend(listed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned));
    }
    Ok(tests)
}

/// The whole list, in the page's order.
fn sections() -> Result<Vec<Section>> {
    let read = |name: &&str| {
        let file: PathBuf = workspace::root().join("tests/attributes").join(format!("{name}.txt"));
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Section::parse(&text).with_context(|| format!("in {}", file.display()))
    };
    list::FILES.iter().map(read).collect()
}

impl State {
    fn tests(&self) -> &[String] {
        match self {
            Self::Works { tests, .. } => tests,
            Self::Untested | Self::Parsed(_) | Self::Absent(_) => &[],
        }
    }
}
