//! A service's limits: its own attributes, else those of `deploy.resources`.

use super::attribute::AttributeError;
use crate::model::{BlkioConfig, ByteSize, Limits, Service, ThrottleDevice, UlimitValue, WeightDevice};
use engine_spec::{BlockIo, CpuLimits, DeviceRate, MemoryLimits, Resources, Ulimit};

const NANO: f64 = 1e9;

/// The limits of each of a service's containers.
pub(super) fn resources(service: &Service) -> Result<Resources, AttributeError> {
    let deployed = service.deploy.as_ref().map(|deploy| &deploy.resources);
    let limits = deployed.and_then(|resources| resources.limits.as_ref());
    let pids = service.pids_limit.or(limits.and_then(|limits| limits.pids));
    Ok(Resources {
        memory: memory(service)?,
        cpu: cpu(service, limits)?,
        block_io: service.blkio_config.as_ref().map(block_io).transpose()?.unwrap_or_default(),
        pids_limit: pids.filter(|limit| *limit != 0),
        oom_score_adj: service.oom_score_adj.map(oom_score_adj).transpose()?,
        shm_size: service.shm_size.and_then(bytes),
        ulimits: service.ulimits.iter().map(|(name, limit)| (name.clone(), ulimit(limit))).collect(),
        storage_size: storage_size(service)?,
    })
}

fn memory(service: &Service) -> Result<MemoryLimits, AttributeError> {
    let deployed = service.deploy.as_ref().map(|deploy| &deploy.resources);
    let limits = deployed.and_then(|resources| resources.limits.as_ref());
    let reserved = deployed.and_then(|resources| resources.reservations.as_ref());
    let limit = service.mem_limit.or(limits.and_then(|limits| limits.memory));
    let reservation = service.mem_reservation.or(reserved.and_then(|reserved| reserved.memory));
    if service.mem_swappiness.is_some_and(|swappiness| swappiness > 100) {
        let value = service.mem_swappiness.unwrap_or_default().to_string();
        return Err(refuse("mem_swappiness", value, "a number from 0 to 100"));
    }
    Ok(MemoryLimits {
        limit: limit.and_then(bytes),
        reservation: reservation.and_then(bytes),
        swap: service.memswap_limit.map(|size| size.0).filter(|size| *size != 0),
        swappiness: service.mem_swappiness,
        oom_kill_disable: service.oom_kill_disable,
    })
}

fn cpu(service: &Service, limits: Option<&Limits>) -> Result<CpuLimits, AttributeError> {
    Ok(CpuLimits {
        nanos: nano_cpus(service, limits)?,
        shares: service.cpu_shares,
        quota: service.cpu_quota,
        period: service.cpu_period,
        realtime_runtime: service.cpu_rt_runtime,
        realtime_period: service.cpu_rt_period,
        set: service.cpuset.clone(),
        // Compose has no attribute for it.
        memory_nodes: None,
    })
}

fn block_io(config: &BlkioConfig) -> Result<BlockIo, AttributeError> {
    let weight = |weight: u16| match weight {
        10..=1000 => Ok(weight),
        _ => Err(refuse("blkio_config.weight", weight.to_string(), "a number from 10 to 1000")),
    };
    let weighted = |device: &WeightDevice| {
        Ok(DeviceRate { path: device.path.as_str().into(), rate: weight(device.weight)?.into() })
    };
    Ok(BlockIo {
        // Docker takes 0 for the kernel's default.
        weight: config.weight.filter(|weight| *weight != 0).map(weight).transpose()?,
        device_weights: config.weight_device.iter().map(weighted).collect::<Result<_, AttributeError>>()?,
        read_bps: rates(&config.device_read_bps)?,
        write_bps: rates(&config.device_write_bps)?,
        read_iops: rates(&config.device_read_iops)?,
        write_iops: rates(&config.device_write_iops)?,
    })
}

fn rates(devices: &[ThrottleDevice]) -> Result<Vec<DeviceRate>, AttributeError> {
    let rate = |device: &ThrottleDevice| {
        let rate = u64::try_from(device.rate.0);
        let rate = rate.map_err(|_| refuse("blkio_config", device.rate.to_string(), "a rate per second"))?;
        Ok(DeviceRate { path: device.path.as_str().into(), rate })
    };
    devices.iter().map(rate).collect()
}

fn oom_score_adj(score: i32) -> Result<i32, AttributeError> {
    match score {
        -1000..=1000 => Ok(score),
        _ => Err(refuse("oom_score_adj", score.to_string(), "a number from -1000 to 1000")),
    }
}

fn storage_size(service: &Service) -> Result<Option<u64>, AttributeError> {
    let mut size = None;
    for (option, value) in &service.storage_opt {
        let parsed: Option<ByteSize> = value.parse().ok().filter(|_| option == "size");
        let refuse = || refuse("storage_opt", format!("{option}={value}"), "`size` with a size such as 10g");
        size = bytes(parsed.ok_or_else(refuse)?);
    }
    Ok(size)
}

/// A size as a limit; 0 and -1 are without.
fn bytes(size: ByteSize) -> Option<u64> {
    u64::try_from(size.0).ok().filter(|bytes| *bytes > 0)
}

fn nano_cpus(service: &Service, limits: Option<&Limits>) -> Result<Option<u64>, AttributeError> {
    let Some(cpus) = service.cpus.or(limits.and_then(|limits| limits.cpus)) else { return Ok(None) };
    if !cpus.is_finite() || cpus < 0.0 {
        return Err(refuse_cpus(&cpus.to_string()));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above; casts saturate"
    )]
    let nanos = (cpus * NANO) as u64;
    Ok((nanos > 0).then_some(nanos))
}

fn refuse_cpus(cpus: &str) -> AttributeError {
    refuse("cpus", cpus.to_owned(), "a number of processors")
}

fn refuse(attribute: &'static str, value: String, expected: &'static str) -> AttributeError {
    AttributeError::Value { attribute, value, expected }
}

/// A limit as the engine takes it.
pub(super) fn ulimit(limit: &UlimitValue) -> Ulimit {
    match *limit {
        UlimitValue::Single(both) => Ulimit { soft: both, hard: both },
        UlimitValue::Pair { soft, hard } => Ulimit { soft, hard },
    }
}
