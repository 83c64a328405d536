//! `version`: prints which lighter this is.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::{Args, ValueEnum};
use std::process::ExitCode;

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

const NUMBER: &str = env!("CARGO_PKG_VERSION");

impl Version {
    pub(super) fn run(self, _session: &Session) -> Result<ExitCode, CommandError> {
        match self.format {
            _ if self.short => output::print_lines([NUMBER])?,
            VersionFormat::Pretty => output::print_lines([format!("lighter version {NUMBER}")])?,
            VersionFormat::Json => output::print_lines([serde_json::json!({ "version": NUMBER })])?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
