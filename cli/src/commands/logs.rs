//! `logs`: prints what containers wrote.

use crate::args::Tail;
use clap::Args;

/// Options of `logs`.
#[derive(Debug, Default, Args)]
pub(crate) struct Logs {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Go on with what is written from now on
    #[arg(short, long)]
    follow: bool,
    /// Print only this many of the last lines of each container, or `all`
    #[arg(short = 'n', long, value_name = "LINES", default_value_t, allow_hyphen_values = true)]
    tail: Tail,
    /// Print only what was written since this time or for this long (`2026-01-31T08:00:00Z`, `10m`)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only this container of the service
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// How lines are shown.
    #[command(flatten)]
    format: LogFormat,
}

/// How lines of output are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
pub(crate) struct LogFormat {
    /// Print in one colour
    #[arg(long)]
    pub(crate) no_color: bool,
    /// Do not name the container before each line
    #[arg(long)]
    pub(crate) no_log_prefix: bool,
    /// Print the time before each line
    #[arg(short, long)]
    pub(crate) timestamps: bool,
}
