//! Why a volume cannot be had, or cannot go.

use crate::state;
use crate::state::record::RecordError;
use engine_spec::{ContainerName, VolumeName};
use std::io;
use std::path::PathBuf;

/// A volume could not be made, found or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// Its driver is not known.
    #[error("volume {name} asks for the driver `{driver}`: use `local` or `sshfs`")]
    UnknownDriver {
        /// Which.
        name: VolumeName,
        /// What was asked for.
        driver: String,
    },
    /// Its driver options are not supported.
    #[error("volume {name} asks for the driver option `{option}`, which the driver does not know")]
    UnsupportedOption {
        /// Which.
        name: VolumeName,
        /// The option.
        option: String,
    },
    /// Its driver cannot do without an option.
    #[error("volume {name} needs the driver option `{option}`")]
    MissingOption {
        /// Which.
        name: VolumeName,
        /// The option.
        option: &'static str,
    },
    /// What is mounted over its folder could not be changed.
    #[error("cannot change what is mounted at volume {name}")]
    Attach {
        /// Which.
        name: VolumeName,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The kernel has no such file system.
    #[error(
        "volume {name} is of type {kind}, which the host's kernel does not have: load its module (modprobe {kind}) or install one"
    )]
    NoFileSystem {
        /// Which.
        name: VolumeName,
        /// The type.
        kind: String,
    },
    /// The kernel refused to mount it.
    #[error("cannot mount {device} ({kind}) for volume {name}")]
    Mount {
        /// Which.
        name: VolumeName,
        /// The type of the file system.
        kind: String,
        /// What is mounted.
        device: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The server's address could not be found out.
    #[error("cannot find the address of {host}, which has volume {name}")]
    Resolve {
        /// Which.
        name: VolumeName,
        /// The server.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The host has no sshfs.
    #[error(
        "volume {name} needs the program sshfs, which the host does not have: install it (apt-get install sshfs)"
    )]
    NoSshfs {
        /// Which.
        name: VolumeName,
    },
    /// sshfs failed.
    #[error("sshfs cannot mount {place} for volume {name}: {said}")]
    Sshfs {
        /// Which.
        name: VolumeName,
        /// What is mounted.
        place: String,
        /// Its own words.
        said: String,
    },
    /// A container uses it.
    #[error("volume {name} is in use by container {container}")]
    InUse {
        /// Which.
        name: VolumeName,
        /// Who.
        container: ContainerName,
    },
    /// Its folder could not be made, read or removed.
    #[error("cannot {attempt} the volume folder {path}")]
    Folder {
        /// `create`, `list` or `remove`.
        attempt: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its record could not be read or written.
    #[error("cannot use the record of volume {name}")]
    Record {
        /// Which.
        name: VolumeName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// Who uses it could not be found out.
    #[error("cannot find out which containers use volume {name}")]
    Users {
        /// Which.
        name: VolumeName,
        /// Why.
        #[source]
        source: Box<state::ObserveError>,
    },
}
