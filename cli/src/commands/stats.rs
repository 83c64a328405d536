//! `stats`: shows what containers use.

use crate::error::CommandError;
use crate::habits::Habit;
use crate::session::{Session, is_of_any};
use crate::show::format::Format;
use crate::usage::{self, Show};
use clap::Args;
use std::process::ExitCode;

/// Options of `stats`.
#[derive(Debug, Default, Args)]
pub(crate) struct Stats {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Show stopped containers too
    #[arg(short, long)]
    all: bool,
    /// Print as `json`, or each container through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Print once and return
    #[arg(long)]
    no_stream: bool,
    /// Print in full what a table cuts short
    #[arg(long)]
    no_trunc: bool,
}

impl Stats {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let show = Show {
            format: session.format(self.format, Habit::Stats),
            once: self.no_stream,
            is_full: self.no_trunc,
        };
        usage::print(&layout, &show, || {
            let (_, observed) = session.look(Some(&scope.name))?;
            let shown = observed.containers.into_iter().filter(|container| {
                (self.all || container.status.is_running()) && is_of_any(container, &services)
            });
            Ok(shown.map(|container| (container.id, container.spec.name)).collect())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
