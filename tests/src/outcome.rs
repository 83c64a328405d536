//! What a run of the binary came to.

use std::process::Output;
use std::time::Duration;

/// A run that has ended.
#[derive(Debug)]
pub struct Outcome {
    /// The line that was run.
    pub line: String,
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// What it printed to stdout.
    pub stdout: String,
    /// What it printed to stderr.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    pub(crate) fn new(line: String, output: &Output, took: Duration) -> Self {
        Self {
            line,
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took,
        }
    }

    /// Itself, once it is clear that it went well.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// Itself, once it is clear that it failed with exit code `code`.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn fails_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Itself, once it is clear that stderr holds every one of `texts`.
    ///
    /// # Panics
    /// If one is missing.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "no {text:?} in {self:#?}");
        }
        self
    }
}
