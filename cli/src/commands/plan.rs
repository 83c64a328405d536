//! `plan`: prints what `up` would do, and why.

use super::up::Converge;
use clap::Args;

/// Options of `plan`.
#[derive(Debug, Default, Args)]
pub(crate) struct Plan {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// What would be built, fetched and replaced.
    #[command(flatten)]
    converge: Converge,
}
