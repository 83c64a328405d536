//! Why a container's first process could not be started.

use super::report::Report;
use crate::runtime::cgroup::CgroupError;
use nix::errno::Errno;
use std::io;
use std::path::PathBuf;

/// A process could not be launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The spec asks for what this runtime cannot do.
    #[error("cannot launch a container with {0}")]
    Unsupported(String),
    /// No child could be made.
    #[error("cannot create the container's process")]
    Clone(#[source] io::Error),
    /// There is no program to be its PID 1.
    #[error("cannot keep the program for `init: true` in memory; where vm.memfd_noexec is 2, set it to 1")]
    InitProgram(#[source] io::Error),
    /// The container's control group cannot be used.
    #[error("cannot use the container's control group")]
    Cgroup(#[from] CgroupError),
    /// What hooks read could not be written.
    #[error("cannot write {path} for the container's hooks")]
    Bundle {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A step failed in the child.
    #[error("cannot {step}")]
    Step {
        /// What was tried, to what: `mount /proc`.
        step: String,
        /// Why.
        #[source]
        source: Errno,
    },
    /// The program could not be found or executed.
    #[error("cannot execute `{program}`")]
    Execute {
        /// As the container's command names it.
        program: String,
        /// Why.
        #[source]
        source: Errno,
    },
    /// The network could not be set up from inside; the text is the whole chain of causes.
    #[error("cannot set up the container's network: {0}")]
    Inside(String),
    /// No user namespace could be made for an idmapped mount; the text is the whole chain of causes.
    #[error("cannot prepare an idmapped mount: {0}")]
    Owners(String),
    /// The child was killed before it could report.
    #[error("the container's process was killed before it could start")]
    Killed,
    /// The socket to the child failed.
    #[error("cannot talk to the container's process")]
    Socket(#[source] io::Error),
}

impl LaunchError {
    /// The exit code Docker gives a container that could not be started: 127 where the program is
    /// missing, 126 where it may not be executed, else 128.
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Execute { source: Errno::ENOENT, .. } => 127,
            Self::Execute {
                source: Errno::EACCES | Errno::EISDIR | Errno::ENOTDIR | Errno::EPERM, ..
            } => 126,
            Self::Execute { .. }
            | Self::Unsupported(_)
            | Self::Clone(_)
            | Self::InitProgram(_)
            | Self::Cgroup(_)
            | Self::Bundle { .. }
            | Self::Step { .. }
            | Self::Inside(_)
            | Self::Owners(_)
            | Self::Killed
            | Self::Socket(_) => 128,
        }
    }
}

impl From<Report> for LaunchError {
    fn from(report: Report) -> Self {
        match report {
            Report::Failed { step, errno } => Self::Step { step, source: Errno::from_raw(errno) },
            Report::NotExecuted { program, errno } => {
                Self::Execute { program, source: Errno::from_raw(errno) }
            }
            Report::Inside(text) => Self::Inside(text),
            Report::Prepared { .. } => Self::Socket(io::ErrorKind::InvalidData.into()),
        }
    }
}
