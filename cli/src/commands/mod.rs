//! The commands, one file each: its options, and what it does with them.

mod attach;
mod build;
mod builder;
mod commit;
mod completion;
mod config;
mod container;
mod converge;
mod cp;
mod create;
mod doctor;
mod down;
mod each;
mod events;
mod exec;
mod export;
mod image;
mod images;
mod inspect;
mod kill;
mod login;
mod logout;
mod logs;
mod ls;
mod network;
mod pause;
mod plan;
mod port;
mod ps;
mod pull;
mod push;
mod restart;
mod rm;
mod run;
mod scale;
mod start;
mod stats;
mod stop;
mod system;
mod top;
mod up;
mod version;
mod volume;
mod volumes;
mod wait;
mod watch;

pub(crate) use builder::collect;
pub(crate) use container::{FlagError, OperationError};
pub(crate) use image::ImageCommandError;
pub(crate) use logs::LogFormat;
pub(crate) use network::NetworkCommandError;

use crate::error::CommandError;
use crate::session::Session;
use clap::Subcommand;
use std::process::ExitCode;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build, fetch, create and start what the Compose file asks for
    Up(up::Up),
    /// Stop and remove containers and networks
    Down(down::Down),
    /// List containers
    Ps(ps::Ps),
    /// Print what containers wrote
    Logs(logs::Logs),
    /// Run a command in a running container
    Exec(exec::Exec),
    /// Run a command in a container of its own
    Run(Box<run::Run>),
    /// Connect to the first process of a container
    Attach(attach::Attach),
    /// Print what `up` would do, and why
    Plan(plan::Plan),
    /// Build images
    Build(build::Build),
    /// Fetch images
    Pull(pull::Pull),
    /// Send built images to their registries
    Push(push::Push),
    /// Start containers that exist
    Start(start::Start),
    /// Stop containers
    Stop(stop::Stop),
    /// Stop and start containers
    Restart(restart::Restart),
    /// Make containers without starting them
    Create(create::Create),
    /// Bring services to a number of containers
    Scale(scale::Scale),
    /// Wait until running containers have ended
    Wait(wait::Wait),
    /// Freeze containers
    Pause(pause::Pause),
    /// Let frozen containers go on
    Unpause(pause::Unpause),
    /// Keep containers in step with files as they are saved
    Watch(watch::Watch),
    /// Send a signal to containers
    Kill(kill::Kill),
    /// Remove stopped containers
    Rm(rm::Rm),
    /// Print the Compose file as it is understood
    #[command(visible_alias = "convert")]
    Config(config::Config),
    /// List the images of the containers
    Images(images::Images),
    /// Show what containers use
    Stats(stats::Stats),
    /// List the processes of containers
    Top(top::Top),
    /// Print what happens to containers
    Events(events::Events),
    /// Copy files between the host and containers
    Cp(cp::Cp),
    /// Write the files of a container to an archive
    Export(export::Export),
    /// Make an image of a container
    Commit(commit::Commit),
    /// Print where a container's port is published
    Port(port::Port),
    /// List the volumes of the project
    Volumes(volumes::Volumes),
    /// List projects
    Ls(ls::Ls),
    /// Manage images
    #[command(subcommand)]
    Image(image::Image),
    /// Log in to a registry
    Login(login::Login),
    /// Log out of a registry
    Logout(logout::Logout),
    /// Look after what builds keep for later ones
    #[command(subcommand)]
    Builder(builder::Builder),
    /// Manage volumes
    #[command(subcommand)]
    Volume(volume::Volume),
    /// Manage networks
    #[command(subcommand)]
    Network(network::Network),
    /// Look for what stands between containers and the world
    Doctor(doctor::Doctor),
    /// Look at containers of any project
    #[command(subcommand)]
    Container(container::Container),
    /// Print the script with which a shell completes command lines
    Completion(completion::Completion),
    /// Look at containers, images, networks and volumes
    Inspect(inspect::Inspect),
    /// Look after the engine as a whole
    #[command(subcommand)]
    System(system::System),
    /// Print the version
    Version(version::Version),
}

