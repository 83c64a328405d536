//! Image builds: Dockerfile text -> stages -> steps -> layers -> image.

mod attribute;
mod copy;
mod dockerfile;
mod error;
mod event;
mod glob;
mod ignore;
mod path;
mod permission;
#[cfg(test)]
mod scratch;
mod select;
mod stat_cache;
mod upper;
mod view;

pub use dockerfile::{Diagnostic, SourceLine};
pub use error::BuildError;
pub use event::{BuildEvent, OutputStream, StepLabel};
