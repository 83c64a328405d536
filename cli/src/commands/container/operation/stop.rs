//! `container stop` and `restart`.

use super::{Containers, OperationError};
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use engine::container::{self, Signal, StopOptions};
use std::process::ExitCode;
use std::time::Duration;

/// Options of `container stop`.
#[derive(Debug, Args)]
pub(crate) struct Stop {
    #[command(flatten)]
    names: Containers,
    #[command(flatten)]
    how: How,
}

/// Options of `container restart`.
#[derive(Debug, Args)]
pub(crate) struct Restart {
    #[command(flatten)]
    names: Containers,
    #[command(flatten)]
    how: How,
}

/// How containers are stopped.
#[derive(Debug, Args)]
struct How {
    /// Send this signal instead of the container's own
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<String>,
    /// Seconds until it is killed, -1 for never [default: the container's own, 10]
    #[arg(short = 't', long = "time", alias = "timeout", value_name = "SECONDS", allow_hyphen_values = true)]
    seconds: Option<i64>,
}

/// As long as no one lives: -1 is never.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl How {
    fn options(&self) -> Result<StopOptions, CommandError> {
        let signal = self.signal.as_deref().map(str::parse::<Signal>).transpose();
        let signal = signal.map_err(OperationError::from)?;
        let grace = self.seconds.map(|seconds| u64::try_from(seconds).map_or(NEVER, Duration::from_secs));
        Ok(StopOptions { grace, signal })
    }
}

impl Stop {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let options = self.how.options()?;
        self.names.each(session, |layout, name| Ok(container::stop_with(layout, name, options)?))
    }
}

impl Restart {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let options = self.how.options()?;
        self.names.each(session, |layout, name| {
            container::stop_with(layout, name, options)?;
            container::start(layout, name).map_err(OperationError::from)?;
            Ok(())
        })
    }
}
