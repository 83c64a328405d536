//! Volumes of a driver: mounted over their folder with the first container that uses them, unmounted
//! with the last.
//!
//! ```text
//! run/volumes/<name>/      locked while anything is changed; gone with the last user
//!   mounted                written after the mount
//!   <container id>         one per container that uses it
//! ```
//! The run folder is dropped with the boot, as mounts are.

use super::driver::{Driver, Remote, Source};
use super::{VolumeError, absent, data, make_data};
use crate::host_name;
use crate::state::Layout;
use engine_spec::{ContainerId, VolumeName};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MARKER: &str = "mounted";
/// Where sshfs is looked for: a supervisor has no environment.
const SSHFS: [&str; 2] = ["/usr/bin/sshfs", "/usr/local/bin/sshfs"];
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where ssh finds root's keys and known hosts.
const HOME: &str = "/root";

/// Makes sure that the volume's content is in its folder for as long as `user` runs.
pub(crate) fn acquire(layout: &Layout, name: &VolumeName, user: &ContainerId) -> Result<(), VolumeError> {
    let Some(found) = super::read(layout, name)? else { return Ok(()) };
    let driver = Driver::of(&found.spec)?;
    if driver == Driver::Folder {
        return Ok(());
    }
    let data = data(layout, name);
    let users = layout.run_volume(name);
    let attempt = || -> Result<(), AttachError> {
        let _lock = lock(&users)?;
        if !users.join(MARKER).exists() {
            make_data(&data).map_err(io::Error::other)?;
            // What a killed process mounted and did not note down.
            detach(&data)?;
            attach(&driver, &data)?;
            File::create(users.join(MARKER))?;
        }
        File::create(users.join(user.as_str()))?;
        Ok(())
    };
    attempt().map_err(|error| error.of(name))
}

/// Ends the use of a volume; with the last user its content leaves the folder.
pub(crate) fn release(layout: &Layout, name: &VolumeName, user: &ContainerId) -> io::Result<()> {
    let users = layout.run_volume(name);
    if !users.exists() {
        return Ok(());
    }
    let _lock = lock(&users)?;
    absent(fs::remove_file(users.join(user.as_str())))?;
    let is_used = fs::read_dir(&users)?.flatten().any(|entry| entry.file_name() != MARKER);
    if is_used {
        return Ok(());
    }
    detach(&data(layout, name))?;
    absent(fs::remove_dir_all(users))
}

/// Whether something is mounted over the folder of the volume.
pub(super) fn is_attached(layout: &Layout, name: &VolumeName) -> bool {
    layout.run_volume(name).join(MARKER).exists()
}

fn lock(users: &Path) -> io::Result<Flock<File>> {
    loop {
        DirBuilder::new().mode(0o700).recursive(true).create(users)?;
        let file = match File::open(users) {
            // Its last user has just removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?,
        };
        let lock = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
        if users.exists() {
            return Ok(lock);
        }
    }
}

/// Why a volume's content cannot be had.
enum AttachError {
    Io(io::Error),
    Mount { kind: String, device: String, source: Errno },
    Resolve { host: String, source: io::Error },
    NoSshfs,
    Sshfs { place: String, said: String },
}

impl From<io::Error> for AttachError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl AttachError {
    fn of(self, name: &VolumeName) -> VolumeError {
        let name = name.clone();
        match self {
            Self::Io(source) => VolumeError::Attach { name, source },
            Self::Mount { kind, source: Errno::ENODEV, .. } => VolumeError::NoFileSystem { name, kind },
            Self::Mount { kind, device, source } => {
                VolumeError::Mount { name, kind, device, source: source.into() }
            }
            Self::Resolve { host, source } => VolumeError::Resolve { name, host, source },
            Self::NoSshfs => VolumeError::NoSshfs { name },
            Self::Sshfs { place, said } => VolumeError::Sshfs { name, place, said },
        }
    }
}

fn attach(driver: &Driver, data: &Path) -> Result<(), AttachError> {
    match driver {
        Driver::Folder => Ok(()),
        Driver::Mount(source) => attach_source(source, data),
        Driver::Sshfs(remote) => attach_remote(remote, data),
    }
}

