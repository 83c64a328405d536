//! Capabilities by name: Docker's default set, and how `cap_add`, `cap_drop` and `privileged` change it.

use oci_spec::runtime::{Capabilities, Capability};

/// A set of capabilities, one bit each (capabilities(7)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CapabilitySet(u64);

/// By number, from 0 (linux/capability.h).
const BY_NUMBER: [Capability; 41] = [
    Capability::Chown,
    Capability::DacOverride,
    Capability::DacReadSearch,
    Capability::Fowner,
    Capability::Fsetid,
    Capability::Kill,
    Capability::Setgid,
    Capability::Setuid,
    Capability::Setpcap,
    Capability::LinuxImmutable,
    Capability::NetBindService,
    Capability::NetBroadcast,
    Capability::NetAdmin,
    Capability::NetRaw,
    Capability::IpcLock,
    Capability::IpcOwner,
    Capability::SysModule,
    Capability::SysRawio,
    Capability::SysChroot,
    Capability::SysPtrace,
    Capability::SysPacct,
    Capability::SysAdmin,
    Capability::SysBoot,
    Capability::SysNice,
    Capability::SysResource,
    Capability::SysTime,
    Capability::SysTtyConfig,
    Capability::Mknod,
    Capability::Lease,
    Capability::AuditWrite,
    Capability::AuditControl,
    Capability::Setfcap,
    Capability::MacOverride,
    Capability::MacAdmin,
    Capability::Syslog,
    Capability::WakeAlarm,
    Capability::BlockSuspend,
    Capability::AuditRead,
    Capability::Perfmon,
    Capability::Bpf,
    Capability::CheckpointRestore,
];

/// What Docker leaves a container that asks for nothing (moby, oci/caps/defaults.go).
const DOCKER_DEFAULT: [Capability; 14] = [
    Capability::Chown,
    Capability::DacOverride,
    Capability::Fsetid,
    Capability::Fowner,
    Capability::Mknod,
    Capability::NetRaw,
    Capability::Setgid,
    Capability::Setuid,
    Capability::Setfcap,
    Capability::Setpcap,
    Capability::NetBindService,
    Capability::SysChroot,
    Capability::Kill,
    Capability::AuditWrite,
];

/// The name that stands for all of them in `cap_add` and `cap_drop`.
const ALL: &str = "ALL";

impl CapabilitySet {
    /// Every capability there is.
    pub const ALL: Self = Self((1 << BY_NUMBER.len()) - 1);

    /// The set with these bits.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// One bit per capability.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Docker's default set.
    #[must_use]
    pub fn docker_default() -> Self {
        DOCKER_DEFAULT.iter().fold(Self::default(), |set, capability| set.with(*capability))
    }

    /// The set as the OCI spec writes it.
    #[must_use]
    pub fn from_oci(capabilities: &Capabilities) -> Self {
        capabilities.iter().fold(Self::default(), |set, capability| set.with(*capability))
    }

    /// The set as the OCI spec writes it.
    #[must_use]
    pub fn to_oci(self) -> Capabilities {
        let is_in = |(number, _): &(usize, &Capability)| self.0 & (1 << number) != 0;
        BY_NUMBER.iter().enumerate().filter(is_in).map(|(_, capability)| *capability).collect()
    }

    /// Whether the capability of that number is in it.
    #[must_use]
    pub const fn contains(self, number: u32) -> bool {
        number < u64::BITS && self.0 & (1 << number) != 0
    }

    /// Whether the capability called `name` (`CAP_SYS_ADMIN`) is in it.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        bit(name).is_some_and(|bit| self.0 & bit != 0)
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Docker's arithmetic (moby, oci/caps/utils.go): `ALL` in one list makes the other the exceptions.
    ///
    /// # Errors
    /// Returns the name that is no capability.
    pub fn adjusted<'a>(self, add: &'a [String], drop: &'a [String]) -> Result<Self, &'a str> {
        let (all_added, added) = bits(add)?;
        let (all_dropped, dropped) = bits(drop)?;
        Ok(Self(match (all_added, all_dropped) {
            (true, _) => Self::ALL.0 & !dropped,
            (false, true) => added,
            (false, false) => (self.0 & !dropped) | added,
        }))
    }

    fn with(self, capability: Capability) -> Self {
        let number = BY_NUMBER.iter().position(|known| *known == capability);
        Self(self.0 | number.map_or(0, |number| 1 << number))
    }
}

fn bits(names: &[String]) -> Result<(bool, u64), &str> {
    let mut set = (false, 0);
    for name in names {
        if name.eq_ignore_ascii_case(ALL) {
            set.0 = true;
        } else {
            set.1 |= bit(name).ok_or(name.as_str())?;
        }
    }
    Ok(set)
}

/// Names come with or without `CAP_`, in any case.
fn bit(name: &str) -> Option<u64> {
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("CAP_").unwrap_or(&name);
    let number = BY_NUMBER.iter().position(|known| known.to_string().trim_start_matches("CAP_") == name)?;
    Some(1 << number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(add: &[&str], drop: &[&str], expected: u64) {
        let strings = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (add, drop) = (strings(add), strings(drop));
        let set = CapabilitySet::docker_default().adjusted(&add, &drop).expect("known names");
        assert_eq!(format!("{:#x}", set.bits()), format!("{expected:#x}"));
    }

    #[test]
    fn the_default_set_is_dockers() {
        check(&[], &[], 0xa804_25fb);
    }

    #[test]
    fn lists_change_the_set_as_in_docker() {
        check(&["NET_ADMIN"], &["cap_chown"], 0xa804_35fa);
        check(&[], &["ALL"], 0);
        check(&["CAP_CHOWN"], &["ALL"], 1);
        check(&["ALL"], &["CHOWN"], 0x1ff_ffff_fffe);
    }

    #[test]
    fn an_unknown_name_is_returned() {
        let add = ["CAP_FLY".to_owned()];
        assert_eq!(CapabilitySet::default().adjusted(&add, &[]), Err("CAP_FLY"));
    }
}
