//! `container exec`.

use super::{One, OperationError};
use crate::console::resize;
use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use clap::Args;
use engine::container::exec::{self, ExecSpec};
use engine::container::{DetachKeys, End, Streams};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `container exec`.
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// Do not wait for the command
    #[arg(short, long)]
    detach: bool,
    /// Leave the command by these keys [default: ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
    /// Set a variable; without a value it is taken from the environment
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Set the variables of a file
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// Connect stdin
    #[arg(short, long)]
    interactive: bool,
    /// Give the command all privileges
    #[arg(long)]
    privileged: bool,
    /// Give the command a terminal
    #[arg(short, long)]
    tty: bool,
    /// Run as this user
    #[arg(short, long, value_name = "NAME|UID[:GROUP|GID]")]
    user: Option<String>,
    /// Run in this folder
    #[arg(short, long, value_name = "FOLDER")]
    workdir: Option<PathBuf>,
    #[command(flatten)]
    one: One,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

impl Exec {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        if self.tty && self.interactive && !self.detach && !stdin.is_terminal() {
            return Err(OperationError::NoTerminal.into());
        }
        let (layout, name) = self.one.find(session)?;
        let process = self.process(session)?;
        let resized = if process.tty && !process.detach { Some(resize::listen()?) } else { None };
        let keys = session.detach_keys(self.detach_keys);
        let streams = Streams {
            stdin: self.interactive.then(|| stdin.as_fd()),
            stdout: stdout.as_fd(),
            stderr: stderr.as_fd(),
            resized: resized.as_ref().map(AsFd::as_fd),
            detach_keys: &keys,
        };
        match exec::run(&layout, &name, &process, streams)? {
            End::Exited { exit_code } => Ok(ExitCode::from(report::exit_code(exit_code))),
            End::Detached if self.detach => Ok(ExitCode::SUCCESS),
            End::Detached => Err(OperationError::Detached.into()),
        }
    }

    fn process(&self, session: &Session) -> Result<ExecSpec, CommandError> {
        let mut environment = Vec::new();
        for path in &self.env_file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| OperationError::EnvFile { path: path.clone(), source })?;
            let lines = text.lines().map(str::trim_start);
            let entries = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
            environment.extend(entries.filter_map(|entry| variable(entry, session)));
        }
        environment.extend(self.env.iter().filter_map(|entry| variable(entry, session)));
        Ok(ExecSpec {
            arguments: self.command.clone(),
            environment,
            working_dir: self.workdir.clone(),
            user: self.user.clone(),
            privileged: self.privileged,
            tty: self.tty,
            detach: self.detach,
        })
    }
}

/// `NAME=value` as it is; `NAME` with the value of our own environment, or not at all.
fn variable(entry: &str, session: &Session) -> Option<String> {
    if entry.contains('=') {
        return Some(entry.to_owned());
    }
    session.environment.get(entry).map(|value| format!("{entry}={value}"))
}
