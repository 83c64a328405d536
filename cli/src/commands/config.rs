//! `config`: prints the Compose file as it is understood.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Options of `config`.
#[derive(Debug, Default, Args)]
pub(crate) struct Config {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Choose how the file is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ConfigFormat,
    /// Print nothing, only check
    #[arg(short, long)]
    quiet: bool,
    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What to print instead of the whole.
    #[command(flatten)]
    list: Option<ListChoice>,
}

/// One thing to list.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
struct ListChoice {
    /// Print the names of services, one per line
    #[arg(long = "services")]
    only_services: bool,
    /// Print the images, one per line
    #[arg(long)]
    images: bool,
    /// Print the names of volumes, one per line
    #[arg(long)]
    volumes: bool,
    /// Print the names of networks, one per line
    #[arg(long)]
    networks: bool,
    /// Print the profiles, one per line
    #[arg(long)]
    profiles: bool,
    /// Print the variables used to fill in the file
    #[arg(long)]
    environment: bool,
    /// Print a hash of each service's definition; `*` is every service
    #[arg(long, value_name = "SERVICES")]
    hash: Option<String>,
}

/// How the file is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ConfigFormat {
    /// As a Compose file
    #[default]
    Yaml,
    /// As one JSON object
    Json,
}
