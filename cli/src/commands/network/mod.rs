//! `network …`: networks of any project.

mod connect;
mod create;
mod inspect;
mod list;
mod prune;
mod remove;

use crate::error::CommandError;
use crate::session::Session;
use clap::Subcommand;
use engine::network;
use engine::state::Layout;
use engine_spec::{NetworkName, ObservedNetwork};
use std::process::ExitCode;

/// What to do with networks.
#[derive(Debug, Subcommand)]
pub(crate) enum Network {
    /// Make a network
    Create(create::Create),
    /// List networks
    #[command(name = "ls", visible_alias = "list")]
    List(list::List),
    /// Print all there is to know of networks
    Inspect(inspect::Inspect),
    /// Give a container a place in a network
    Connect(connect::Connect),
    /// Take a container out of a network
    Disconnect(connect::Disconnect),
    /// Remove networks
    #[command(name = "rm", visible_alias = "remove")]
    Remove(remove::Remove),
    /// Remove all networks that no container uses
    Prune(prune::Prune),
}

impl Network {
    /// Does it.
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        match self {
            Self::Create(command) => command.run(session),
            Self::List(command) => command.run(session),
            Self::Inspect(command) => command.run(session),
            Self::Connect(command) => command.run(session),
            Self::Disconnect(command) => command.run(session),
            Self::Remove(command) => command.run(session),
            Self::Prune(command) => command.run(session),
        }
    }
}

impl Network {
    /// Whether it has no effect with `--dry-run`, because it only looks.
    pub(super) fn keeps_dry_run(&self) -> bool {
        match self {
            Self::List(_) | Self::Inspect(_) => true,
            Self::Create(_) | Self::Connect(_) | Self::Disconnect(_) | Self::Remove(_) | Self::Prune(_) => {
                false
            }
        }
    }
}

/// Why a network command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkCommandError {
    /// There is none of that name or id.
    #[error("no such network: {0}")]
    Unknown(String),
    /// It is there.
    #[error("network with name {0} already exists")]
    Exists(NetworkName),
    /// It is not ours to make or remove.
    #[error("{0} is a predefined network and cannot be made or removed")]
    Predefined(String),
    /// A flag's value means nothing.
    #[error("`{value}` is not valid for {flag}: expected {expected}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
}

/// Networks that are there without being made: names, drivers, and what docker calls their scope.
const PREDEFINED: [(&str, &str); 3] = [("bridge", "bridge"), ("host", "host"), ("none", "null")];

fn is_predefined(name: &str) -> bool {
    PREDEFINED.iter().any(|(predefined, _)| *predefined == name)
}

/// The network of a name, an id, or the start of an id.
fn find(layout: &Layout, text: &str) -> Result<ObservedNetwork, CommandError> {
    let networks = network::list(layout)?;
    let by_name = networks.iter().find(|network| network.spec.name.as_str() == text);
    let mut by_id = networks.iter().filter(|network| network.id.as_str().starts_with(text));
    let found = by_name.or_else(|| by_id.next().filter(|_| by_id.next().is_none()));
    found.cloned().ok_or_else(|| NetworkCommandError::Unknown(text.to_owned()).into())
}
