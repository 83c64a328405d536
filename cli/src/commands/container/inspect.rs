//! `container inspect`: prints all there is to know of containers.

use clap::Args;

/// Options of `container inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The containers, by name, id or the start of an id
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}
