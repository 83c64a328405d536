//! What follows from a failure: the exit code, and what the user can do about it.

use super::CommandError;
use crate::apply::perform::PerformError;
use crate::commands::FlagError;
use crate::report::CONTAINER_RUN;
use engine::container::AttachError;
use std::io;

/// The exit code of whoever was interrupted, 128 and SIGINT's number; docker compose's for a no, too.
const INTERRUPTED: u8 = 130;
/// Any other failure's.
pub(crate) const FAILED: u8 = 1;
/// Docker's exit code of a `run` that did not come to run anything.
pub(crate) const NOT_RUN: u8 = 125;

impl CommandError {
    /// One step failed, and no other was at work.
    pub(crate) fn of_step(failure: PerformError) -> Self {
        Self::Steps(vec![failure])
    }

    /// The exit code that tells the caller of what kind it is.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Interrupted | Self::Declined => INTERRUPTED,
            Self::Exec(error) => error.exit_code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED),
            // Docker looks at the terminal before it looks at the container.
            Self::Run(error) if matches!(**error, Self::Flag(FlagError::NoTerminal)) => FAILED,
            Self::Run(error) => error.start_code().unwrap_or(NOT_RUN),
            _ => FAILED,
        }
    }

    /// Docker's exit code where it is the container's program that could not be started: 126 or 127.
    fn start_code(&self) -> Option<u8> {
        let error = match self {
            Self::Start(error) | Self::Attach(AttachError::Start(error)) => error,
            _ => return None,
        };
        error.exit_code().and_then(|code| u8::try_from(code).ok()).filter(|code| matches!(code, 126 | 127))
    }

    /// Whether there is anybody to tell: `lighter ps | head -1` closes the pipe and means no harm.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self, Self::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What the user can do about it, where we know.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchService(missing) => {
                missing.nearest.as_ref().map(|nearest| format!("did you mean `{nearest}`?"))
            }
            Self::NotRunning { service, .. }
            | Self::NoContainer { service }
            | Self::NoSuchContainer { service, .. } => {
                Some(format!("start it with `lighter up -d {service}`"))
            }
            Self::NoServiceToRun { given, .. } => {
                Some(format!("if `{given}` is an image, run it with `{CONTAINER_RUN}`"))
            }
            _ => None,
        }
    }
}
