//! `exec`: runs a command in a running container.

use clap::Args;
use std::path::PathBuf;

/// Options of `exec`.
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
    /// Do not wait for the command
    #[arg(short, long)]
    detach: bool,
    /// Set a variable; without a value it is taken from the environment
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Choose among several containers of the service
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Keep stdin open; it always is
    #[arg(short, long, hide = true)]
    interactive: bool,
    /// Give the command a terminal; it has one if there is one
    #[arg(short, long, hide = true)]
    tty: bool,
    /// Give the command no terminal
    #[arg(short = 'T', long = "no-tty", visible_alias = "no-TTY", conflicts_with = "tty")]
    no_tty: bool,
    /// Give the command all privileges
    #[arg(long)]
    privileged: bool,
    /// Run as this user
    #[arg(short, long, value_name = "NAME|UID[:GROUP|GID]")]
    user: Option<String>,
    /// Run in this folder
    #[arg(short, long, value_name = "FOLDER")]
    workdir: Option<PathBuf>,
}
