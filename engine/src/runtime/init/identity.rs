//! Who the child becomes: user, groups, capabilities and filters, given up in an order that leaves
//! enough privilege for the next one and none at the end.

use crate::runtime::seccomp::Program;
use crate::runtime::spec::capability::CapabilitySet;
use crate::sys::capability::{self, Sets};
use crate::sys::filter;
use nix::sys::prctl::{set_keepcaps, set_no_new_privs, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use oci_spec::runtime::{Capabilities, LinuxCapabilities, Spec};

/// What is left of the child's privileges.
#[derive(Debug)]
pub(in crate::runtime) struct Identity {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
    sets: Sets,
    bounding: CapabilitySet,
    ambient: CapabilitySet,
    no_new_privileges: bool,
    seccomp: Option<Program>,
}

impl Identity {
    /// The identity that `spec` gives its process.
    pub(in crate::runtime) fn of(spec: &Spec, seccomp: Option<Program>) -> Self {
        let process = spec.process().clone().unwrap_or_default();
        let user = process.user();
        let capabilities = process.capabilities().as_ref();
        let set = |choose: fn(&LinuxCapabilities) -> &Option<Capabilities>| {
            let chosen = capabilities.and_then(|capabilities| choose(capabilities).as_ref());
            chosen.map(CapabilitySet::from_oci).unwrap_or_default()
        };
        Self {
            uid: user.uid(),
            gid: user.gid(),
            groups: user.additional_gids().clone().unwrap_or_default(),
            sets: Sets {
                effective: set(LinuxCapabilities::effective).bits(),
                permitted: set(LinuxCapabilities::permitted).bits(),
                inheritable: set(LinuxCapabilities::inheritable).bits(),
            },
            bounding: set(LinuxCapabilities::bounding),
            ambient: set(LinuxCapabilities::ambient),
            no_new_privileges: process.no_new_privileges() == Some(true),
            seccomp,
        }
    }

    /// The user id.
    pub(in crate::runtime) fn uid(&self) -> u32 {
        self.uid
    }

    /// Becomes the user. What is left of the engine's capabilities is permitted but not effective, so
    /// that files are now looked up with the user's rights alone.
    pub(super) fn assume(&self) -> nix::Result<()> {
        for capability in 0..u64::BITS {
            // The kernel's last capability is found by asking for the one after it.
            if !self.bounding.contains(capability) && !capability::drop_bounding(capability)? {
                break;
            }
        }
        let groups: Vec<Gid> = self.groups.iter().copied().map(Gid::from_raw).collect();
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        set_keepcaps(true)?;
        setgroups(&groups)?;
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)?;
        capability::set(Sets { effective: self.sets.effective, ..self.all()? })?;
        // A change of user has cleared it (prctl(2), PR_SET_PDEATHSIG).
        set_pdeathsig(Signal::SIGKILL)
    }

    /// Gives up everything else. Nothing but `execve` follows.
    ///
    /// Without no_new_privs a filter needs CAP_SYS_ADMIN to be installed, so it comes before the last
    /// capabilities go; with it the filter comes last and need not allow `capset`.
    pub(super) fn restrict(&self) -> nix::Result<()> {
        capability::clear_ambient()?;
        for capability in (0..u64::BITS).filter(|capability| self.ambient.contains(*capability)) {
            capability::raise_ambient(capability)?;
        }
        set_pdeathsig(None)?;
        if self.no_new_privileges {
            set_no_new_privs()?;
            capability::set(self.sets)?;
            self.filter()
        } else {
            let all = self.all()?;
            capability::set(Sets { effective: all.permitted, ..all })?;
            self.filter()?;
            capability::set(self.sets)
        }
    }

    fn filter(&self) -> nix::Result<()> {
        self.seccomp.as_ref().map_or(Ok(()), |program| filter::install(program.instructions()))
    }

    /// All that this process may still use, to be inherited as the container's process shall.
    fn all(&self) -> nix::Result<Sets> {
        Ok(Sets { inheritable: self.sets.inheritable, ..capability::get()? })
    }
}
