//! `up`: brings what runs into line with the Compose file.

use super::logs::LogFormat;
use crate::args::{PullChoice, Scale, StopTimeout, parse_scale};
use clap::Args;

/// Options of `up`.
#[derive(Debug, Default, Args)]
pub(crate) struct Up {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Return when everything is started
    #[arg(short, long)]
    detach: bool,
    /// What is built, fetched and replaced.
    #[command(flatten)]
    converge: Converge,
    /// Wait until services are running or healthy; implies --detach
    #[arg(long)]
    wait: bool,
    /// Seconds to wait at most
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u32>,
    /// How output is shown.
    #[command(flatten)]
    format: LogFormat,
    /// Stop all containers as soon as one ends
    #[arg(long, conflicts_with_all = ["detach", "wait"])]
    abort_on_container_exit: bool,
    /// Stop all containers as soon as one fails
    #[arg(long, conflicts_with_all = ["detach", "wait", "abort_on_container_exit"])]
    abort_on_container_failure: bool,
    /// Return the exit code of this service; implies --abort-on-container-exit
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["detach", "wait"])]
    exit_code_from: Option<String>,
    /// Accepted for docker compose; there is no menu
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "true")]
    menu: Option<bool>,
    /// Accepted for docker compose; nothing is asked
    #[arg(short, long, hide = true)]
    yes: bool,
}

/// Options that decide what is built, fetched, created and replaced; those of `up` and `plan`.
#[derive(Debug, Default, Args)]
pub(crate) struct Converge {
    /// Build images before starting
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Build no image, even if it is missing
    #[arg(long)]
    no_build: bool,
    /// Choose when images are fetched
    #[arg(long, value_enum, value_name = "WHEN")]
    pull: Option<PullChoice>,
    /// Do not show how fetching goes on
    #[arg(long)]
    quiet_pull: bool,
    /// Replace containers even if nothing changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Replace no container that exists
    #[arg(long)]
    no_recreate: bool,
    /// Replace the containers of dependencies too
    #[arg(long, conflicts_with = "no_recreate")]
    always_recreate_deps: bool,
    /// Leave out what the services depend on
    #[arg(long)]
    no_deps: bool,
    /// Create containers without starting them
    #[arg(long)]
    no_start: bool,
    /// Remove containers of services that are no longer in the file
    #[arg(long)]
    remove_orphans: bool,
    /// Run this number of containers of a service
    #[arg(long, value_name = "SERVICE=NUMBER", value_parser = parse_scale)]
    scale: Vec<Scale>,
    /// How long replaced containers have to stop.
    #[command(flatten)]
    timeout: StopTimeout,
}