/// Takes off whatever is mounted over the folder.
pub(super) fn detach(data: &Path) -> io::Result<()> {
    loop {
        match umount2(data, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) => {}
            Err(Errno::EINVAL | Errno::ENOENT) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn attach_source(source: &Source, data: &Path) -> Result<(), AttachError> {
    let (flags, mut rest) = flags(&source.options);
    resolve_address(source, &mut rest)?;
    let (device, text) = (source.device.as_str(), rest.join(","));
    let options = (!text.is_empty()).then_some(text.as_str());
    let refused = |errno| AttachError::Mount {
        kind: source.kind.clone(),
        device: source.device.clone(),
        source: errno,
    };
    mount(Some(device), data, Some(source.kind.as_str()), flags, options).map_err(refused)?;
    if flags.contains(MsFlags::MS_BIND) && flags != (flags & (MsFlags::MS_BIND | MsFlags::MS_REC)) {
        // A bind takes its other flags in a second call (mount(2)).
        let again = (flags - MsFlags::MS_REC) | MsFlags::MS_REMOUNT;
        mount(None::<&str>, data, None::<&str>, again, None::<&str>).map_err(refused)?;
    }
    Ok(())
}

/// Options of mount(8) that are flags of mount(2), and the others.
fn flags(options: &str) -> (MsFlags, Vec<String>) {
    let mut flags = MsFlags::empty();
    let mut rest = Vec::new();
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match FLAGS.iter().find(|(name, ..)| *name == option) {
            Some((_, flag, true)) => flags |= *flag,
            Some((_, flag, false)) => flags -= *flag,
            None => rest.push(option.to_owned()),
        }
    }
    (flags, rest)
}

const FLAGS: [(&str, MsFlags, bool); 19] = [
    ("ro", MsFlags::MS_RDONLY, true),
    ("rw", MsFlags::MS_RDONLY, false),
    ("bind", MsFlags::MS_BIND, true),
    ("rbind", MsFlags::MS_BIND.union(MsFlags::MS_REC), true),
    ("nosuid", MsFlags::MS_NOSUID, true),
    ("suid", MsFlags::MS_NOSUID, false),
    ("nodev", MsFlags::MS_NODEV, true),
    ("dev", MsFlags::MS_NODEV, false),
    ("noexec", MsFlags::MS_NOEXEC, true),
    ("exec", MsFlags::MS_NOEXEC, false),
    ("sync", MsFlags::MS_SYNCHRONOUS, true),
    ("async", MsFlags::MS_SYNCHRONOUS, false),
    ("dirsync", MsFlags::MS_DIRSYNC, true),
    ("noatime", MsFlags::MS_NOATIME, true),
    ("atime", MsFlags::MS_NOATIME, false),
    ("nodiratime", MsFlags::MS_NODIRATIME, true),
    ("relatime", MsFlags::MS_RELATIME, true),
    ("strictatime", MsFlags::MS_STRICTATIME, true),
    ("defaults", MsFlags::empty(), true),
];

/// Network file systems want the server's address, which mount(8) would look up for them.
fn resolve_address(source: &Source, options: &mut Vec<String>) -> Result<(), AttachError> {
    let (key, server) = match source.kind.as_str() {
        "nfs" | "nfs4" => ("addr", source.device.split_once(':').map(|(server, _)| server)),
        "cifs" | "smb3" => ("ip", source.device.trim_start_matches('/').split('/').next()),
        _ => return Ok(()),
    };
    let value = |option: &String| {
        let (name, value) = option.split_once('=')?;
        (name == key || name == "addr").then(|| value.to_owned())
    };
    let given = options.iter().find_map(value);
    options.retain(|option| value(option).is_none());
    let Some(host) = given.or_else(|| server.filter(|host| !host.is_empty()).map(str::to_owned)) else {
        return Ok(());
    };
    let address =
        host_name::resolve(&host).map_err(|source| AttachError::Resolve { host: host.clone(), source })?;
    options.push(format!("{key}={address}"));
    Ok(())
}

fn attach_remote(remote: &Remote, data: &Path) -> Result<(), AttachError> {
    let program = SSHFS.iter().map(PathBuf::from).find(|path| path.exists()).ok_or(AttachError::NoSshfs)?;
    let mut command = Command::new(program);
    command.env_clear().env("PATH", SEARCH_PATH).env("HOME", HOME).arg(&remote.place).arg(data);
    // Users of the container are others than root, and a host that is not known yet is noted down.
    command.args(["-o", "allow_other", "-o", "StrictHostKeyChecking=accept-new"]);
    for option in &remote.options {
        command.args(["-o", option]);
    }
    if remote.password.is_some() {
        command.args(["-o", "password_stdin"]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let (Some(mut stdin), Some(password)) = (child.stdin.take(), &remote.password) {
        // One that has ended already says why itself.
        let _ = writeln!(stdin, "{password}");
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(AttachError::Sshfs { place: remote.place.clone(), said })
}
