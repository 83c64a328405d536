//! How much the container may use.

use super::comma::{Pair, pairs};
use super::error::FlagError;
use super::service::{Service, literal};
use clap::Args;
use serde_json::json;

/// Flags of limits.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitFlags {
    /// Limit the memory (`512m`)
    #[arg(short, long, value_name = "BYTES")]
    memory: Option<String>,
    /// Keep this much memory where it is short
    #[arg(long, value_name = "BYTES")]
    memory_reservation: Option<String>,
    /// Limit memory and swap together; -1 is without limit
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    memory_swap: Option<String>,
    /// Swap more or less readily, 0 to 100
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    memory_swappiness: Option<i64>,
    /// Limit the processors (`1.5`)
    #[arg(long, value_name = "NUMBER")]
    cpus: Option<f64>,
    /// Weigh against other containers (1024)
    #[arg(short = 'c', long, value_name = "WEIGHT")]
    cpu_shares: Option<u64>,
    /// Limit microseconds per period
    #[arg(long, value_name = "MICROSECONDS", allow_negative_numbers = true)]
    cpu_quota: Option<i64>,
    /// Set the period
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_period: Option<u64>,
    /// Limit microseconds of real-time scheduling per period
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_rt_runtime: Option<i64>,
    /// Set the period of real-time scheduling
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_rt_period: Option<u64>,
    /// Use these processors only (`0-2,4`)
    #[arg(long, value_name = "LIST")]
    cpuset_cpus: Option<String>,
    /// Use the memory of these nodes only (`0,1`)
    #[arg(long, value_name = "LIST")]
    pub(super) cpuset_mems: Option<String>,
    /// Refused: kernels know it no more
    #[arg(long, hide = true, value_name = "BYTES")]
    kernel_memory: Option<String>,
    /// Limit the number of processes; -1 is without limit
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pids_limit: Option<i64>,
    /// Set the size of /dev/shm
    #[arg(long, value_name = "BYTES")]
    shm_size: Option<String>,
    /// Wait for memory instead of being killed
    #[arg(long)]
    oom_kill_disable: bool,
    /// Be killed sooner or later than others, -1000 to 1000
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    oom_score_adj: Option<i32>,
    /// Weigh against others at the disk, 10 to 1000
    #[arg(long, value_name = "WEIGHT")]
    blkio_weight: Option<u16>,
    /// Weigh at one disk
    #[arg(long, value_name = "DEVICE:WEIGHT")]
    blkio_weight_device: Vec<String>,
    /// Limit bytes read per second
    #[arg(long, value_name = "DEVICE:BYTES")]
    device_read_bps: Vec<String>,
    /// Limit bytes written per second
    #[arg(long, value_name = "DEVICE:BYTES")]
    device_write_bps: Vec<String>,
    /// Limit reads per second
    #[arg(long, value_name = "DEVICE:NUMBER")]
    device_read_iops: Vec<String>,
    /// Limit writes per second
    #[arg(long, value_name = "DEVICE:NUMBER")]
    device_write_iops: Vec<String>,
    /// Give it graphics processors: `all`, a number, or `device=ID,…`
    #[arg(long, value_name = "WHICH")]
    gpus: Option<String>,
    /// Give it a device of the host
    #[arg(long, value_name = "HOST[:CONTAINER[:rwm]]")]
    device: Vec<String>,
    /// Allow devices by number (`c 42:* rmw`)
    #[arg(long, value_name = "RULE")]
    device_cgroup_rule: Vec<String>,
}

impl LimitFlags {
    /// Writes them.
    pub(super) fn write(&self, service: &mut Service) -> Result<(), FlagError> {
        if self.kernel_memory.is_some() {
            return Err(FlagError::Gone { flag: "--kernel-memory", instead: "--memory counts it in" });
        }
        service.text("mem_limit", self.memory.as_ref());
        service.text("mem_reservation", self.memory_reservation.as_ref());
        service.text("memswap_limit", self.memory_swap.as_ref());
        service.number("mem_swappiness", self.memory_swappiness);
        service.number("cpus", self.cpus);
        service.number("cpu_shares", self.cpu_shares);
        service.number("cpu_quota", self.cpu_quota);
        service.number("cpu_period", self.cpu_period);
        service.number("cpu_rt_runtime", self.cpu_rt_runtime);
        service.number("cpu_rt_period", self.cpu_rt_period);
        service.text("cpuset", self.cpuset_cpus.as_ref());
        service.number("pids_limit", self.pids_limit);
        service.text("shm_size", self.shm_size.as_ref());
        service.flag("oom_kill_disable", self.oom_kill_disable);
        service.number("oom_score_adj", self.oom_score_adj);
        service.list("devices", &self.device);
        service.list("device_cgroup_rules", &self.device_cgroup_rule);
        if let Some(which) = &self.gpus {
            gpus(which, service)?;
        }
        self.write_block_devices(service)
    }

    fn write_block_devices(&self, service: &mut Service) -> Result<(), FlagError> {
        if let Some(weight) = self.blkio_weight {
            service.entry("blkio_config", "weight", json!(weight));
        }
        for (flag, key, unit, given) in [
            ("--blkio-weight-device", "weight_device", "weight", &self.blkio_weight_device),
            ("--device-read-bps", "device_read_bps", "rate", &self.device_read_bps),
            ("--device-write-bps", "device_write_bps", "rate", &self.device_write_bps),
            ("--device-read-iops", "device_read_iops", "rate", &self.device_read_iops),
            ("--device-write-iops", "device_write_iops", "rate", &self.device_write_iops),
        ] {
            let rate = |text: &String| match text.rsplit_once(':') {
                Some((path, rate)) => Ok(json!({ "path": literal(path), unit: literal(rate) })),
                None => Err(FlagError::form(flag, text, "DEVICE:NUMBER")),
            };
            let rates: Vec<_> = given.iter().map(rate).collect::<Result<_, _>>()?;
            if !rates.is_empty() {
                service.entry("blkio_config", key, json!(rates));
            }
        }
        Ok(())
    }
}

/// `all`, `2`, `device=0`, `"device=0,1"`, `all,capabilities=utility`.
fn gpus(which: &str, service: &mut Service) -> Result<(), FlagError> {
    const FLAG: &str = "--gpus";
    let refuse = || FlagError::form(FLAG, which, "`all`, a number, or device=ID[,…]");
    let (first, rest) = which.split_once(',').unwrap_or((which, ""));
    let mut request = json!({});
    let mut parts = which;
    if first == "all" {
        (request["count"], parts) = (json!("all"), rest);
    } else if let Ok(count) = first.parse::<u32>() {
        (request["count"], parts) = (json!(count), rest);
    }
    for Pair { key, value } in pairs(FLAG, parts, &["", "device", "count", "driver", "capabilities"])? {
        let list = |text: &str| json!(text.split(',').map(literal).collect::<Vec<_>>());
        match (key, value.as_deref()) {
            ("device", Some(ids)) => request["device_ids"] = list(ids),
            ("count", Some("all" | "-1")) => request["count"] = json!("all"),
            ("count", Some(count)) => request["count"] = json!(count.parse::<u32>().map_err(|_| refuse())?),
            ("driver", Some(driver)) => request["driver"] = literal(driver),
            ("capabilities", Some(names)) => request["capabilities"] = list(names),
            ("", None) => {}
            _ => return Err(refuse()),
        }
    }
    service.item("gpus", request);
    Ok(())
}
