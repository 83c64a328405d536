//! `version`: prints which lighter this is.

use clap::{Args, ValueEnum};

/// Options of `version`.
#[derive(Debug, Default, Args)]
pub(crate) struct Version {
    /// Print the number only
    #[arg(long)]
    short: bool,
    /// Choose how it is printed
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    format: VersionFormat,
}

/// How the version is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum VersionFormat {
    /// As a sentence
    #[default]
    Pretty,
    /// As one JSON object
    Json,
}
