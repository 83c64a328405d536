//! `gpus` and `deploy.resources.reservations.devices`: which CDI names are meant.

use super::{CdiError, Registry};
use engine_spec::{DeviceChoice, DeviceRequest};

const GPU: &str = "gpu";
/// The driver whose ids are CDI names.
const BY_NAME: &str = "cdi";
/// Drivers by their names in Compose files, and the kinds that their vendors' specifications describe.
const KINDS: [(&str, &str); 3] =
    [("nvidia", "nvidia.com/gpu"), ("amd", "amd.com/gpu"), ("intel", "intel.com/gpu")];
/// The device that stands for all of its kind, where a vendor describes one.
const ALL: &str = "all";

/// The names of the devices that `request` asks for.
pub(super) fn names(registry: &Registry, request: &DeviceRequest) -> Result<Vec<String>, CdiError> {
    if let (Some(BY_NAME), DeviceChoice::Ids { ids }) = (request.driver.as_deref(), &request.choice) {
        return Ok(ids.clone());
    }
    let kind = kind(registry, request)?;
    let known = registry.devices(kind);
    let chosen: Vec<String> = match &request.choice {
        DeviceChoice::All if known.contains(&ALL) => vec![ALL.to_owned()],
        DeviceChoice::All => known.iter().map(ToString::to_string).collect(),
        DeviceChoice::Count { count } => (0..*count).map(|number| number.to_string()).collect(),
        DeviceChoice::Ids { ids } => ids.clone(),
    };
    Ok(chosen.into_iter().map(|device| format!("{kind}={device}")).collect())
}

/// The kind of the asked-for driver, else the first that is described here.
fn kind(registry: &Registry, request: &DeviceRequest) -> Result<&'static str, CdiError> {
    let wish = || match &request.driver {
        Some(driver) => format!("devices of the driver `{driver}`"),
        None => format!("devices with the capabilities [{}]", request.capabilities.join(", ")),
    };
    if !request.capabilities.iter().any(|capability| capability == GPU) {
        return Err(CdiError::NoProvider(wish()));
    }
    let fits = |driver: &str| request.driver.as_deref().is_none_or(|asked| asked == driver);
    let mut kinds = KINDS.iter().filter(|(driver, _)| fits(driver)).map(|(_, kind)| *kind);
    kinds.find(|kind| !registry.devices(kind).is_empty()).ok_or_else(|| CdiError::NoProvider(wish()))
}
