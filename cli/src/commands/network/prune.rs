//! `network prune`: removes all networks that no container uses.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::network;
use engine_spec::ObservedNetwork;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

/// Options of `network prune`.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Remove only those with a label: label=KEY or label=KEY=VALUE; with label!= those without
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
}

impl Prune {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        if !self.force && !is_agreed()? {
            return Err(CommandError::Declined);
        }
        let removed =
            network::prune(&layout, |network| self.filter.iter().all(|filter| is_passed(filter, network)))?;
        if !removed.is_empty() {
            output::print("Deleted Networks:\n")?;
            output::print_lines(removed)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

const QUESTION: &str = "WARNING! This will remove all networks that no container uses.\n\
                        Are you sure you want to continue? [y/N] ";

fn is_agreed() -> Result<bool, CommandError> {
    io::stderr().lock().write_all(QUESTION.as_bytes()).map_err(CommandError::Terminal)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(CommandError::Terminal)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn is_passed(filter: &str, network: &ObservedNetwork) -> bool {
    let has = |wanted: &str| match wanted.split_once('=') {
        Some((key, value)) => network.spec.labels.get(key).is_some_and(|found| found == value),
        None => network.spec.labels.contains_key(wanted),
    };
    match (filter.strip_prefix("label!="), filter.strip_prefix("label=")) {
        (Some(unwanted), _) => !has(unwanted),
        (None, Some(wanted)) => has(wanted),
        (None, None) => false,
    }
}
