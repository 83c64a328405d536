//! docs/kernel.md: what ran on which kernel, when, from which commit.

use super::Kernel;
use super::machine::Output;
use crate::program::Program;
use crate::workspace;
use anyhow::{Context as _, Result};

/// Writes the page.
pub(super) fn write(kernel: &Kernel, output: &Output, passed: bool) -> Result<()> {
    let commit =
        Program::new("git").args(["rev-parse", "--short", "HEAD"]).folder(workspace::root()).read()?;
    let date = Program::new("date").args(["--utc", "+%Y-%m-%d"]).read()?;
    let verdict = if passed { "passed" } else { "FAILED" };
    let page = format!(
        "# On Debian's own kernel\n\n\
         Written by `cargo xtask test --kernel`: `examples/flask-redis` and the end-to-end tests of \
         `tests/kernel/tests.txt` on an emulated machine with cgroup v2 alone.\n\n\
         | Date | Commit | Kernel | Result | Time, emulated |\n|---|---|---|---|---|\n\
         | {} | {} | {} | {verdict} | {:.0?} |\n\n\
         What the machine printed:\n\n```text\n{}```\n",
        date.trim(),
        commit.trim(),
        kernel.release,
        output.duration,
        from_first_line(&output.text, &kernel.release),
    );
    let file = workspace::root().join("docs/kernel.md");
    workspace::make_folder(&workspace::root().join("docs"))?;
    std::fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))
}

/// Without what the firmware prints before the kernel's release.
fn from_first_line<'a>(text: &'a str, release: &str) -> &'a str {
    text.find(release).map_or(text, |start| &text[start..])
}
