//! Image builds: Dockerfile text -> stages -> steps -> layers -> image.

mod dockerfile;
mod error;
mod event;

pub use dockerfile::{Diagnostic, SourceLine};
pub use error::BuildError;
pub use event::{BuildEvent, OutputStream, StepLabel};
