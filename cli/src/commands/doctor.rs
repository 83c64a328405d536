//! `doctor`: looks for what stands between containers and the world.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::{Args, Subcommand};
use engine::network::doctor::{self, Verdict};
use std::process::ExitCode;

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(subcommand)]
    part: Part,
}

/// What is examined.
#[derive(Debug, Subcommand)]
enum Part {
    /// Look at forwarding, firewalls and networks
    Network,
}

impl Doctor {
    /// Prints what was found; fails where something is blocked.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let Part::Network = self.part;
        let findings = doctor::examine(&session.layout()?)?;
        for finding in &findings {
            let mark = match finding.verdict {
                Verdict::Good => "ok",
                Verdict::Doubtful => "doubtful",
                Verdict::Blocked => "BLOCKED",
            };
            output::print(&format!("{mark:<9} {}\n", finding.text))?;
            if let Some(advice) = &finding.advice {
                output::print(&format!("{:<9} → {advice}\n", ""))?;
            }
        }
        let is_blocked = findings.iter().any(|finding| finding.verdict == Verdict::Blocked);
        Ok(if is_blocked { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
