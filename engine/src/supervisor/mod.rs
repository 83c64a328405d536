//! One small process per container: its output, its end, its restarts, its health, its ports and names.
//!
//! ```text
//! container::start ── nursery ──> supervise ── presence ── launch ── "running" ──> run … leave
//!                                                       └ adopt ┘
//! ```
//! It is the only writer of its container's status and log. It is asked through `message`s on a
//! socket in the container's run folder, and found dead by the lock that `presence` holds. Its death
//! hurts nobody: what the container needs of it is taken over by the next one (`adopt`).

mod adopt;
mod aftermath;
mod attach;
mod attached;
mod attachment;
mod connection;
mod custody;
mod deaf;
pub(crate) mod describe;
pub(crate) mod detach;
mod ending;
mod entered;
mod failure;
mod freeze;
mod health;
mod launch;
mod links;
pub(crate) mod log;
pub(crate) mod message;
mod mounts;
mod nursery;
mod poll;
pub(crate) mod presence;
mod probe;
mod report;
mod requests;
mod restart;
mod run;
pub(crate) mod spawn;
mod state;
mod stdio;
pub mod step;
mod stop;
mod storage;
mod waiting;

pub use failure::Failure;
pub use log::{LogOptionError, time};
pub use nursery::end_nursery;
pub use probe::ProbeRecord;
pub use spawn::SpawnError;

use self::log::{Log, LogError, Reach};
use crate::container::folder::Folder;
use crate::state::Layout;
use crate::state::container::{self, ContainerRecord};
use crate::state::record::RecordError;
use adopt::AdoptError;
use engine_spec::{ContainerId, EndpointSpec, NetworkMode};
use launch::StartFailure;
use message::Answer;
use presence::{Claim, Presence};
use run::{Files, Supervisor};
use spawn::Mode;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use stdio::Output;

/// A container as its supervisor knows it.
#[derive(Debug)]
pub(crate) struct Supervised {
    pub(crate) layout: Layout,
    pub(crate) record: ContainerRecord,
    pub(crate) folder: Folder,
    /// Rows and columns that its terminal begins with.
    pub(crate) window: Option<(u16, u16)>,
}

impl Supervised {
    /// Its places in networks, in the order their interfaces appear.
    fn endpoints(&self) -> &[EndpointSpec] {
        match &self.record.spec.network {
            NetworkMode::Networks { endpoints } => endpoints,
            NetworkMode::None | NetworkMode::Host | NetworkMode::Container { .. } => &[],
        }
    }
}

/// Why a supervisor gave up.
#[derive(Debug, thiserror::Error)]
enum SuperviseError {
    #[error("cannot read the container")]
    Record(#[from] RecordError),
    #[error("no such container: {0}")]
    Unknown(ContainerId),
    #[error("cannot {attempt}")]
    File {
        attempt: &'static str,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Start(#[from] StartFailure),
    #[error("cannot take over the container from its dead supervisor")]
    Adopt(#[from] AdoptError),
}

impl SuperviseError {
    /// The exit code that Docker gives a container that failed so.
    fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Start(failure) => Some(failure.exit_code()),
            Self::Log(_) => Some(launch::NOT_LAUNCHED),
            Self::Record(_) | Self::Unknown(_) | Self::File { .. } | Self::Adopt(_) => None,
        }
    }
}

/// Whether `verb` is one that [`main`] runs.
#[must_use]
pub fn is_verb(verb: &str) -> bool {
    matches!(verb, spawn::SUPERVISE | spawn::STEP) || nursery::command_of(verb).is_some()
}

/// Runs one of the hidden verbs, `__supervise <id> [--adopt]` or `__step`.
///
/// `arguments` begin with the verb. The process must not have started a thread. Standard input is the
/// socket to whoever started it.
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    let texts: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let root = std::env::var_os(spawn::ROOT_VARIABLE);
    let layout = Layout::from_root(root.as_deref().map(Path::new));
    match texts[..] {
        [spawn::SUPERVISE, id] => supervise_named(layout, id, Mode::Launch),
        [spawn::SUPERVISE, id, spawn::ADOPT] => supervise_named(layout, id, Mode::Adopt),
        [spawn::STEP] => step::main(&layout),
        [argument] => match nursery::command_of(argument) {
            Some(command) => exit_code(nursery::main(&layout, command).is_ok()),
            None => ExitCode::from(WRONG_USE),
        },
        _ => ExitCode::from(WRONG_USE),
    }
}

