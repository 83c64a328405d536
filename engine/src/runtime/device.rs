//! Devices of the host that a container may see: looked up here, allowed by [`super::cgroup`].

use engine_spec::DeviceSpec;
use oci_spec::runtime::{LinuxDevice, LinuxDeviceCgroup};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// A device as the kernel knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedDevice {
    /// The node to make inside.
    pub node: LinuxDevice,
    /// `r`, `w` and `m` in any combination.
    pub permissions: String,
}

/// A device that cannot be given to a container.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// It cannot be looked at.
    #[error("cannot find the device {path}")]
    Find {
        /// Its path on the host.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Neither a block nor a character device, nor a folder of such.
    #[error("{path} is not a device")]
    NotADevice {
        /// Its path on the host.
        path: PathBuf,
    },
}

/// Looks up one asked-for device, or every device of a folder.
///
/// # Errors
/// Says which path is missing or no device.
pub fn resolve(device: &DeviceSpec) -> Result<Vec<ResolvedDevice>, DeviceError> {
    let _ = device;
    todo!()
}

/// Every device of the host, for privileged containers.
///
/// # Errors
/// Says why /dev cannot be read.
pub fn host_devices() -> Result<Vec<ResolvedDevice>, DeviceError> {
    todo!()
}

/// Lets only `rules` pass in the cgroup v2 folder `group`; the last rule that matches decides.
///
/// # Errors
/// What the kernel says to the program or its attachment.
pub(super) fn enforce(group: BorrowedFd<'_>, rules: &[LinuxDeviceCgroup]) -> io::Result<()> {
    let _ = (group, rules);
    todo!()
}
