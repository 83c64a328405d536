//! Image builds: Dockerfile text -> stages -> steps -> layers -> image.
//!
//! ```text
//! text dockerfile         text -> instructions with places                pure
//! graph scope             which stages, and what their words mean         pure
//! lint                    what works but is hardly meant
//! schedule stage solve    stages at work, those of several builds at once
//! input                   what is read: contexts, ignore files, digests
//! files command           doing a step, in an upper folder that becomes the layer
//! kept                    key of a step -> layer it made, here and elsewhere
//! outcome                 configuration -> image, the same one if nothing changed
//! ```
//! The context is read where it lies. What an unchanged build costs is reading the metadata of the
//! files it copies and one small record a step.

mod change;
mod command;
mod dockerfile;
mod error;
mod event;
mod files;
mod graph;
mod input;
mod kept;
mod lint;
mod outcome;
mod room;
mod schedule;
mod scope;
#[cfg(test)]
mod scratch;
mod solve;
mod stage;
mod text;
mod workshop;

pub use change::{ChangeError, change};
pub use command::cache_mount::CacheMountError;
pub use command::mounts::RunMountError;
pub use command::secret::SecretError;
pub use command::ssh::SshError;
pub use dockerfile::{Diagnostic, SourceLine};
pub use error::BuildError;
pub use event::{BuildEvent, OutputStream, StepLabel};
pub use files::archive::ArchiveError;
pub use files::permission::PermissionError;
pub use files::select::SelectError;
pub use files::transfer::CopyError;
pub use files::upper::UpperError;
pub use input::context::{ContextError, ignore_of};
pub use input::glob::GlobError;
pub use input::ignore::{Ignore, IgnoreError, Verdict};
pub use input::remote::{DownloadError, GitError};
pub use input::view::ViewError;
pub use kept::stock::{PrunedStock, StockError, StockItem, StockKind, prune_stock, stock};

use crate::image::{Image, Staging};
use crate::state::{Layout, lock};
use crate::supervisor::step::{self, StepError, StepSpec, Stream};
use engine_spec::{BuildSpec, ImageReference, Platform};
use schedule::{Failed, Schedule};
use solve::Solver;
use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use workshop::{Stop, Workshop};

/// Fetches an image that is not here, or that shall be fetched anew.
pub type Pull<'a> =
    &'a (dyn Fn(&ImageReference, &Platform) -> Result<Image, Box<dyn Error + Send + Sync>> + Sync);

/// Sends an image to a registry under a name.
pub type Push<'a> = &'a (dyn Fn(&Image, &ImageReference) -> Result<(), Box<dyn Error + Send + Sync>> + Sync);

/// One of the images that are built together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRequest {
    /// What others of the request call it in [`engine_spec::ContextSource::Build`], and events and errors.
    pub id: String,
    /// What to build.
    pub spec: BuildSpec,
}

/// What a build needs of its caller.
pub struct Host<'a> {
    /// Fetches base images.
    pub pull: Pull<'a>,
    /// Sends what later builds elsewhere may use (`cache_to`).
    pub push: Push<'a>,
    /// Is told what happens, by several threads.
    pub events: &'a (dyn Fn(BuildEvent) + Sync),
    /// The caller's environment: values of secrets, the SSH agent, where programs are.
    pub environment: &'a BTreeMap<String, String>,
}

/// Which build of a request failed, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot build {id}")]
pub struct BuildFailure {
    /// Its id.
    pub id: String,
    /// Why.
    #[source]
    pub source: Box<BuildError>,
}

/// Builds an image and gives it its names. Blocks until it is done.
///
/// If nothing changed since an earlier build, the result is the very image that build made.
///
/// # Errors
/// Says what is wrong with the Dockerfile and where, which command failed and how, or what could not
/// be read, written or fetched. Steps that were done stay as cache; nothing else is left.
pub fn build(layout: &Layout, spec: &BuildSpec, host: &Host<'_>) -> Result<Image, BuildError> {
    let request = BuildRequest { id: String::new(), spec: spec.clone() };
    let images = build_all(layout, std::slice::from_ref(&request), STAGES_AT_A_TIME, host);
    let images = images.map_err(|failure| *failure.source)?;
    images.into_values().next().ok_or(BuildError::Stopped)
}

