//! `exec`: runs a command in a running container.

use crate::console::resize;
use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use crate::target;
use clap::Args;
use engine::container::exec::{self, ExecSpec};
use engine::container::{End, Streams};
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

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

impl Exec {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        scope.service(&self.service)?;
        let name = target::running(&observed, &self.service, self.index)?.name().clone();
        let process = self.process(session);
        let resized = if process.tty { Some(resize::listen()?) } else { None };
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let stdio = Streams {
            stdin: Some(stdin.as_fd()),
            stdout: stdout.as_fd(),
            stderr: stderr.as_fd(),
            resized: resized.as_ref().map(AsFd::as_fd),
            detach_keys: &session.detach_keys(None),
        };
        Ok(match exec::run(&layout, &name, &process, stdio)? {
            End::Exited { exit_code } => ExitCode::from(report::exit_code(exit_code)),
            End::Detached => ExitCode::SUCCESS,
        })
    }

    fn process(&self, session: &Session) -> ExecSpec {
        ExecSpec {
            arguments: self.command.clone(),
            environment: self.env.iter().filter_map(|entry| variable(entry, session)).collect(),
            working_dir: self.workdir.clone(),
            user: self.user.clone(),
            privileged: self.privileged,
            tty: session.terminal.is_interactive && !self.no_tty && !self.detach,
            detach: self.detach,
        }
    }
}

/// `NAME=value` as it is; `NAME` with the value of our own environment, or not at all.
fn variable(entry: &str, session: &Session) -> Option<String> {
    if entry.contains('=') {
        return Some(entry.to_owned());
    }
    session.environment.get(entry).map(|value| format!("{entry}={value}"))
}
