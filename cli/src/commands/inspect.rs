//! `inspect`: prints all there is to know of containers, images, networks and volumes.

use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use crate::show::format::ValueFormat;
use crate::show::inspect::{self, Inspection, Kind};
use clap::Args;
use std::process::ExitCode;

/// Options of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The objects, by name, id or the start of an id
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Look for objects of this kind only
    #[arg(long, value_enum, value_name = "KIND")]
    r#type: Option<Kind>,
    /// What `container inspect` and its like share.
    #[command(flatten)]
    looks: Looks,
}

/// Options of every `inspect`.
#[derive(Debug, Default, Args)]
pub(crate) struct Looks {
    /// Print as `json`, or each object through a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<ValueFormat>,
    /// Show how much containers have written
    #[arg(short, long)]
    size: bool,
}

/// Options of `container inspect`, `volume inspect` and their like.
#[derive(Debug, Args)]
pub(crate) struct InspectOne {
    /// The objects
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// How they are shown.
    #[command(flatten)]
    looks: Looks,
}

impl Inspect {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        const ALL: [Kind; 4] = [Kind::Container, Kind::Image, Kind::Network, Kind::Volume];
        match self.r#type {
            Some(kind) => self.looks.show(session, &self.names, &[kind]),
            None => self.looks.show(session, &self.names, &ALL),
        }
    }
}

impl InspectOne {
    /// Shows objects of one kind.
    pub(super) fn run(self, session: &Session, kind: Kind) -> Result<ExitCode, CommandError> {
        self.looks.show(session, &self.names, &[kind])
    }
}

impl Looks {
    /// What is not there makes the command fail, after what is there is shown.
    fn show(&self, session: &Session, names: &[String], kinds: &[Kind]) -> Result<ExitCode, CommandError> {
        let (layout, observed) = session.look(None)?;
        let inspection = Inspection::new(layout, observed, self.size);
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for name in names {
            match inspection.find(name, kinds) {
                Ok(value) => found.push(value),
                Err(error) => missing.push(error),
            }
        }
        inspect::print(self.format.as_ref(), found)?;
        let told = |_: ExitCode, error| report::failure(error, &session.terminal);
        Ok(missing.iter().fold(ExitCode::SUCCESS, told))
    }
}
