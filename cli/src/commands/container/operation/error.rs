//! Why an operation on containers failed, beside what commands of projects fail with too.

use engine::container::{
    DetachKeysError, DiffError, PruneError, RemoveError, RenameError, SignalError, StartError, UpdateError,
};

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperationError {
    /// The changes of a container were not read.
    #[error(transparent)]
    Diff(#[from] DiffError),
    /// Ended containers were not removed.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// A container was not removed.
    #[error(transparent)]
    Remove(#[from] RemoveError),
    /// A container did not get another name.
    #[error(transparent)]
    Rename(#[from] RenameError),
    /// The limits of a container were not changed.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// A container was not started again.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A text is no signal.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// A text is no sequence of keys.
    #[error(transparent)]
    Keys(#[from] DetachKeysError),
    /// A container that runs is not removed unasked.
    #[error("container {0} is running: stop it first, or remove it with --force")]
    Running(String),
    /// `rm --link`, which docker keeps for what it calls legacy links.
    #[error("a link goes with the container that has it: make that container again without --link")]
    NoLink,
    /// A process needs a terminal and there is none.
    #[error("the input device is not a TTY")]
    NoTerminal,
    /// The user left a process that goes on.
    #[error("read escape sequence")]
    Detached,
    /// A copy between two containers, or between no container and the host.
    #[error("one of source and destination must be CONTAINER:PATH")]
    CopyWithoutContainer,
    /// A filter of `prune`.
    #[error("`{0}` is not a filter of prune: give until=TIME, label=KEY[=VALUE] or label!=KEY[=VALUE]")]
    Filter(String),
    /// Nothing to change was given.
    #[error("give at least one limit or --restart")]
    NothingToUpdate,
    /// A value of a flag.
    #[error("`{value}` is not a value of --{flag}: {expected}")]
    Value {
        /// Which flag.
        flag: &'static str,
        /// What was given.
        value: String,
        /// What may be.
        expected: &'static str,
    },
    /// A port that is not published.
    #[error("no public port {port} of container {container} is published")]
    NotPublished {
        /// Which port.
        port: String,
        /// Of which container.
        container: String,
    },
    /// A file of variables.
    #[error("cannot read {}", path.display())]
    EnvFile {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