fn exit_code(is_success: bool) -> ExitCode {
    if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The exit code of a command line that means nothing (as docker's and most others').
const WRONG_USE: u8 = 125;

fn supervise_named(layout: Layout, id: &str, mode: Mode) -> ExitCode {
    match ContainerId::try_from(id.to_owned()) {
        Ok(id) => exit_code(match detach::leave_caller(&layout) {
            Ok(()) => supervise(layout, &id, mode),
            Err(error) => tell(&Answer::Failed(Failure::of(&error, None))),
        }),
        Err(_) => ExitCode::from(WRONG_USE),
    }
}

/// Tells the caller how the start went, then keeps the container until it has ended for good; false if
/// somebody has to look after it again.
fn supervise(layout: Layout, id: &ContainerId, mode: Mode) -> bool {
    match begin(layout, id, mode) {
        Ok(Some(supervisor)) => keep(supervisor, mode),
        Ok(None) => tell(&Answer::Done),
        Err(error) => tell(&Answer::Failed(Failure::of(&error, None))),
    }
}

/// Becomes the container's supervisor; `None` if it has one.
fn begin(layout: Layout, id: &ContainerId, mode: Mode) -> Result<Option<Supervisor>, SuperviseError> {
    let file = |attempt| move |source| SuperviseError::File { attempt, source };
    let signals = detach::take_signals().map_err(file("block signals"))?;
    let record = container::load(&layout, id)?.ok_or_else(|| SuperviseError::Unknown(id.clone()))?;
    let folder = Folder::of(&layout, id);
    let claim = Presence::claim(&folder).map_err(file("make the container's run folder"))?;
    let Claim::Taken(presence) = claim else { return Ok(None) };
    let listener = message::serve(folder.run()).map_err(file("listen in the container's run folder"))?;
    let output = Output::open(&folder).map_err(file("open the container's pipes"))?;
    let reach = if mode == Mode::Launch { Reach::Now } else { Reach::Later };
    let log = Log::open(folder.log(), &record, reach)?;
    let supervised = Supervised { layout, record, folder, window: None };
    Ok(Some(Supervisor::new(supervised, presence, Files { listener, signals, output, log })))
}

/// Starts or takes over the container, and stays with it.
fn keep(mut supervisor: Supervisor, mode: Mode) -> bool {
    let client = supervisor.expect_client();
    let begun = match mode {
        Mode::Launch => supervisor.launch().map_err(SuperviseError::from),
        Mode::Adopt => supervisor.adopt().map_err(SuperviseError::from),
    };
    let answer = match &begun {
        Ok(()) => Answer::Running { ports: supervisor.status().ports },
        Err(error) => Answer::Failed(Failure::of(error, error.exit_code())),
    };
    if begun.is_ok() {
        tell(&answer);
        if let Some(client) = client {
            supervisor.greet(client);
        }
        if supervisor.run().is_err() {
            // The container goes on; the next command starts another supervisor.
            return false;
        }
    } else if mode == Mode::Adopt {
        return tell(&answer);
    }
    let left = supervisor.leave();
    if begun.is_err() {
        // Told last, so that nothing is left of the container when its failure is known.
        tell(&answer);
    }
    left.is_ok()
}

/// Tells whoever started this process, and lets go of it; it may have gone long ago.
fn tell(answer: &Answer) -> bool {
    let told = message::send(io::stdin(), answer, &[]);
    let released = File::open("/dev/null").map(nix::unistd::dup2_stdin);
    told.is_ok() && released.is_ok()
}

/// Removes what a run of a container left whose supervisor is dead. The caller acts for it.
pub(crate) fn clean(layout: &Layout, record: ContainerRecord) -> Result<(), Failure> {
    let folder = Folder::of(layout, &record.id);
    let supervised = Supervised { layout: layout.clone(), record, folder, window: None };
    launch::clean(&supervised).map_err(|error| Failure::of(&error, None))
}
