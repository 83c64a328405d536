//! `container run`: makes a container, starts it, and unless told otherwise stays connected to it.

use super::flags::FlagError;
use super::making::{Made, Making};
use crate::console::attachment::Attachment;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::{Args, ValueEnum};
use engine::container::{self, DetachKeys};
use std::io::{self, IsTerminal};
use std::process::ExitCode;

/// Options of `container run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Print the id and return
    #[arg(short, long, conflicts_with = "attach")]
    detach: bool,
    /// Connect to `stdin`, `stdout` or `stderr` only
    #[arg(short, long, value_enum, ignore_case = true, value_name = "STREAM")]
    attach: Vec<Stream>,
    /// Leave the container by these keys [default: ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
    /// Accepted for docker; signals reach the container
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "true")]
    sig_proxy: Option<bool>,
    /// The container.
    #[command(flatten)]
    making: Making,
}

/// A stream of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stream {
    Stdin,
    Stdout,
    Stderr,
}

impl Run {
    /// Whatever goes wrong before the container runs has docker's exit codes for that.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        self.make_and_start(session).map_err(|error| CommandError::Run(Box::new(error)))
    }

    fn make_and_start(mut self, session: &Session) -> Result<ExitCode, CommandError> {
        let process = &self.making.flags.process;
        if !self.detach && process.tty && process.interactive && !io::stdin().is_terminal() {
            return Err(FlagError::NoTerminal.into());
        }
        self.making.flags.is_detached = self.detach;
        let attachment = if self.detach { None } else { Some(self.attachment(session)?) };
        let made = self.making.make(session)?;
        let started = match attachment {
            Some(attachment) => attachment.start(&made.layout, &made.name),
            None => start(&made),
        };
        if self.making.flags.life.rm && started.is_err() {
            container::remove(&made.layout, &made.name, true)?;
        }
        started
    }

    fn attachment(&self, session: &Session) -> Result<Attachment, CommandError> {
        let process = &self.making.flags.process;
        let wants = |stream| self.attach.is_empty() || self.attach.contains(&stream);
        Attachment {
            stdin: process.interactive && wants(Stream::Stdin),
            stdout: wants(Stream::Stdout),
            stderr: wants(Stream::Stderr),
            detach_keys: session.detach_keys(self.detach_keys.clone()),
            resized: None,
        }
        .listening(process.tty)
    }
}

fn start(made: &Made) -> Result<ExitCode, CommandError> {
    container::start(&made.layout, &made.name)?;
    output::print_lines([&made.id])?;
    Ok(ExitCode::SUCCESS)
}
