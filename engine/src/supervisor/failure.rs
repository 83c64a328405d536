//! An error that crosses from one process to another: its chain of causes as text, and an exit code.

use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;

/// What went wrong in another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What could not be done.
    message: String,
    /// Why, down to the first cause.
    cause: Option<Box<Failure>>,
    /// The exit code that Docker gives a container that failed so (125 to 127), if it has one.
    exit_code: Option<i32>,
}

impl Failure {
    /// Keeps the texts of `error` and its sources.
    pub(crate) fn of(error: &dyn Error, exit_code: Option<i32>) -> Self {
        Self {
            message: error.to_string(),
            cause: error.source().map(|source| Box::new(Self::of(source, None))),
            exit_code,
        }
    }

    /// The exit code that Docker gives a container that failed so, if it has one.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    /// The whole chain in one line.
    pub(crate) fn in_one_line(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}: {}", self.message, cause.in_one_line()),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &dyn Error)
    }
}
