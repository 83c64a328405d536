//! Instructions as data: what a line says, with nothing expanded yet.

use super::heredoc::Heredoc;
use super::mount::RunMount;
use super::source::{Located, Span};
use engine_spec::{BuildNetwork, HealthSpec};

/// One instruction of a stage.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What to do.
    pub(crate) instruction: Instruction,
    /// Where it starts.
    pub(crate) span: Span,
    /// The instruction as one line, for progress and history.
    pub(crate) text: String,
}

/// What one line asks for; FROM is the start of a [`super::Stage`] and not among them.
#[derive(Debug, Clone)]
pub(crate) enum Instruction {
    /// Files of the context, archives unpacked.
    Add(Transfer),
    /// Build arguments.
    Arg(Vec<Argument>),
    /// The default arguments of containers.
    Cmd(Command),
    /// Files of the context, a stage or an image.
    Copy(Transfer),
    /// The program of containers.
    Entrypoint(Command),
    /// Variables: name and value.
    Env(Vec<Pair>),
    /// Ports.
    Expose(Vec<Located<String>>),
    /// The probe of containers; `None` takes the base image's away.
    Healthcheck(Option<Probe>),
    /// Labels: key and value.
    Label(Vec<Pair>),
    /// The author, deprecated.
    Maintainer(String),
    /// An instruction for builds that start from this image.
    OnBuild(String),
    /// A command to run now.
    Run(Run),
    /// What runs shell-form commands.
    Shell(Vec<String>),
    /// The signal that stops containers.
    StopSignal(Located<String>),
    /// Who runs what follows.
    User(Located<String>),
    /// Paths that become volumes.
    Volume(Vec<Located<String>>),
    /// The folder for what follows.
    Workdir(Located<String>),
}

/// A name and its value.
pub(crate) type Pair = (Located<String>, Located<String>);

/// A command in one of its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// `["program", "argument"]`.
    Exec(Vec<String>),
    /// A line for the shell.
    Shell(String),
}

/// One name of ARG.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    /// Its name.
    pub(crate) name: Located<String>,
    /// Its value if the caller gives none.
    pub(crate) default: Option<Located<String>>,
}

/// RUN.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// What to run.
    pub(crate) command: Command,
    /// The script that is all of the command: `RUN <<EOF`.
    pub(crate) script: Option<Heredoc>,
    /// `--network`, if given.
    pub(crate) network: Option<BuildNetwork>,
    /// `--mount`, in order.
    pub(crate) mounts: Vec<RunMount>,
    /// `--security=insecure`.
    pub(crate) is_insecure: bool,
    /// `--device`, in order.
    pub(crate) devices: Vec<Device>,
}

/// A device of `RUN --device`.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// Its name in the host's CDI specifications.
    pub(crate) name: Located<String>,
    /// Whether the step fails without it.
    pub(crate) is_required: bool,
}

/// COPY or ADD.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    /// Paths and patterns, in order.
    pub(crate) sources: Vec<Located<String>>,
    /// Files given in the Dockerfile itself.
    pub(crate) heredocs: Vec<Heredoc>,
    /// Where to.
    pub(crate) destination: Located<String>,
    /// `--from`: a stage or image instead of the context.
    pub(crate) from: Option<Located<String>>,
    /// `--chown`.
    pub(crate) chown: Option<Located<String>>,
    /// `--chmod`.
    pub(crate) chmod: Option<Located<String>>,
    /// `--link`: without regard to what is already there.
    pub(crate) is_linked: bool,
    /// `--parents`: with the folders the sources lie in.
    pub(crate) parents: bool,
    /// `--exclude`, in order.
    pub(crate) excludes: Vec<String>,
    /// What only ADD does.
    pub(crate) remote: Option<Remote>,
}

/// What ADD does beyond COPY: it reads from elsewhere and unpacks.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    /// `--unpack`, if given: otherwise local archives are unpacked and downloads are not.
    pub(crate) unpack: Option<bool>,
    /// `--checksum`.
    pub(crate) checksum: Option<Located<String>>,
    /// `--keep-git-dir`.
    pub(crate) keeps_git: bool,
}

/// HEALTHCHECK CMD; the image's shell is not known before the instruction's turn.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    /// What to run.
    pub(crate) command: Command,
    /// How often and how long.
    pub(crate) timing: HealthSpec,
}
