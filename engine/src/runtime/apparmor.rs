//! AppArmor: which profile confines a container, and the profile of those that ask for none.
//!
//! Where the host has AppArmor and its parser, containers are confined by [`DEFAULT`], as Docker's are by
//! a profile of its own; elsewhere nothing is asked of it, as in Docker. The parser is the one program
//! that can translate a profile: the kernel's form of it has no specification.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// The profile of containers that ask for none.
pub const DEFAULT: &str = "lighter-default";
/// The word for no confinement.
pub const UNCONFINED: &str = "unconfined";

const ENABLED: &str = "/sys/module/apparmor/parameters/enabled";
const LOADED: &str = "/sys/kernel/security/apparmor/profiles";
const PARSER: &str = "/sbin/apparmor_parser";

/// What containers may not do whatever else they may: change the kernel's settings, mount, or look into
/// processes outside. Reading, writing and networking stay with the other restrictions.
const PROFILE: &str = "\
profile lighter-default flags=(attach_disconnected,mediate_deleted) {
  capability,
  file,
  network,
  umount,
  signal (receive) peer=unconfined,
  signal (send, receive) peer=lighter-default,
  ptrace (trace, tracedby, read, readby) peer=lighter-default,
  deny mount,
  deny pivot_root,
  deny /proc/{kcore,kmem,mem,sysrq-trigger} rwklx,
  deny /proc/{acpi,bus,fs,irq,scsi,sys,tty}/** wkl,
  deny /sys/{block,bus,class,dev,devices,firmware,hypervisor,kernel,module,power}/** wkl,
  deny /sys/fs/{bpf,btrfs,ext4,f2fs,fuse,pstore,resctrl,selinux,smackfs,xfs}/** wkl,
  deny /sys/{firmware,devices/virtual/powercap,kernel/security}/** r,
}
";

/// The profile could not be used.
#[derive(Debug, thiserror::Error)]
pub enum AppArmorError {
    /// The kernel does not know it.
    #[error("the AppArmor profile `{0}` is not loaded; load it on the host with apparmor_parser")]
    NotLoaded(String),
    /// The parser could not be run.
    #[error("cannot run {PARSER}")]
    Run(#[source] io::Error),
    /// The parser refused our own profile.
    #[error("{PARSER} refused the profile {DEFAULT}: {0}")]
    Refused(String),
}

/// The profile for a container that asked for `asked`; `None` where it is not confined.
///
/// # Errors
/// Says which profile is missing.
pub fn resolve(asked: Option<&str>, is_privileged: bool) -> Result<Option<String>, AppArmorError> {
    match asked {
        _ if !is_supported() => Ok(None),
        Some(UNCONFINED) => Ok(None),
        None if is_privileged => Ok(None),
        None | Some(DEFAULT) => load_default().map(|()| Some(DEFAULT.to_owned())),
        Some(name) if is_loaded(name) => Ok(Some(name.to_owned())),
        Some(name) => Err(AppArmorError::NotLoaded(name.to_owned())),
    }
}

/// Whether the kernel confines by profiles and there is a way to give it one.
fn is_supported() -> bool {
    fs::read_to_string(ENABLED).is_ok_and(|text| text.starts_with('Y')) && Path::new(PARSER).exists()
}

/// A line each: the profile's name and its mode in brackets.
fn is_loaded(name: &str) -> bool {
    let profiles = fs::read_to_string(LOADED).unwrap_or_default();
    profiles.lines().any(|line| line.rsplit_once(" (").is_some_and(|(known, _)| known == name))
}

fn load_default() -> Result<(), AppArmorError> {
    if is_loaded(DEFAULT) {
        return Ok(());
    }
    // Without its cache, which would be written to the host's /etc.
    let mut command = Command::new(PARSER);
    command.args(["--replace", "--skip-cache"]).env_clear();
    let mut parser = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(AppArmorError::Run)?;
    if let Some(mut input) = parser.stdin.take() {
        input.write_all(PROFILE.as_bytes()).map_err(AppArmorError::Run)?;
    }
    let output = parser.wait_with_output().map_err(AppArmorError::Run)?;
    if output.status.success() {
        return Ok(());
    }
    Err(AppArmorError::Refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
