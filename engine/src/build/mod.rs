//! Image builds: Dockerfile text -> stages -> steps -> layers -> image.
//!
//! ```text
//! dockerfile   text -> instructions with places             pure
//! graph scope config ignore select   what each step means   pure, but for reading trees
//! cache        key of a step -> layer it made
//! run transfer workdir   doing a step, in an upper folder that becomes the layer
//! finish       configuration -> image, the same one if nothing changed
//! ```
//! The context is read where it lies. What an unchanged build costs is reading the metadata of the
//! files it copies and one small record a step.

mod archive;
mod attribute;
mod cache;
mod config;
mod context;
mod copy;
mod dockerfile;
mod draft;
mod error;
mod event;
mod finish;
mod glob;
mod graph;
mod ignore;
mod moment;
mod output;
mod path;
mod permission;
mod run;
mod scope;
#[cfg(test)]
mod scratch;
mod select;
mod solve;
mod stat_cache;
mod text;
mod transfer;
mod upper;
mod view;
mod workdir;

pub use archive::ArchiveError;
pub use context::{ContextError, ignore_of};
pub use dockerfile::{Diagnostic, SourceLine};
pub use error::BuildError;
pub use event::{BuildEvent, OutputStream, StepLabel};
pub use glob::GlobError;
pub use ignore::{Ignore, IgnoreError, Verdict};
pub use permission::PermissionError;
pub use select::SelectError;
pub use transfer::CopyError;
pub use upper::UpperError;
pub use view::ViewError;

use crate::image::{Image, Staging};
use crate::state::Layout;
use crate::supervisor::step::{self, StepError, StepSpec, Stream};
use engine_spec::{BuildSpec, ImageReference, Platform};
use solve::Solver;
use std::error::Error;

/// Fetches an image that is not here, or that shall be fetched anew.
pub type Pull<'a> = &'a dyn Fn(&ImageReference, &Platform) -> Result<Image, Box<dyn Error + Send + Sync>>;

/// What a build needs of its caller.
pub struct Host<'a> {
    /// Fetches base images.
    pub pull: Pull<'a>,
    /// Is told what happens.
    pub events: &'a (dyn Fn(BuildEvent) + Sync),
}

/// Builds an image and gives it its names. Blocks until it is done.
///
/// If nothing changed since an earlier build, the result is the very image that build made.
///
/// # Errors
/// Says what is wrong with the Dockerfile and where, which command failed and how, or what could not
/// be read, written or fetched. Steps that were done stay as cache; nothing else is left.
pub fn build(layout: &Layout, spec: &BuildSpec, host: &Host<'_>) -> Result<Image, BuildError> {
    build_with(layout, spec, host, &ChildProcess(layout))
}

fn build_with(
    layout: &Layout,
    spec: &BuildSpec,
    host: &Host<'_>,
    runner: &dyn StepRunner,
) -> Result<Image, BuildError> {
    Staging::sweep(layout);
    let (path, source) = text::read(spec)?;
    let file = dockerfile::parse(source)?;
    for (line, message) in file.warnings() {
        (host.events)(BuildEvent::Warning { line, message });
    }
    let target = graph::target(&file, spec.target.as_deref())?;
    let mut solver = Solver::new(layout, (spec, &file, path), host, runner)?;
    let solved = solver.solve(target);
    solver.contents.save().map_err(BuildError::SaveDigests)?;
    solver.finish(solved?)
}

/// Runs the commands of RUN steps; tests have one that needs no container.
trait StepRunner {
    fn run(&self, step: &StepSpec, output: &mut dyn FnMut(Stream, &[u8])) -> Result<i32, StepError>;
}

/// Each command in a container of its own.
struct ChildProcess<'a>(&'a Layout);

impl StepRunner for ChildProcess<'_> {
    fn run(&self, step: &StepSpec, output: &mut dyn FnMut(Stream, &[u8])) -> Result<i32, StepError> {
        step::run(self.0, step, output)
    }
}

#[cfg(test)]
mod tests;
