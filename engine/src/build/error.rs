//! Why a build did not come to its end.

use super::dockerfile::{Diagnostic, SourceLine};
use crate::build::command::mounts::RunMountError;
use crate::build::files::transfer::CopyError;
use crate::build::input::context::ContextError;
use crate::image::{ConfigurationError, StoreError};
use crate::state::lock::LockError;
use crate::state::record::RecordError;
use crate::supervisor::step::StepError;
use engine_spec::ImageReference;
use std::error::Error;
use std::io;
use std::path::PathBuf;

/// A build that failed. Nothing of it is left but the steps that succeeded, as cache.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no Dockerfile to read.
    #[error("cannot read the Dockerfile {}", path.display())]
    ReadDockerfile {
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The Dockerfile, or a value put into it, is wrong.
    #[error(transparent)]
    Dockerfile(#[from] Diagnostic),
    /// The stage asked for is not in the Dockerfile.
    #[error("target stage `{target}` could not be found{}", hint.as_ref().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default())]
    UnknownTarget {
        /// What was asked for.
        target: String,
        /// The nearest stage there is.
        hint: Option<String>,
    },
    /// A base image is not here and could not be fetched.
    #[error("cannot pull {reference}, needed at {at}")]
    Pull {
        /// The image.
        reference: Box<ImageReference>,
        /// The instruction that names it.
        at: SourceLine,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A command ran and failed.
    #[error("`{command}` did not complete successfully: exit code {exit_code}\n{}{at}", tail(output))]
    StepFailed {
        /// What was run.
        command: String,
        /// How it ended.
        exit_code: i32,
        /// The last lines it wrote.
        output: Vec<String>,
        /// The instruction.
        at: SourceLine,
    },
    /// A command could not be run at all.
    #[error("cannot run the command at {at}")]
    Step {
        /// The instruction.
        at: SourceLine,
        /// Why.
        #[source]
        source: StepError,
    },
    /// The folders a command needs could not be made or removed.
    #[error("cannot prepare the command at {at}")]
    PrepareStep {
        /// The instruction.
        at: SourceLine,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A mount of a command could not be made ready.
    #[error("cannot mount what the command at {at} asks for")]
    RunMount {
        /// The instruction.
        at: SourceLine,
        /// Why.
        #[source]
        source: RunMountError,
    },
    /// Files could not be put into a layer.
    #[error("cannot copy at {at}")]
    Copy {
        /// The instruction.
        at: SourceLine,
        /// Why.
        #[source]
        source: Box<CopyError>,
    },
    /// `SOURCE_DATE_EPOCH` is no time.
    #[error("SOURCE_DATE_EPOCH is `{value}`, not a number of seconds since 1970")]
    Epoch {
        /// What it is.
        value: String,
    },
    /// A command is for a processor that this host can neither be nor imitate.
    #[error(
        "cannot run the command at {at}: it is for {platform}, which this host cannot run: \
             install an emulator that registers with binfmt_misc, such as qemu-user-static"
    )]
    Foreign {
        /// The instruction.
        at: SourceLine,
        /// What it is for.
        platform: String,
    },
    /// A result could not be sent for other machines.
    #[error("cannot write the build cache to {place}")]
    ExportCache {
        /// Where to.
        place: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another step of the request failed first.
    #[error("the build was stopped because another step failed")]
    Stopped,
    /// Builds are each other's contexts.
    #[error("build {build} needs its own result")]
    Circle {
        /// One of them.
        build: String,
    },
    /// A context is the result of a build that the request does not have.
    #[error("there is no build {build} whose result could be used")]
    UnknownBuild {
        /// The build asked for.
        build: String,
    },
    /// The context could not be used.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// Another build could not be kept from doing the same step.
    #[error("cannot claim a build step")]
    Claim(#[source] LockError),
    /// The sign that stops commands could not be made.
    #[error("cannot make a pipe")]
    Pipe(#[source] io::Error),
    /// The layers could not be made one.
    #[error("cannot squash the layers of the build")]
    Squash(#[source] io::Error),
    /// The image store could not be used.
    #[error("cannot use the image store for a build")]
    Store(#[from] StoreError),
    /// A record of the build cache could not be written.
    #[error("cannot write the build cache")]
    Cache(#[from] RecordError),
    /// The digests of the context's files could not be kept.
    #[error("cannot keep the digests of the build context")]
    SaveDigests(#[source] io::Error),
    /// The Dockerfile wants what the checks find to be errors.
    #[error("the Dockerfile says `check=error=true`, and these checks found something: {rules}")]
    Checks {
        /// Their names.
        rules: String,
    },
    /// The file system of the store is full.
    #[error(
        "there is no room left in {}: `lighter builder prune` and `lighter image prune` make some",
        folder.display()
    )]
    NoRoom {
        /// Where.
        folder: PathBuf,
        /// What could not be done without.
        #[source]
        source: Box<BuildError>,
    },
    /// The image's configuration has no JSON form.
    #[error("cannot write the image's configuration")]
    Configuration(#[source] ConfigurationError),
}

/// The last lines of a failed command, each indented.
fn tail(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {line}\n")).collect()
}
