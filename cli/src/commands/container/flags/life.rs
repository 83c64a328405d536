//! The container's name, labels, end, health and log.

use super::error::FlagError;
use super::process::lines;
use super::service::{Service, literal};
use clap::Args;
use engine::container::Signal;
use engine_spec::ContainerName;
use serde_json::json;
use std::path::PathBuf;

/// Flags of a container's life.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Life")]
pub(crate) struct LifeFlags {
    /// Name it
    #[arg(long)]
    pub(in super::super) name: Option<ContainerName>,
    /// Remove it, and its anonymous volumes, when it has ended
    #[arg(long)]
    pub(in super::super) rm: bool,
    /// Start it again: `no`, `always`, `unless-stopped`, `on-failure[:TIMES]`
    #[arg(long, value_name = "POLICY")]
    restart: Option<String>,
    /// Stop it with this signal
    #[arg(long, value_name = "SIGNAL")]
    stop_signal: Option<String>,
    /// Kill it so many seconds after the stop signal
    #[arg(long, value_name = "SECONDS")]
    stop_timeout: Option<u32>,
    /// Add a label
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    label: Vec<String>,
    /// Add the labels of a file
    #[arg(long, value_name = "FILE")]
    label_file: Vec<PathBuf>,
    /// Add an OCI annotation
    #[arg(long, value_name = "NAME[=VALUE]")]
    annotation: Vec<String>,
    /// Find out its health by this command
    #[arg(long, value_name = "COMMAND")]
    health_cmd: Option<String>,
    /// Wait so long between two probes
    #[arg(long, value_name = "DURATION")]
    health_interval: Option<String>,
    /// Call it unhealthy after so many failures
    #[arg(long, value_name = "NUMBER")]
    health_retries: Option<u32>,
    /// Count no failure so long after its start
    #[arg(long, value_name = "DURATION")]
    health_start_period: Option<String>,
    /// Wait so long between two probes during that time
    #[arg(long, value_name = "DURATION")]
    health_start_interval: Option<String>,
    /// Give a probe so long
    #[arg(long, value_name = "DURATION")]
    health_timeout: Option<String>,
    /// Leave the image's health check out
    #[arg(long)]
    no_healthcheck: bool,
    /// Keep its output in this way
    #[arg(long, value_name = "DRIVER")]
    log_driver: Option<String>,
    /// Set an option of that
    #[arg(long, value_name = "NAME=VALUE")]
    log_opt: Vec<String>,
}

impl LifeFlags {
    /// Writes them.
    pub(super) fn write(&self, service: &mut Service) -> Result<(), FlagError> {
        self.write_restart(service)?;
        if let Some(signal) = self.stop_signal.as_ref().filter(|signal| signal.parse::<Signal>().is_err()) {
            return Err(FlagError::form("--stop-signal", signal, "the name or number of a signal"));
        }
        service.text("stop_signal", self.stop_signal.as_ref());
        service.text("stop_grace_period", self.stop_timeout.map(|seconds| format!("{seconds}s")));
        for path in &self.label_file {
            lines("--label-file", path)?.iter().for_each(|line| named("labels", line, service));
        }
        self.label.iter().for_each(|label| named("labels", label, service));
        self.annotation.iter().for_each(|annotation| named("annotations", annotation, service));
        self.write_health(service)?;
        self.write_log(service)
    }

    fn write_restart(&self, service: &mut Service) -> Result<(), FlagError> {
        let Some(policy) = self.restart.as_deref().filter(|policy| !policy.is_empty()) else { return Ok(()) };
        let (word, count) =
            policy.split_once(':').map_or((policy, None), |(word, count)| (word, Some(count)));
        let is_known = match (word, count) {
            ("no" | "always" | "unless-stopped" | "on-failure", None) => true,
            ("on-failure", Some(count)) => count.parse::<u32>().is_ok(),
            _ => false,
        };
        if !is_known {
            return Err(FlagError::form(
                "--restart",
                policy,
                "no, always, unless-stopped or on-failure[:TIMES]",
            ));
        }
        if self.rm && word != "no" {
            return Err(FlagError::Conflict("--rm", "--restart"));
        }
        service.text("restart", Some(policy));
        Ok(())
    }

    fn write_health(&self, service: &mut Service) -> Result<(), FlagError> {
        let times = [
            ("interval", &self.health_interval),
            ("timeout", &self.health_timeout),
            ("start_period", &self.health_start_period),
            ("start_interval", &self.health_start_interval),
        ];
        let given = times.iter().any(|(_, time)| time.is_some()) || self.health_cmd.is_some();
        if self.no_healthcheck {
            service.entry("healthcheck", "disable", json!(true));
            return if given { Err(FlagError::Conflict("--no-healthcheck", "--health-*")) } else { Ok(()) };
        }
        if let Some(command) = &self.health_cmd {
            service.entry("healthcheck", "test", json!(["CMD-SHELL", literal(command)]));
        }
        if let Some(retries) = self.health_retries {
            service.entry("healthcheck", "retries", json!(retries));
        }
        for (key, time) in times {
            if let Some(time) = time {
                service.pair("healthcheck", key, Some(time));
            }
        }
        Ok(())
    }

    fn write_log(&self, service: &mut Service) -> Result<(), FlagError> {
        if let Some(driver) = &self.log_driver {
            service.pair("logging", "driver", Some(driver));
        }
        let mut options = serde_json::Map::new();
        for option in &self.log_opt {
            let refuse = || FlagError::form("--log-opt", option, "NAME=VALUE");
            let (name, value) = option.split_once('=').ok_or_else(refuse)?;
            options.insert(name.to_owned(), literal(value));
        }
        if !options.is_empty() {
            service.entry("logging", "options", options.into());
        }
        Ok(())
    }
}

/// `name=value`, or a name with an empty value.
fn named(key: &str, entry: &str, service: &mut Service) {
    let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
    service.pair(key, name, Some(value));
}
