//! What a build tells its caller while it goes on.

use super::dockerfile::Diagnostic;
use std::fmt;
use std::time::Duration;

/// One step of one stage, as progress lines show it: `[web 2/5]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepLabel {
    /// Tells it from the other steps of one request, from 1 in the order they began.
    pub number: usize,
    /// The build it belongs to: the first of a request that needs it.
    pub build: String,
    /// The stage's name, or `stage-N` where the file gives none.
    pub stage: String,
    /// The step's number in its stage, from 1; FROM is the first.
    pub index: usize,
    /// How many steps the stage has that do work: FROM, RUN, COPY, ADD and WORKDIR.
    pub total: usize,
}

impl fmt::Display for StepLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} {}/{}]", self.stage, self.index, self.total)
    }
}

/// Which of its two outputs a step wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One thing that happened in a build. Every step that starts is followed by its cached, done or failed event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildEvent {
    /// A step was looked at.
    StepStarted {
        /// Which.
        step: StepLabel,
        /// The instruction as one line.
        text: String,
    },
    /// An earlier build had done it.
    StepCached {
        /// Which.
        step: StepLabel,
    },
    /// A command wrote something, not necessarily a whole line.
    Output {
        /// Which step it belongs to.
        step: StepLabel,
        /// Where to.
        stream: OutputStream,
        /// What.
        bytes: Vec<u8>,
    },
    /// A step did its work.
    StepDone {
        /// Which.
        step: StepLabel,
        /// How long it took.
        elapsed: Duration,
    },
    /// A step failed; the error follows as the build's result.
    StepFailed {
        /// Which.
        step: StepLabel,
    },
    /// Something that works but should be looked at.
    Warning {
        /// The build whose Dockerfile it is about.
        build: String,
        /// Its name in Docker's list of build checks.
        rule: &'static str,
        /// Where and what.
        diagnostic: Diagnostic,
    },
}
