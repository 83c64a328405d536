//! What a test needs of the machine, and the one place where a skip is reported.

use crate::sctp;
use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// Something a test may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// To be root.
    Root,
    /// The binary under test and the registry with the seed images.
    Seeds,
    /// The store whose images and build cache outlive the run.
    Store,
    /// The `docker-registry` and `openssl` programs.
    Registry,
    /// The `runc` program.
    Runc,
    /// The `ip` program.
    Ip,
    /// The `tmux` program.
    Tmux,
    /// The `dig` program.
    Dig,
    /// The `dnsmasq` program.
    Dnsmasq,
    /// The `iptables-nft` program.
    Iptables,
    /// The `sshfs` program and a server of its protocol.
    Sshfs,
    /// AppArmor in the kernel, and its parser.
    AppArmor,
    /// Links of the kind `macvlan`.
    Macvlan,
    /// Links of the kind `ipvlan`.
    Ipvlan,
    /// Links of the kind `vlan`.
    Vlan,
    /// SCTP in the kernel.
    Sctp,
    /// An xfs in the kernel that has quotas, and the program that makes one.
    ProjectQuota,
    /// An NFS client and an NFS server in the kernel, and the server's programs.
    Nfs,
    /// An SMB client in the kernel, and Samba.
    Cifs,
}

impl Requirement {
    fn is_met(self) -> bool {
        match self {
            Self::Root => nix::unistd::geteuid().is_root(),
            Self::Seeds => is_set("LIGHTER_TEST_BINARY") && is_set("LIGHTER_REGISTRY_MIRROR"),
            Self::Store => is_set("LIGHTER_TEST_STORE"),
            Self::Registry => is_set("LIGHTER_TEST_REGISTRY") && is_installed("openssl"),
            Self::Runc => is_installed("runc"),
            Self::Ip => is_installed("ip"),
            Self::Tmux => is_installed("tmux"),
            Self::Dig => is_installed("dig"),
            Self::Dnsmasq => is_installed("dnsmasq"),
            Self::Iptables => is_installed("iptables-nft"),
            Self::Sshfs => is_installed("sshfs") && Path::new("/usr/lib/openssh/sftp-server").exists(),
            Self::AppArmor => {
                let enabled = std::fs::read_to_string("/sys/module/apparmor/parameters/enabled");
                enabled.is_ok_and(|enabled| enabled.starts_with('Y')) && is_installed("apparmor_parser")
            }
            Self::Macvlan => has_link_kind("macvlan", &[]),
            Self::Ipvlan => has_link_kind("ipvlan", &[]),
            Self::Vlan => has_link_kind("vlan", &["id", "1"]),
            Self::Sctp => sctp::socket().is_ok(),
            // The file is there where xfs was built with quotas.
            Self::ProjectQuota => {
                is_installed("mkfs.xfs")
                    && has_modules(&["loop", "xfs"])
                    && Path::new("/proc/fs/xfs/xqmstat").exists()
            }
            Self::Nfs => is_installed("rpc.nfsd") && has_modules(&["nfs", "nfsd"]),
            Self::Cifs => is_installed("smbd") && has_modules(&["cifs"]),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Seeds => "the binary and the seed images (run it through `cargo xtask test`)",
            Self::Store => "the shared store (run it through `cargo xtask test`)",
            Self::Registry => "docker-registry and openssl (run it through `cargo xtask test`)",
            Self::Runc => "runc",
            Self::Ip => "ip (Debian's iproute2)",
            Self::Tmux => "tmux",
            Self::Dig => "dig (Debian's bind9-dnsutils)",
            Self::Dnsmasq => "dnsmasq (Debian's dnsmasq-base)",
            Self::Iptables => "iptables-nft (Debian's iptables)",
            Self::Sshfs => "sshfs and openssh-sftp-server",
            Self::AppArmor => "AppArmor in the kernel and apparmor_parser",
            Self::Macvlan => "a kernel with macvlan",
            Self::Ipvlan => "a kernel with ipvlan",
            Self::Vlan => "a kernel with VLANs (8021q)",
            Self::Sctp => "a kernel with SCTP",
            Self::ProjectQuota => "xfs with quotas in the kernel, and mkfs.xfs (Debian's xfsprogs)",
            Self::Nfs => "nfs and nfsd in the kernel, and rpc.nfsd (Debian's nfs-kernel-server)",
            Self::Cifs => "cifs in the kernel, and smbd (Debian's samba)",
        })
    }
}

/// Whether every one of `requirements` is met; if not, the skip of `test` is reported.
#[must_use]
pub fn require(test: &str, requirements: &[Requirement]) -> bool {
    let missing = requirements.iter().find(|requirement| !requirement.is_met());
    if let Some(requirement) = missing {
        report_skip(test, *requirement);
    }
    missing.is_none()
}

/// Leaves a test early, reporting the skip, unless every requirement is met.
#[macro_export]
macro_rules! require {
    ($($requirement:ident),+ $(,)?) => {
        let test = std::thread::current().name().unwrap_or(module_path!()).to_owned();
        if !$crate::requirement::require(&test, &[$($crate::Requirement::$requirement),+]) {
            return;
        }
    };
}

/// `cargo xtask test` prints what is in the file; without it, the line on stderr is all there is.
fn report_skip(test: &str, missing: Requirement) {
    let line = format!("{test}: needs {missing}\n");
    let file = std::env::var_os("LIGHTER_TEST_SKIPS")
        .and_then(|path| std::fs::OpenOptions::new().append(true).create(true).open(path).ok());
    let written = file.is_some_and(|mut file| file.write_all(line.as_bytes()).is_ok());
    if !written {
        // A harness reads this line; where stderr is closed nobody can.
        let _ = write!(std::io::stderr().lock(), "skipped: {line}");
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn is_installed(program: &str) -> bool {
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    folders.iter().any(|folder| Path::new(folder).join(program).exists())
}

/// Whether the kernel, or a module of it, makes such links: one is made where it vanishes at once.
fn has_link_kind(kind: &str, options: &[&str]) -> bool {
    const MAKE: &str =
        "ip link add base type veth peer name other && ip link add link base name probe type \"$@\"";
    let made = Command::new("unshare").args(["--net", "sh", "-c", MAKE, "sh", kind]).args(options).output();
    made.is_ok_and(|made| made.status.success())
}

/// Loads them where they are not part of the kernel (modprobe(8) knows those that are).
fn has_modules(names: &[&str]) -> bool {
    let loads = |name: &&str| {
        Command::new("modprobe").args(["--quiet", name]).status().is_ok_and(|status| status.success())
    };
    names.iter().all(loads)
}
