//! `container prune`.

use super::{OperationError, prepared};
use crate::error::CommandError;
use crate::session::Session;
use crate::show::clock;
use crate::show::output;
use crate::show::size;
use clap::Args;
use engine::container;
use engine_spec::ObservedContainer;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::SystemTime;

/// Options of `container prune`.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Only those that match (`until=24h`, `label=tier=web`, `label!=keep`)
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
}

/// What a container must be like.
enum Filter {
    MadeBefore(SystemTime),
    Label { key: String, value: Option<String>, is_wanted: bool },
}

impl Filter {
    fn parse(text: &str, now: SystemTime) -> Result<Self, CommandError> {
        let refused = || OperationError::Filter(text.to_owned());
        let (kind, value) = text.split_once('=').ok_or_else(refused)?;
        match kind {
            "until" => Ok(Self::MadeBefore(
                clock::parse(value, now).ok_or_else(|| CommandError::NoSuchTime(value.to_owned()))?,
            )),
            "label" | "label!" => {
                let (key, value) = match value.split_once('=') {
                    Some((key, value)) => (key, Some(value.to_owned())),
                    None => (value, None),
                };
                Ok(Self::Label { key: key.to_owned(), value, is_wanted: kind == "label" })
            }
            _ => Err(refused().into()),
        }
    }

    fn matches(&self, container: &ObservedContainer) -> bool {
        match self {
            Self::MadeBefore(time) => container.created_at < *time,
            Self::Label { key, value, is_wanted } => {
                let found = container.label(key);
                let has = found.is_some_and(|found| value.as_deref().is_none_or(|value| value == found));
                has == *is_wanted
            }
        }
    }
}

impl Prune {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let now = SystemTime::now();
        let filters: Vec<_> =
            self.filter.iter().map(|text| Filter::parse(text, now)).collect::<Result<_, _>>()?;
        if !self.force && !is_agreed()? {
            return Ok(ExitCode::SUCCESS);
        }
        let layout = prepared(session)?;
        let pruned =
            container::prune(&layout, |container| filters.iter().all(|filter| filter.matches(container)));
        let pruned = pruned.map_err(OperationError::from)?;
        let mut text = String::new();
        if !pruned.containers.is_empty() {
            text.push_str("Deleted Containers:\n");
            pruned.containers.iter().for_each(|id| text.push_str(&format!("{id}\n")));
            text.push('\n');
        }
        output::print(&format!("{text}Total reclaimed space: {}\n", size::human(pruned.reclaimed)))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// No answer is a no, as docker has it.
fn is_agreed() -> Result<bool, CommandError> {
    output::print(
        "WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] ",
    )?;
    io::stdout().flush().map_err(CommandError::Stdout)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(CommandError::Input)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}
