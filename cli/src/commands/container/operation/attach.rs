//! `container attach`.

use super::{One, OperationError};
use crate::console::attachment::Attachment;
use crate::console::forward;
use crate::error::CommandError;
use crate::session::Session;
use clap::{ArgAction, Args};
use engine::container::DetachKeys;
use engine::state::container::{ResolveError, load, resolve};
use std::io::IsTerminal;
use std::process::ExitCode;

/// Options of `container attach`.
#[derive(Debug, Args)]
pub(crate) struct Attach {
    /// Leave the container by these keys [default: ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
    /// Do not connect stdin
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals on to the process
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = ArgAction::Set)]
    sig_proxy: bool,
    #[command(flatten)]
    one: One,
}

impl Attach {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, name) = self.one.find(session)?;
        let id = resolve(&layout, name.as_str())?;
        let process = match load(&layout, &id)? {
            Some(record) => record.spec.process,
            None => return Err(ResolveError::Unknown(name.to_string()).into()),
        };
        let stdin = !self.no_stdin && process.stdin_open;
        if process.tty && stdin && !std::io::stdin().is_terminal() {
            return Err(OperationError::NoTerminal.into());
        }
        let detach_keys = session.detach_keys(self.detach_keys);
        let attachment = Attachment { stdin, stdout: true, stderr: true, detach_keys, resized: None };
        let attachment = attachment.listening(process.tty)?;
        let attach = || attachment.attach(&layout, &name);
        if self.sig_proxy { forward::signals(&layout, &name, attach) } else { attach() }
    }
}
