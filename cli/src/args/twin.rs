//! Options that twin commands have in common: that of a project, and that of single containers.

use super::Tail;
use crate::error::CommandError;
use crate::habits::Habit;
use crate::session::Session;
use crate::show::clock;
use crate::show::format::Format;
use crate::usage::Show;
use clap::{ArgAction, Args};
use engine::container::CommitOptions;
use engine::container::logs::LogOptions;
use std::time::SystemTime;

/// Which lines of a log are printed: `logs`.
#[derive(Debug, Default, Args)]
pub(crate) struct LogFlags {
    /// Go on with what is written from now on
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Print only this many of the last lines of each container, or `all`
    #[arg(short = 'n', long, value_name = "LINES", default_value_t, allow_hyphen_values = true)]
    tail: Tail,
    /// Print only what was written since this time or for this long (`2026-01-31T08:00:00Z`, `10m`)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Print only what was written before this time, or not for this long
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Print the time before each line
    #[arg(short, long)]
    pub(crate) timestamps: bool,
}

impl LogFlags {
    /// The lines that are meant.
    pub(crate) fn options(&self) -> Result<LogOptions, CommandError> {
        let now = SystemTime::now();
        let time = |text: &Option<String>| clock::parse_option(text.as_deref(), now);
        Ok(LogOptions {
            follow: self.follow,
            tail: match self.tail {
                Tail::All => None,
                Tail::Lines(lines) => Some(usize::try_from(lines).unwrap_or(usize::MAX)),
            },
            since: time(&self.since)?,
            until: time(&self.until)?,
        })
    }
}

/// When events were that are printed: `events`.
#[derive(Debug, Default, Args)]
pub(crate) struct EventPeriod {
    /// Begin with events since this time or for this long (`2026-01-31T08:00:00Z`, `10m`)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// End with events of this time, or of this long ago
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl EventPeriod {
    /// The first moment, which is now unless one is given, and the last, if there is one.
    pub(crate) fn bounds(&self) -> Result<(SystemTime, Option<SystemTime>), CommandError> {
        let now = SystemTime::now();
        let time = |text: &Option<String>| clock::parse_option(text.as_deref(), now);
        Ok((time(&self.since)?.unwrap_or(now), time(&self.until)?))
    }
}

/// How an image is made of a container: `commit`.
#[derive(Debug, Args)]
pub(crate) struct CommitFlags {
    /// Say who made it
    #[arg(short, long, value_name = "NAME")]
    author: Option<String>,
    /// Change how it is run by an instruction of a Dockerfile (`CMD ["nginx"]`)
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// Say what was done
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Freeze the container meanwhile
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = ArgAction::Set)]
    pause: bool,
}

impl From<CommitFlags> for CommitOptions {
    fn from(flags: CommitFlags) -> Self {
        Self { author: flags.author, message: flags.message, changes: flags.change, pause: flags.pause }
    }
}

/// How use is shown, and of whom: `stats`.
#[derive(Debug, Default, Args)]
pub(crate) struct StatsFlags {
    /// Show stopped containers too
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Print as `json`, or each container through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Print once and return
    #[arg(long)]
    no_stream: bool,
    /// Print in full what a table cuts short
    #[arg(long)]
    no_trunc: bool,
}

impl StatsFlags {
    /// How it is shown.
    pub(crate) fn show(&self, session: &Session) -> Show {
        Show {
            format: session.format(self.format.clone(), Habit::Stats),
            once: self.no_stream,
            is_full: self.no_trunc,
        }
    }
}
