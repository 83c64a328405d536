//! Limits of block devices, looked up: the kernel knows devices by their numbers.

use super::device::{self, DeviceError};
use engine_spec::{BlockIo, DeviceRate};
use oci_spec::runtime::{
    LinuxBlockIo, LinuxThrottleDevice, LinuxThrottleDeviceBuilder, LinuxWeightDevice,
    LinuxWeightDeviceBuilder,
};

/// The limits with the numbers of their devices; `None` without any.
///
/// # Errors
/// Says which path is missing or no device.
pub fn resolve(asked: &BlockIo) -> Result<Option<LinuxBlockIo>, DeviceError> {
    if *asked == BlockIo::default() {
        return Ok(None);
    }
    let mut resolved = LinuxBlockIo::default();
    resolved
        .set_weight(asked.weight)
        .set_weight_device(weights(&asked.device_weights)?)
        .set_throttle_read_bps_device(throttles(&asked.read_bps)?)
        .set_throttle_write_bps_device(throttles(&asked.write_bps)?)
        .set_throttle_read_iops_device(throttles(&asked.read_iops)?)
        .set_throttle_write_iops_device(throttles(&asked.write_iops)?);
    Ok(Some(resolved))
}

fn throttles(rates: &[DeviceRate]) -> Result<Option<Vec<LinuxThrottleDevice>>, DeviceError> {
    let resolve = |rate: &DeviceRate| {
        let (major, minor) = device::block_number(&rate.path)?;
        let built = LinuxThrottleDeviceBuilder::default().major(major).minor(minor).rate(rate.rate).build();
        Ok(built.unwrap_or_default())
    };
    let resolved = rates.iter().map(resolve).collect::<Result<Vec<_>, DeviceError>>()?;
    Ok(Some(resolved).filter(|rates| !rates.is_empty()))
}

fn weights(rates: &[DeviceRate]) -> Result<Option<Vec<LinuxWeightDevice>>, DeviceError> {
    let resolve = |rate: &DeviceRate| {
        let (major, minor) = device::block_number(&rate.path)?;
        // The plan has let 10 to 1000 pass only.
        let weight = u16::try_from(rate.rate).unwrap_or(u16::MAX);
        let built = LinuxWeightDeviceBuilder::default().major(major).minor(minor).weight(weight).build();
        Ok(built.unwrap_or_default())
    };
    let resolved = rates.iter().map(resolve).collect::<Result<Vec<_>, DeviceError>>()?;
    Ok(Some(resolved).filter(|weights| !weights.is_empty()))
}
