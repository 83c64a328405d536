//! Values that several commands take.

use clap::{Args, ValueEnum};
use engine_spec::{NameError, PullPolicy, ServiceName};
use std::time::Duration;

/// The number of containers a service shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scale {
    /// Which service.
    pub(crate) service: ServiceName,
    /// How many.
    pub(crate) replicas: u32,
}

/// A text that is not `SERVICE=NUMBER`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScaleError {
    /// No equals sign.
    #[error("expected SERVICE=NUMBER")]
    Form,
    /// The part before it.
    #[error(transparent)]
    Service(#[from] NameError),
    /// The part after it.
    #[error("`{0}` is not a number of containers")]
    Number(String),
}

/// Reads `web=3`.
pub(crate) fn parse_scale(text: &str) -> Result<Scale, ScaleError> {
    let (service, number) = text.split_once('=').ok_or(ScaleError::Form)?;
    let replicas = number.parse().map_err(|_| ScaleError::Number(number.to_owned()))?;
    Ok(Scale { service: ServiceName::new(service)?, replicas })
}

/// How long containers have to stop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
pub(crate) struct StopTimeout {
    /// Seconds between the stop signal and SIGKILL [default: the container's own, 10]
    #[arg(short = 't', long = "timeout", value_name = "SECONDS")]
    seconds: Option<u32>,
}

impl StopTimeout {
    /// The time, if one was given.
    pub(crate) fn duration(self) -> Option<Duration> {
        self.seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

/// When images are fetched, in docker compose's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PullChoice {
    /// Every time
    Always,
    /// When it is not there
    #[value(alias = "if_not_present")]
    Missing,
    /// Never
    Never,
    /// Not fetched but built
    Build,
}

impl From<PullChoice> for PullPolicy {
    fn from(choice: PullChoice) -> Self {
        match choice {
            PullChoice::Always => Self::Always,
            PullChoice::Missing => Self::Missing,
            PullChoice::Never => Self::Never,
            PullChoice::Build => Self::Build,
        }
    }
}

/// How many of the last lines are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Every line.
    #[default]
    All,
    /// This many.
    Lines(u64),
}

/// A text that is neither `all` nor a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of lines or `all`")]
pub(crate) struct TailError;

impl std::str::FromStr for Tail {
    type Err = TailError;
    fn from_str(text: &str) -> Result<Self, TailError> {
        match text {
            "all" => Ok(Self::All),
            // docker takes any negative number for all.
            _ if text.strip_prefix('-').is_some_and(|digits| digits.parse::<u64>().is_ok()) => Ok(Self::All),
            _ => text.parse().map(Self::Lines).map_err(|_| TailError),
        }
    }
}

impl std::fmt::Display for Tail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Lines(lines) => write!(f, "{lines}"),
        }
    }
}
