//! `attach`: connects to the first process of a container.

use crate::console::attachment::Attachment;
use crate::console::forward;
use crate::error::CommandError;
use crate::session::Session;
use crate::target;
use clap::{ArgAction, Args};
use engine::container::DetachKeys;
use std::process::ExitCode;

/// Options of `attach`.
#[derive(Debug, Args)]
pub(crate) struct Attach {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,
    /// Leave the container by these keys [default: ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
    /// Choose among several containers of the service
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Do not connect stdin
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals on to the process
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = ArgAction::Set)]
    sig_proxy: bool,
}

impl Attach {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        scope.service(&self.service)?;
        let container = target::running(&observed, &self.service, self.index)?;
        let attachment = Attachment {
            stdin: !self.no_stdin,
            stdout: true,
            stderr: true,
            detach_keys: session.detach_keys(self.detach_keys),
            resized: None,
        };
        let attachment = attachment.listening(container.spec.process.tty)?;
        let attach = || attachment.attach(&layout, container.name());
        if self.sig_proxy { forward::signals(&layout, container.name(), attach) } else { attach() }
    }
}
