//! Devices of the host that a container may see: looked up here, and on control groups v2 allowed by
//! [`program`] (v1 has files for that, see [`super::cgroup`]).

mod program;

pub(super) use program::enforce;

use engine_spec::DeviceSpec;
use nix::sys::stat::{FileStat, SFlag, major, minor, stat};
use oci_spec::runtime::{LinuxDevice, LinuxDeviceType};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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

const DEV: &str = "/dev";
/// Folders of /dev that every container has its own of (runc, devices.go).
const OWN_FOLDERS: [&str; 7] = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"];
const OWN_CONSOLE: &str = "console";
const EVERYTHING: &str = "rwm";

/// Looks up one asked-for device, or every device of a folder.
///
/// # Errors
/// Says which path is missing or no device.
pub fn resolve(device: &DeviceSpec) -> Result<Vec<ResolvedDevice>, DeviceError> {
    let (source, target) = (&device.source, &device.target);
    let found = look(source)?;
    if kind(&found) == SFlag::S_IFDIR {
        let mut devices = Vec::new();
        walk(source, target, &device.permissions, &mut devices)?;
        return Ok(devices);
    }
    match describe(&found, target, &device.permissions) {
        Some(device) => Ok(vec![device]),
        None => Err(DeviceError::NotADevice { path: source.clone() }),
    }
}

/// Every device of the host, for privileged containers.
///
/// # Errors
/// Says why /dev cannot be read.
pub fn host_devices() -> Result<Vec<ResolvedDevice>, DeviceError> {
    let mut devices = Vec::new();
    walk(Path::new(DEV), Path::new(DEV), EVERYTHING, &mut devices)?;
    Ok(devices)
}

/// The major and minor number of the block device at `path`.
///
/// # Errors
/// Says that the path is missing or no block device.
pub fn block_number(path: &Path) -> Result<(i64, i64), DeviceError> {
    let found = look(path)?;
    match describe(&found, path, EVERYTHING) {
        Some(device) if device.node.typ() == LinuxDeviceType::B => {
            Ok((device.node.major(), device.node.minor()))
        }
        Some(_) | None => Err(DeviceError::NotADevice { path: path.to_owned() }),
    }
}

fn walk(
    source: &Path,
    target: &Path,
    permissions: &str,
    found: &mut Vec<ResolvedDevice>,
) -> Result<(), DeviceError> {
    let refused = |source_error| DeviceError::Find { path: source.to_owned(), source: source_error };
    for entry in fs::read_dir(source).map_err(refused)?.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let inner = target.join(&name);
        let is_own = source == Path::new(DEV)
            && (name == OWN_CONSOLE || OWN_FOLDERS.iter().any(|folder| name == *folder));
        let Ok(file_type) = entry.file_type() else { continue };
        if is_own || file_type.is_symlink() {
            continue;
        }
        if file_type.is_dir() {
            walk(&path, &inner, permissions, found)?;
        } else if let Ok(stat) = look(&path) {
            // Devices come and go; one that is gone by now is passed over.
            found.extend(describe(&stat, &inner, permissions));
        }
    }
    Ok(())
}

fn look(path: &Path) -> Result<FileStat, DeviceError> {
    stat(path).map_err(|errno| DeviceError::Find { path: path.to_owned(), source: errno.into() })
}

fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}

fn describe(stat: &FileStat, target: &Path, permissions: &str) -> Option<ResolvedDevice> {
    let mut node = LinuxDevice::default();
    *node.typ_mut() = match kind(stat) {
        SFlag::S_IFBLK => LinuxDeviceType::B,
        SFlag::S_IFCHR => LinuxDeviceType::C,
        _ => return None,
    };
    *node.path_mut() = target.to_owned();
    *node.major_mut() = i64::try_from(major(stat.st_rdev)).ok()?;
    *node.minor_mut() = i64::try_from(minor(stat.st_rdev)).ok()?;
    *node.file_mode_mut() = Some(stat.st_mode & 0o7777);
    *node.uid_mut() = Some(stat.st_uid);
    *node.gid_mut() = Some(stat.st_gid);
    Some(ResolvedDevice { node, permissions: permissions.to_owned() })
}
