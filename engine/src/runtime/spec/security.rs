//! `security_opt` and what cannot be seen or written inside.

use super::SpecError;
use crate::runtime::seccomp::Profile;
use engine_spec::ContainerSpec;

/// Paths whose content would tell of the host or slow it down (moby, oci/defaults.go).
const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// Paths that change the host when written to.
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// What the lines of `security_opt` say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) seccomp: Profile,
    /// An AppArmor profile by name.
    pub(super) apparmor: Option<String>,
    pub(super) no_new_privileges: bool,
    pub(super) hides_system_paths: bool,
}

impl Options {
    pub(super) fn parse(spec: &ContainerSpec) -> Result<Self, SpecError> {
        let is_privileged = spec.security.privileged;
        let mut options = Self {
            seccomp: if is_privileged { Profile::Unconfined } else { Profile::Default },
            apparmor: None,
            no_new_privileges: false,
            hides_system_paths: !is_privileged,
        };
        for line in &spec.security.options {
            options.apply(line).ok_or_else(|| SpecError::UnknownSecurityOption(line.clone()))?;
        }
        Ok(options)
    }

    /// Docker takes `key=value` and, from old files, `key:value`. Labels and AppArmor profiles are for
    /// security modules; on a host without them Docker passes over them, and so do we. Labels are
    /// SELinux's, which this engine does not set.
    fn apply(&mut self, line: &str) -> Option<()> {
        let (key, value) = line.split_once(['=', ':']).unwrap_or((line, ""));
        match (key, value) {
            ("no-new-privileges", "" | "true") => self.no_new_privileges = true,
            ("no-new-privileges", "false") => self.no_new_privileges = false,
            ("systempaths", "unconfined") => self.hides_system_paths = false,
            ("seccomp", "unconfined") => self.seccomp = Profile::Unconfined,
            ("seccomp", "builtin") => self.seccomp = Profile::Default,
            ("seccomp", file) if !file.is_empty() => self.seccomp = Profile::File(file.into()),
            ("apparmor", profile) if !profile.is_empty() => self.apparmor = Some(profile.to_owned()),
            ("label", value) if !value.is_empty() => {}
            _ => return None,
        }
        Some(())
    }

    pub(super) fn masked_paths(&self) -> Option<Vec<String>> {
        self.paths(&MASKED)
    }

    pub(super) fn read_only_paths(&self) -> Option<Vec<String>> {
        self.paths(&READ_ONLY)
    }

    fn paths(&self, paths: &[&str]) -> Option<Vec<String>> {
        self.hides_system_paths.then(|| paths.iter().map(ToString::to_string).collect())
    }
}
