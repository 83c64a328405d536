//! `cargo xtask tidy`: the rules of the source that no other tool knows.
//!
//! Each rule looks at the files git tracks or is about to track, and returns what breaks it, a line each.

mod behaviours;
mod edges;
mod hosts;
mod source;

use crate::program::Program;
use crate::{support, workspace};
use anyhow::{Context as _, Result, bail};

/// A file of the repository.
struct Source {
    /// Its path from the repository's folder.
    path: String,
    text: String,
}

/// The verb.
pub(crate) fn main() -> Result<()> {
    let sources = sources()?;
    let mut findings = edges::check()?;
    findings.extend(sources.iter().flat_map(source::check));
    findings.extend(source::forgotten(&sources));
    findings.extend(hosts::check(&sources)?);
    findings.extend(behaviours::check(&sources));
    findings.extend(support::check_page()?);
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{}\n{} findings", findings.join("\n"), findings.len());
}

/// Every text file that is tracked, or new and not ignored.
fn sources() -> Result<Vec<Source>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let names =
        Program::new("git").args(arguments).folder(workspace::root()).read().context("is git there?")?;
    let paths = names.split_terminator('\0').map(str::to_owned);
    // A file that is deleted but still tracked, or that is no text, has nothing to say.
    let read = |path: String| {
        let text = std::fs::read_to_string(workspace::root().join(&path)).ok()?;
        Some(Source { path, text })
    };
    Ok(paths.filter_map(read).collect())
}