/// Builds several images as one graph: what they share is done once, and up to `parallel` stages at a
/// time. Returns them by the ids of their builds. Blocks until all are done.
///
/// # Errors
/// The first build that failed, as for [`build()`]; what the others were at is ended.
pub fn build_all(
    layout: &Layout,
    requests: &[BuildRequest],
    parallel: NonZeroUsize,
    host: &Host<'_>,
) -> Result<BTreeMap<String, Image>, BuildFailure> {
    build_with(layout, requests, (parallel, host), &ChildProcess(layout))
}

/// Reads the Dockerfiles of several builds and tells what is doubtful in them, as events. Builds nothing.
///
/// # Errors
/// The first Dockerfile that cannot be read or understood.
pub fn check_all(layout: &Layout, requests: &[BuildRequest], host: &Host<'_>) -> Result<(), BuildFailure> {
    let runner = ChildProcess(layout);
    let failed = |id: &str| {
        let id = id.to_owned();
        |source| BuildFailure { id, source: Box::new(source) }
    };
    let shop = Workshop::open(layout, host, &runner).map_err(failed(""))?;
    requests.iter().try_for_each(|request| Solver::new(&shop, request).map(drop).map_err(failed(&request.id)))
}

/// Reads the text of a Dockerfile called `name`: what is doubtful in it, each with the name of Docker's check.
///
/// # Errors
/// The first thing in it that cannot be understood.
pub fn check_text(name: &str, text: &str) -> Result<Vec<(&'static str, Diagnostic)>, Diagnostic> {
    let file = dockerfile::parse(dockerfile::Source::new(name, text))?;
    scope::global_scope(&file, &BTreeMap::new(), (&Platform::host(), None))?;
    Ok(file.in_force(None, file.warnings()))
}

/// How many stages one build works at together.
pub const STAGES_AT_A_TIME: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");

fn build_with(
    layout: &Layout,
    requests: &[BuildRequest],
    (parallel, host): (NonZeroUsize, &Host<'_>),
    runner: &dyn StepRunner,
) -> Result<BTreeMap<String, Image>, BuildFailure> {
    let id_of = |index: usize| requests.get(index).map(|request| request.id.clone()).unwrap_or_default();
    let failed = |(index, source): Failed| {
        let source = Box::new(room::told(layout, *source));
        BuildFailure { id: id_of(index), source }
    };
    let _running = lock::build(layout).map_err(|error| failed((0, Box::new(BuildError::Claim(error)))))?;
    Staging::sweep(layout);
    let shop = Workshop::open(layout, host, runner).map_err(|error| failed((0, Box::new(error))))?;
    let solver =
        |(index, request)| Solver::new(&shop, request).map_err(|error| failed((index, Box::new(error))));
    let solvers = requests.iter().enumerate().map(solver).collect::<Result<Vec<_>, _>>()?;
    solvers.iter().for_each(Solver::import_caches);
    let drafts = Schedule::new(&shop, &solvers).and_then(|schedule| schedule.run(parallel));
    let saved = shop.contents.save();
    let drafts = drafts.map_err(failed)?;
    saved.map_err(|error| failed((0, Box::new(BuildError::SaveDigests(error)))))?;
    let mut images = BTreeMap::new();
    for (index, (draft, solver)) in drafts.into_iter().zip(&solvers).enumerate() {
        let finished = solver.finish(draft).and_then(|image| solver.export_caches().map(|()| image));
        images.insert(id_of(index), finished.map_err(|error| failed((index, Box::new(error))))?);
    }
    Ok(images)
}

/// Runs the commands of RUN steps; tests have one that needs no container.
trait StepRunner: Sync {
    fn run(
        &self,
        step: &StepSpec,
        stop: &Stop,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> Result<i32, StepError>;
}

/// Each command in a container of its own.
struct ChildProcess<'a>(&'a Layout);

impl StepRunner for ChildProcess<'_> {
    fn run(
        &self,
        step: &StepSpec,
        stop: &Stop,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> Result<i32, StepError> {
        step::run(self.0, step, stop.descriptor().as_fd(), output)
    }
}

#[cfg(test)]
mod tests;
