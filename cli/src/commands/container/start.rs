//! `container start`: starts containers, or one to stay connected to it.

use crate::commands::each::each;
use crate::console::attachment::Attachment;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::container::{self, DetachKeys};
use engine::state::Layout;
use engine::state::container::{load, resolve};
use engine_spec::ContainerName;
use std::process::ExitCode;

/// Options of `container start`.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// The containers, by name, id or the start of an id
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
    /// Stay with the container, and show its output
    #[arg(short, long)]
    attach: bool,
    /// Stay with the container, and connect stdin
    #[arg(short, long)]
    interactive: bool,
    /// Leave the container by these keys [default: ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
}

impl Start {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        container::repair(&layout, None)?;
        if self.attach || self.interactive {
            return self.stay(session, &layout);
        }
        each(&self.containers, &session.terminal, |text| {
            let (name, _) = find(&layout, text)?;
            container::start(&layout, &name)?;
            output::print_lines([text])
        })
    }

    fn stay(&self, session: &Session, layout: &Layout) -> Result<ExitCode, CommandError> {
        let [text] = self.containers.as_slice() else { return Err(CommandError::OneAtATime) };
        let (name, has_terminal) = find(layout, text)?;
        let attachment = Attachment {
            stdin: self.interactive,
            stdout: true,
            stderr: true,
            detach_keys: session.detach_keys(self.detach_keys.clone()),
            resized: None,
        };
        attachment.listening(has_terminal)?.start(layout, &name)
    }
}

/// A container's name, and whether it has a terminal.
fn find(layout: &Layout, text: &str) -> Result<(ContainerName, bool), CommandError> {
    let id = resolve(layout, text)?;
    let record = load(layout, &id)?;
    let record = record.ok_or_else(|| engine::state::container::ResolveError::Unknown(text.to_owned()))?;
    Ok((record.spec.name, record.spec.process.tty))
}