impl Command {
    /// Does it; the exit code is the command's own, such as that of `exec`'s process.
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        if session.global.dry_run && !self.keeps_dry_run() {
            return Err(CommandError::NoDryRun);
        }
        match self {
            Self::Up(command) => command.run(session),
            Self::Down(command) => command.run(session),
            Self::Ps(command) => command.run(session),
            Self::Logs(command) => command.run(session),
            Self::Exec(command) => command.run(session),
            Self::Run(command) => command.run(session),
            Self::Attach(command) => command.run(session),
            Self::Stats(command) => command.run(session),
            Self::Plan(command) => command.run(session),
            Self::Build(command) => command.run(session),
            Self::Pull(command) => command.run(session),
            Self::Push(command) => command.run(session),
            Self::Start(command) => command.run(session),
            Self::Stop(command) => command.run(session),
            Self::Restart(command) => command.run(session),
            Self::Create(command) => command.run(session),
            Self::Scale(command) => command.run(session),
            Self::Wait(command) => command.run(session),
            Self::Port(command) => command.run(session),
            Self::Volumes(command) => command.run(session),
            Self::Pause(command) => command.run(session),
            Self::Unpause(command) => command.run(session),
            Self::Top(command) => command.run(session),
            Self::Events(command) => command.run(session),
            Self::Cp(command) => command.run(session),
            Self::Export(command) => command.run(session),
            Self::Commit(command) => command.run(session),
            Self::Watch(command) => command.run(session),
            Self::Kill(command) => command.run(session),
            Self::Rm(command) => command.run(session),
            Self::Config(command) => command.run(session),
            Self::Images(command) => command.run(session),
            Self::Ls(command) => command.run(session),
            Self::Image(command) => command.run(session),
            Self::Login(command) => command.run(session),
            Self::Logout(command) => command.run(session),
            Self::Builder(command) => command.run(session),
            Self::Volume(command) => command.run(session),
            Self::Network(command) => command.run(session),
            Self::Doctor(command) => command.run(session),
            Self::Container(command) => command.run(session),
            Self::Completion(command) => command.run(session),
            Self::Inspect(command) => command.run(session),
            Self::System(command) => command.run(session),
            Self::Version(command) => command.run(session),
        }
    }

    /// Whether the command has no effect with `--dry-run`: it prints its plan, or only looks anyhow.
    fn keeps_dry_run(&self) -> bool {
        match self {
            Self::Container(command) => command.keeps_dry_run(),
            Self::Network(command) => command.keeps_dry_run(),
            Self::Exec(_)
            | Self::Run(_)
            | Self::Attach(_)
            | Self::Kill(_)
            | Self::Pause(_)
            | Self::Unpause(_)
            | Self::Cp(_)
            | Self::Commit(_)
            | Self::Image(_)
            | Self::Login(_)
            | Self::Logout(_)
            | Self::Builder(_)
            | Self::Volume(_)
            | Self::System(_) => false,
            Self::Up(_)
            | Self::Down(_)
            | Self::Plan(_)
            | Self::Build(_)
            | Self::Pull(_)
            | Self::Push(_)
            | Self::Start(_)
            | Self::Stop(_)
            | Self::Restart(_)
            | Self::Create(_)
            | Self::Scale(_)
            | Self::Wait(_)
            | Self::Watch(_)
            | Self::Port(_)
            | Self::Volumes(_)
            | Self::Rm(_)
            | Self::Top(_)
            | Self::Stats(_)
            | Self::Events(_)
            | Self::Export(_)
            | Self::Ps(_)
            | Self::Logs(_)
            | Self::Config(_)
            | Self::Images(_)
            | Self::Ls(_)
            | Self::Doctor(_)
            | Self::Completion(_)
            | Self::Inspect(_)
            | Self::Version(_) => true,
        }
    }
}
