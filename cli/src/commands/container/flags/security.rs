//! What the container may do, and what it shares.

use super::error::FlagError;
use super::service::Service;
use clap::Args;

/// Flags of security and namespaces.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Security")]
pub(crate) struct SecurityFlags {
    /// Give it all privileges and devices
    #[arg(long)]
    privileged: bool,
    /// Add a capability (`NET_ADMIN`)
    #[arg(long, value_name = "CAPABILITY")]
    cap_add: Vec<String>,
    /// Take a capability away
    #[arg(long, value_name = "CAPABILITY")]
    cap_drop: Vec<String>,
    /// Set a security option (`no-new-privileges`)
    #[arg(long, value_name = "OPTION")]
    security_opt: Vec<String>,
    /// Set a kernel parameter of its namespaces
    #[arg(long, value_name = "NAME=VALUE")]
    sysctl: Vec<String>,
    /// Use the process ids of `host` or `container:NAME`
    #[arg(long, value_name = "WHOSE")]
    pub(super) pid: Option<String>,
    /// Use the shared memory of `host` or `container:NAME`; `private`, `shareable`, `none`
    #[arg(long, value_name = "WHOSE")]
    pub(super) ipc: Option<String>,
    /// Use the host name of `host`
    #[arg(long, value_name = "WHOSE")]
    uts: Option<String>,
    /// Use the users of `host`
    #[arg(long, value_name = "WHOSE")]
    userns: Option<String>,
    /// See the control groups of `host`, or only its own: `private`
    #[arg(long, value_name = "WHOSE")]
    cgroupns: Option<String>,
    /// Make its control group below this one
    #[arg(long, value_name = "GROUP")]
    cgroup_parent: Option<String>,
    /// Accepted for docker where it is `default`
    #[arg(long, hide = true, value_name = "TECHNOLOGY")]
    isolation: Option<String>,
    /// Run it with this OCI runtime
    #[arg(long, value_name = "NAME")]
    runtime: Option<String>,
}

impl SecurityFlags {
    /// Writes them.
    pub(super) fn write(&self, service: &mut Service) -> Result<(), FlagError> {
        if self.isolation.as_deref().is_some_and(|isolation| !matches!(isolation, "" | "default")) {
            let instead = "choose an OCI runtime by --runtime";
            return Err(FlagError::Gone { flag: "--isolation", instead });
        }
        service.flag("privileged", self.privileged);
        service.list("cap_add", &self.cap_add);
        service.list("cap_drop", &self.cap_drop);
        service.list("security_opt", &self.security_opt);
        // What docker names by an empty word is the default.
        let named = |word: &Option<String>| word.clone().filter(|word| !word.is_empty());
        service.text("pid", named(&self.pid));
        service.text("ipc", named(&self.ipc));
        service.text("uts", named(&self.uts));
        service.text("userns_mode", named(&self.userns));
        service.text("cgroup", named(&self.cgroupns));
        service.text("cgroup_parent", named(&self.cgroup_parent));
        service.text("runtime", named(&self.runtime));
        for setting in &self.sysctl {
            let refuse = || FlagError::form("--sysctl", setting, "NAME=VALUE");
            let (name, value) = setting.split_once('=').ok_or_else(refuse)?;
            service.pair("sysctls", name, Some(value));
        }
        Ok(())
    }
}
