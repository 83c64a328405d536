//! A service's limits: its own attributes, else those of `deploy.resources`.

use super::attribute::AttributeError;
use crate::model::{ByteSize, Limits, Service, UlimitValue};
use engine_spec::{Resources, Ulimit};

const NANO: f64 = 1e9;

/// The limits of each of a service's containers.
pub(super) fn resources(service: &Service) -> Result<Resources, AttributeError> {
    let deployed = service.deploy.as_ref().map(|deploy| &deploy.resources);
    let limits = deployed.and_then(|resources| resources.limits.as_ref());
    let reserved = deployed.and_then(|resources| resources.reservations.as_ref());
    let memory = service.mem_limit.or(limits.and_then(|limits| limits.memory));
    let reservation = service.mem_reservation.or(reserved.and_then(|reserved| reserved.memory));
    Ok(Resources {
        memory: memory.and_then(bytes),
        memory_reservation: reservation.and_then(bytes),
        memory_swap: service.memswap_limit.map(|size| size.0).filter(|size| *size != 0),
        nano_cpus: nano_cpus(service, limits)?,
        cpu_shares: service.cpu_shares,
        cpu_quota: service.cpu_quota,
        cpu_period: service.cpu_period,
        cpuset: service.cpuset.clone(),
        pids_limit: service.pids_limit.or(limits.and_then(|limits| limits.pids)).filter(|limit| *limit != 0),
        oom_score_adj: service.oom_score_adj,
        shm_size: service.shm_size.and_then(bytes),
        ulimits: service.ulimits.iter().map(|(name, limit)| (name.clone(), ulimit(limit))).collect(),
    })
}

/// A size as a limit; 0 and -1 are without.
fn bytes(size: ByteSize) -> Option<u64> {
    u64::try_from(size.0).ok().filter(|bytes| *bytes > 0)
}

fn nano_cpus(service: &Service, limits: Option<&Limits>) -> Result<Option<u64>, AttributeError> {
    let cpus = match (service.cpus, limits.and_then(|limits| limits.cpus.as_deref())) {
        (Some(cpus), _) => cpus,
        (None, Some(text)) => text.parse().map_err(|_| refuse(text))?,
        (None, None) => return Ok(None),
    };
    if !cpus.is_finite() || cpus < 0.0 {
        return Err(refuse(&cpus.to_string()));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above; casts saturate"
    )]
    let nanos = (cpus * NANO) as u64;
    Ok((nanos > 0).then_some(nanos))
}

fn refuse(cpus: &str) -> AttributeError {
    AttributeError::Value { attribute: "cpus", value: cpus.to_owned(), expected: "a number of processors" }
}

fn ulimit(limit: &UlimitValue) -> Ulimit {
    match *limit {
        UlimitValue::Single(both) => Ulimit { soft: both, hard: both },
        UlimitValue::Pair { soft, hard } => Ulimit { soft, hard },
    }
}
