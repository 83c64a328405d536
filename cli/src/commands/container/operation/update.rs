//! `container update`.

use super::{Containers, OperationError};
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use compose::model::ByteSize;
use engine::container::{self, Update as Changes};
use engine_spec::{CpuLimits, MemoryLimits, Resources, RestartPolicy};
use std::process::ExitCode;

/// Options of `container update`.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Relative weight of block devices, 10 to 1000
    #[arg(long, value_name = "WEIGHT")]
    blkio_weight: Option<u16>,
    /// Period of processor time in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_period: Option<u64>,
    /// Processor time per period in microseconds
    #[arg(long, value_name = "MICROSECONDS", allow_hyphen_values = true)]
    cpu_quota: Option<i64>,
    /// Relative weight of processor time
    #[arg(short, long, value_name = "WEIGHT")]
    cpu_shares: Option<u64>,
    /// How many processors
    #[arg(long, value_name = "NUMBER")]
    cpus: Option<f64>,
    /// Which processors (`0-2,4`)
    #[arg(long, value_name = "PROCESSORS")]
    cpuset_cpus: Option<String>,
    /// Which memory nodes (`0,1`)
    #[arg(long, value_name = "NODES")]
    cpuset_mems: Option<String>,
    /// Real-time scheduling per period in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_rt_runtime: Option<i64>,
    /// Period of that in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_rt_period: Option<u64>,
    /// How much memory (`512m`)
    #[arg(short, long, value_name = "SIZE")]
    memory: Option<String>,
    /// How much memory before others need it
    #[arg(long, value_name = "SIZE")]
    memory_reservation: Option<String>,
    /// How much memory and swap together, -1 for any
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    memory_swap: Option<String>,
    /// How many processes, -1 for any
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    pids_limit: Option<i64>,
    /// When it is started again: `no`, `always`, `unless-stopped`, `on-failure[:TIMES]`
    #[arg(long, value_name = "POLICY")]
    restart: Option<String>,
    #[command(flatten)]
    names: Containers,
}

impl Update {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let changes = self.changes()?;
        if changes == Changes::default() {
            return Err(OperationError::NothingToUpdate.into());
        }
        self.names.each(session, |layout, name| {
            Ok(container::update(layout, name, &changes).map_err(OperationError::from)?)
        })
    }

    fn changes(&self) -> Result<Changes, OperationError> {
        let mut resources = Resources {
            memory: MemoryLimits {
                limit: self.memory.as_deref().map(|text| positive("memory", text)).transpose()?,
                reservation: self
                    .memory_reservation
                    .as_deref()
                    .map(|text| positive("memory-reservation", text))
                    .transpose()?,
                swap: self.memory_swap.as_deref().map(swap).transpose()?,
                ..MemoryLimits::default()
            },
            cpu: CpuLimits {
                nanos: self.cpus.map(nanos).transpose()?,
                shares: self.cpu_shares,
                quota: self.cpu_quota,
                period: self.cpu_period,
                realtime_runtime: self.cpu_rt_runtime,
                realtime_period: self.cpu_rt_period,
                set: self.cpuset_cpus.clone(),
                memory_nodes: self.cpuset_mems.clone(),
            },
            pids_limit: self.pids_limit,
            ..Resources::default()
        };
        resources.block_io.weight = self.blkio_weight;
        Ok(Changes { resources, restart: self.restart.as_deref().map(policy).transpose()? })
    }
}

fn positive(flag: &'static str, text: &str) -> Result<u64, OperationError> {
    let size = text.parse::<ByteSize>().ok().and_then(|size| u64::try_from(size.0).ok());
    size.ok_or_else(|| refuse(flag, text, "a size such as 512m"))
}

fn swap(text: &str) -> Result<i64, OperationError> {
    if text == "-1" {
        return Ok(-1);
    }
    positive("memory-swap", text).map(|size| i64::try_from(size).unwrap_or(i64::MAX))
}

fn nanos(cpus: f64) -> Result<u64, OperationError> {
    if !cpus.is_finite() || cpus <= 0.0 {
        return Err(refuse("cpus", &cpus.to_string(), "a number of processors such as 1.5"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above; casts saturate"
    )]
    Ok((cpus * 1e9).round() as u64)
}

fn policy(text: &str) -> Result<RestartPolicy, OperationError> {
    let refused = || refuse("restart", text, "`no`, `always`, `unless-stopped` or `on-failure[:TIMES]`");
    Ok(match text {
        "no" => RestartPolicy::No,
        "always" => RestartPolicy::Always,
        "unless-stopped" => RestartPolicy::UnlessStopped,
        "on-failure" => RestartPolicy::OnFailure { max_attempts: None },
        _ => {
            let times = text.strip_prefix("on-failure:").and_then(|times| times.parse().ok());
            RestartPolicy::OnFailure { max_attempts: Some(times.ok_or_else(refused)?) }
        }
    })
}

fn refuse(flag: &'static str, value: &str, expected: &'static str) -> OperationError {
    OperationError::Value { flag, value: value.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_policies_are_read_as_docker_reads_them() {
        assert_eq!(positive("memory", "512m").ok(), Some(512 << 20));
        assert_eq!(swap("-1").ok(), Some(-1));
        assert_eq!(nanos(1.5).ok(), Some(1_500_000_000));
        assert_eq!(policy("on-failure:3").ok(), Some(RestartPolicy::OnFailure { max_attempts: Some(3) }));
        assert!(policy("sometimes").is_err() && nanos(-1.0).is_err() && positive("memory", "-1").is_err());
    }
}
