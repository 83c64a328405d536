//! Why a command failed: said by whoever found it, gathered here. What follows from it is in [`outcome`].

mod outcome;

pub(crate) use outcome::{FAILED, NOT_RUN};

use crate::apply::perform::PerformError;
use crate::commands::{FlagError, ImageCommandError, NetworkCommandError, OperationError};
use crate::provider::ProviderError;
use crate::show::format::TemplateError;
use crate::watch::{JournalError, PresenceError, RuleError};
use compose::Diagnostics;
use compose::graph::NoSuchService;
use compose::plan::PlanError;
use engine::build::{BuildError, StockError};
use engine::container::exec::ExecError;
use engine::container::logs::LogError;
use engine::container::{
    AttachError, CommitError, ConnectError, CopyError, CreateError, ExportError, PauseError, RemoveError,
    RepairError, StartError, StatsError, StopError, TopError, WaitError,
};
use engine::image::StoreError;
use engine::image::archive::ImportError;
use engine::image::registry::{PullError, PushError, RegistriesError};
use engine::network::NetworkError;
use engine::state::container::ResolveError;
use engine::state::events::EventLogError;
use engine::state::lock::LockError;
use engine::state::record::RecordError;
use engine::state::{LayoutError, ObserveError};
use engine::volume::VolumeError;
use engine_spec::{
    ContainerName, ImageReference, NameError, ProjectName, ReferenceError, ServiceName, VolumeName,
};
use std::io;
use std::path::PathBuf;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The engine makes mounts, links and cgroups, which only root may.
    #[error("lighter needs root: run it with sudo")]
    NotRoot,
    /// The user pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The user was asked, and said no.
    #[error("nothing was removed")]
    Declined,
    /// The command would have an effect.
    #[error("this command has no --dry-run")]
    NoDryRun,
    /// The Compose files are wrong.
    #[error(transparent)]
    Files(#[from] Diagnostics),
    /// A program that stands for a service failed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// A service named on the command line is not in the file.
    #[error(transparent)]
    NoSuchService(#[from] NoSuchService),
    /// There is nothing that the command could act on.
    #[error("no service selected")]
    NoService,
    /// A command needs a running container of a service.
    #[error("service \"{service}\" is not running{}", index.map(|index| format!(" container #{index}")).unwrap_or_default())]
    NotRunning {
        /// Which service.
        service: String,
        /// Which of its containers, if one was asked for.
        index: Option<u32>,
    },
    /// A command needs a container of a service, and there is none.
    #[error("no container found for service \"{service}\"{}", index.map(|index| format!(" #{index}")).unwrap_or_default())]
    NoSuchContainer {
        /// Which service.
        service: String,
        /// Which of its containers, if one was asked for.
        index: Option<u32>,
    },
    /// Neither end of a copy is in a container.
    #[error("one of source and destination must be SERVICE:PATH")]
    CopyWithoutService,
    /// Both ends of a copy are in containers.
    #[error("copying between services is not supported")]
    CopyBetweenServices,
    /// A terminal was asked for where there is none.
    #[error("the input device is not a TTY")]
    NoTerminal,
    /// Nobody wants to see an archive.
    #[error("cannot write an archive to a terminal: redirect it, or name a file")]
    ArchiveOnTerminal,
    /// `--index` chooses among the containers of one service.
    #[error("--index requires one service to be selected")]
    IndexOfNone,
    /// Output is to be shown of a service that is not among those to be started.
    #[error("cannot attach to services not included in up: {service}")]
    NotStarted {
        /// Which service.
        service: String,
    },
    /// A command waits for containers to end, and none was ever started.
    #[error("no container of project {project} has been started")]
    NothingStarted {
        /// Which project.
        project: ProjectName,
    },
    /// A port is not published.
    #[error(
        "no port {port} for container {container}: {}",
        if published.is_empty() { "it publishes none".to_owned() } else { published.join(", ") }
    )]
    NotPublished {
        /// The port and its protocol.
        port: String,
        /// Which container.
        container: ContainerName,
        /// What it publishes.
        published: Vec<String>,
    },
    /// A service to be started has no container.
    #[error("service \"{service}\" has no container to start")]
    NoContainer {
        /// Which service.
        service: String,
    },
    /// No plan can be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Steps of a plan failed: the first, and those that were at work then.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Steps(Vec<PerformError>),
    /// An image was not built.
    #[error("cannot build service {service}")]
    Build {
        /// Which service.
        service: ServiceName,
        /// Why.
        #[source]
        source: Box<BuildError>,
    },
    /// An image that belongs to no service was not built.
    #[error("cannot build the image")]
    BuildImage(#[source] Box<BuildError>),
    /// What builds have kept.
    #[error(transparent)]
    Stock(Box<StockError>),
    /// A text is no size.
    #[error("`{0}` is not a size: expected a number with b, k, m, g or t")]
    NoSuchSize(String),
    /// Docker's settings cannot be read.
    #[error("cannot read {path}")]
    DockerSettings {
        /// Where they are.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// An image was not fetched.
    #[error("cannot pull {image}")]
    Pull {
        /// Which image.
        image: ImageReference,
        /// Why.
        #[source]
        source: Box<PullError>,
    },
    /// An image was not sent.
    #[error("cannot push {image}")]
    Push {
        /// Which image.
        image: ImageReference,
        /// Why.
        #[source]
        source: Box<PushError>,
    },
    /// An archive did not become an image.
    #[error("cannot import {path}")]
    Import {
        /// Which archive.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<ImportError>,
    },
    /// A command of `image`, or a login.
    #[error(transparent)]
    Image(#[from] ImageCommandError),
    /// The image store.
    #[error(transparent)]
    Store(Box<StoreError>),
    /// The registries' settings.
    #[error(transparent)]
    Registries(#[from] RegistriesError),
    /// A process did not run in a container.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The end of a container was not waited for.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// A container was not started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A container was not removed.
    #[error(transparent)]
    Remove(#[from] RemoveError),
    /// Nobody could be connected to a container.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// A container was not frozen, or does not go on.
    #[error(transparent)]
    Pause(#[from] PauseError),
    /// The processes of a container were not listed.
    #[error(transparent)]
    Top(#[from] TopError),
    /// What a container uses was not read.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// Files were not copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// An archive of a container was not made.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// An image was not made of a container.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Events were not read.
    #[error(transparent)]
    Events(#[from] EventLogError),
    /// A container was not run: docker has exit codes for that.
    #[error(transparent)]
    Run(Box<CommandError>),
    /// There is no such service; maybe an image was meant.
    #[error("{error}")]
    NoServiceToRun {
        /// What was to be run.
        given: String,
        /// Why it was not.
        #[source]
        error: Box<CommandError>,
    },
    /// A flag that describes a container.
    #[error(transparent)]
    Flag(#[from] FlagError),
    /// An image that must be here is not.
    #[error("there is no image {0} here, and none may be pulled")]
    NoSuchImage(String),
    /// Several containers where one is possible.
    #[error("only one container can be attached to at a time")]
    OneAtATime,
    /// A container was not made.
    #[error(transparent)]
    Create(Box<CreateError>),
    /// Output was not read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A signal was not sent.
    #[error(transparent)]
    Signal(#[from] StopError),
    /// A text is no signal.
    #[error("`{0}` is not a signal")]
    NoSuchSignal(String),
    /// A text is no time.
    #[error("`{0}` is neither a time (`2026-01-31T08:00:00Z`) nor a duration (`10m`)")]
    NoSuchTime(String),
    /// An object named on the command line.
    #[error("no such {kind}: {name}")]
    NoSuchObject {
        /// `container`, or `object` where any kind would do.
        kind: &'static str,
        /// As given.
        name: String,
    },
    /// A volume named on the command line.
    #[error("no such volume: {0}")]
    NoSuchVolume(VolumeName),
    /// A volume.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// A network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A command of `network`.
    #[error(transparent)]
    NetworkCommand(#[from] NetworkCommandError),
    /// A container could not be connected or disconnected.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A container named on the command line.
    #[error(transparent)]
    Container(#[from] ResolveError),
    /// An operation on single containers.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// An image name of the file.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A name made of parts is too long or empty.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The engine's folders.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// What is there could not be found out.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// What a killed command left could not be put right.
    #[error(transparent)]
    Repair(#[from] RepairError),
    /// A record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The thread pool or the signal handlers.
    #[error("cannot set up the runtime")]
    Runtime(#[source] io::Error),
    /// The folder the command runs in.
    #[error("cannot find out the current folder")]
    CurrentFolder(#[source] io::Error),
    /// A file named on the command line.
    #[error("cannot {attempt} {path}")]
    File {
        /// `read` or `write`.
        attempt: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The terminal.
    #[error("cannot use the terminal")]
    Terminal(#[source] io::Error),
    /// Standard input.
    #[error("cannot read standard input")]
    Input(#[source] io::Error),
    /// Standard output.
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
    /// A key of `--filter`.
    #[error("there is no filter `{key}`; there are: {known}")]
    NoSuchFilter {
        /// As given.
        key: String,
        /// Those that there are.
        known: String,
    },
    /// A value of `--filter`.
    #[error("`{value}` is nothing to filter `{key}` by; expected {expected}")]
    NoSuchFilterValue {
        /// The filter's key.
        key: &'static str,
        /// As given.
        value: String,
        /// What may be.
        expected: &'static str,
    },
    /// A template of `--format`.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// No rule says what to watch.
    #[error("no service has a `develop.watch` section: `lighter watch --suggest` prints one that fits")]
    NothingToWatch,
    /// The project is not up, so there is nothing to bring files into.
    #[error("cannot watch: the project could not be started{}", after(said))]
    NotUp {
        /// What the run that failed has said, where it was not shown.
        said: String,
    },
    /// The watcher in the background ended before it watched.
    #[error("cannot watch in the background{}", after(said))]
    WatcherEnded {
        /// What it has said.
        said: String,
    },
    /// The right to watch.
    #[error(transparent)]
    Presence(#[from] PresenceError),
    /// A rule of `develop.watch`.
    #[error(transparent)]
    WatchRule(Box<RuleError>),
    /// What was copied by `watch` is not kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Our own data did not become text.
    #[error("cannot print as JSON")]
    Json(#[from] serde_json::Error),
}

/// What somebody else has said, as the end of a message.
fn after(said: &str) -> String {
    let said = said.trim();
    if said.is_empty() { String::new() } else { format!(":\n{said}") }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<StockError> for CommandError {
    fn from(error: StockError) -> Self {
        Self::Stock(Box::new(error))
    }
}

impl From<RuleError> for CommandError {
    fn from(error: RuleError) -> Self {
        Self::WatchRule(Box::new(error))
    }
}
