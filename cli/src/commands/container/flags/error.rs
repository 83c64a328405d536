//! Flags that mean nothing.

use std::io;
use std::path::PathBuf;

/// A flag whose value means nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlagError {
    /// It has not the form it must have.
    #[error("`{value}` is not valid for {flag}: expected {expected}")]
    Form {
        /// With its dashes.
        flag: &'static str,
        /// As given.
        value: String,
        /// Its form.
        expected: &'static str,
    },
    /// A part of it is not known.
    #[error("`{value}` in {flag} has no meaning{}", nearest.as_ref().map(|word| format!("; did you mean `{word}`?")).unwrap_or_default())]
    Part {
        /// With its dashes.
        flag: &'static str,
        /// The part.
        value: String,
        /// What it may have meant.
        nearest: Option<&'static str>,
    },
    /// A file that it names cannot be read.
    #[error("cannot read {path} for {flag}")]
    File {
        /// With its dashes.
        flag: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One that means nothing any more, or not here.
    #[error("{flag} has no effect on Linux: {instead}")]
    Gone {
        /// With its dashes.
        flag: &'static str,
        /// What has.
        instead: &'static str,
    },
    /// Two flags that exclude each other.
    #[error("{0} and {1} exclude each other")]
    Conflict(&'static str, &'static str),
    /// A flag that needs a terminal, and there is none.
    #[error("stdin is not a terminal, which -t with -i needs; leave -t out, or -i")]
    NoTerminal,
    /// The file of `--cidfile` is there already.
    #[error("the id file {0} is there already: another container may be using it")]
    IdFile(PathBuf),
}

impl FlagError {
    /// Refuses a value.
    pub(crate) fn form(flag: &'static str, value: &str, expected: &'static str) -> Self {
        Self::Form { flag, value: value.to_owned(), expected }
    }
}
