//! `kill`: sends a signal to running containers.

use crate::error::CommandError;
use crate::report;
use crate::session::{Session, is_of_any};
use crate::show::progress::{Mark, Progress};
use clap::Args;
use engine::container;
use nix::sys::signal::Signal;
use std::process::ExitCode;

/// Options of `kill`.
#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Kill containers of services that are no longer in the file too
    #[arg(long)]
    remove_orphans: bool,
    /// Send this signal, by name or number
    #[arg(short, long, value_name = "SIGNAL", default_value = "SIGKILL")]
    signal: String,
}

impl Kill {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let signal = parse_signal(&self.signal)?;
        let scope = session.scope()?;
        // Not held: it may be what ends a `stop` that somebody waits for.
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let progress = Progress::new(&session.terminal, "kill");
        let mut killed = 0;
        let with_orphans = self.remove_orphans || session.is_switched_on("COMPOSE_REMOVE_ORPHANS");
        for container in &observed.containers {
            let is_meant = is_of_any(container, &services) && (with_orphans || scope.knows(container));
            if container.status.is_running() && is_meant {
                let label = format!("Container {}", container.name());
                progress.begin(&label, "Killing");
                container::kill(&layout, container.name(), signal)?;
                progress.end(&label, Mark::Done, "Killed");
                killed += 1;
            }
        }
        progress.close();
        if killed == 0 {
            report::warning("no container to kill", &session.terminal);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `SIGHUP`, `hup` and `1` are the same.
fn parse_signal(text: &str) -> Result<Signal, CommandError> {
    let no_such = || CommandError::NoSuchSignal(text.to_owned());
    if let Ok(number) = text.parse::<i32>() {
        return Signal::try_from(number).map_err(|_| no_such());
    }
    let upper = text.to_ascii_uppercase();
    let name = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    name.parse().map_err(|_| no_such())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_a_name_or_a_number() {
        for text in ["SIGHUP", "HUP", "hup", "1"] {
            assert_eq!(parse_signal(text).expect(text), Signal::SIGHUP);
        }
        for text in ["", "SIG", "0", "99", "nope"] {
            assert!(parse_signal(text).is_err(), "{text:?} was accepted");
        }
    }
}
