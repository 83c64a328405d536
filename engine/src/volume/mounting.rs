//! Volumes that mount(2) makes: the words of mount(8), as `driver_opts` have them, turned into what the
//! kernel takes.

use super::attach::AttachError;
use super::driver::Source;
use crate::host_name;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use std::io;
use std::net::IpAddr;
use std::path::Path;

/// Mounts `source` over the folder `data`.
pub(super) fn mount_over(source: &Source, data: &Path) -> Result<(), AttachError> {
    let Parameters { flags, options } = Parameters::of(source, host_name::resolve)?;
    let options = (!options.is_empty()).then_some(options.as_str());
    let refused = |errno: Errno| AttachError::Mount {
        kind: source.kind.clone(),
        device: source.device.clone(),
        source: errno,
    };
    mount(Some(source.device.as_str()), data, Some(source.kind.as_str()), flags, options).map_err(refused)?;
    if flags.contains(MsFlags::MS_BIND) && flags != (flags & (MsFlags::MS_BIND | MsFlags::MS_REC)) {
        // A bind takes its other flags in a second call (mount(2)).
        let again = (flags - MsFlags::MS_REC) | MsFlags::MS_REMOUNT;
        mount(None::<&str>, data, None::<&str>, again, None::<&str>).map_err(refused)?;
    }
    Ok(())
}

/// What mount(2) takes besides device and type.
#[derive(Debug)]
struct Parameters {
    flags: MsFlags,
    /// For the file system, separated by commas.
    options: String,
}

impl Parameters {
    /// Those for `source`; `resolve` finds the address of a host.
    fn of(source: &Source, resolve: impl Fn(&str) -> io::Result<IpAddr>) -> Result<Self, AttachError> {
        let mut flags = MsFlags::empty();
        let mut options = Vec::new();
        for option in source.options.split(',').filter(|option| !option.is_empty()) {
            match FLAGS.iter().find(|(name, ..)| *name == option) {
                Some((_, flag, true)) => flags |= *flag,
                Some((_, flag, false)) => flags -= *flag,
                None => options.push(option.to_owned()),
            }
        }
        if let Some((key, host)) = take_server(source, &mut options) {
            let address =
                resolve(&host).map_err(|source| AttachError::Resolve { host: host.clone(), source })?;
            options.push(format!("{key}={address}"));
        }
        Ok(Self { flags, options: options.join(",") })
    }
}

/// Options of mount(8) that are flags of mount(2), and whether they set or clear them.
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

/// Network file systems want the server's address, which the helpers of mount(8) would look up for them:
/// the option for it, and the server that `options` or the device name. Those options are taken out.
fn take_server(source: &Source, options: &mut Vec<String>) -> Option<(&'static str, String)> {
    let (key, of_device) = match source.kind.as_str() {
        "nfs" | "nfs4" => ("addr", source.device.split_once(':').map(|(server, _)| server)),
        "cifs" | "smb3" => ("ip", source.device.trim_start_matches('/').split('/').next()),
        _ => return None,
    };
    let value = |option: &String| {
        let (name, value) = option.split_once('=')?;
        (name == key || name == "addr").then(|| value.to_owned())
    };
    let given = options.iter().find_map(value);
    options.retain(|option| value(option).is_none());
    let server = given.or_else(|| of_device.filter(|host| !host.is_empty()).map(str::to_owned));
    server.map(|server| (key, server))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel is given for `kind device options`, where the host `nas` has an address.
    fn check(kind: &str, device: &str, options: &str, expected: &str) {
        let (kind, device, options) = (kind.to_owned(), device.to_owned(), options.to_owned());
        let resolve = |host: &str| match host {
            "nas" => Ok([192, 0, 2, 7].into()),
            host => host.parse().map_err(|_| io::ErrorKind::NotFound.into()),
        };
        let shown = match Parameters::of(&Source { kind, device, options }, resolve) {
            Ok(Parameters { flags, options }) => format!("{:#x} {options}", flags.bits()),
            Err(AttachError::Resolve { host, .. }) => format!("no address of {host}"),
            Err(_) => "another error".to_owned(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn words_for_flags_are_flags_and_the_last_one_counts() {
        check("tmpfs", "tmpfs", "size=1m,ro,noexec,nosuid,mode=700,rw", "0xa size=1m,mode=700");
        check("none", "/srv", "rbind,ro", "0x5001 ");
        check("ext4", "/dev/sda1", "", "0x0 ");
    }

    #[test]
    fn server_of_nfs_is_given_by_its_address() {
        check("nfs", ":/a", "addr=nas,rw,nfsvers=4", "0x0 nfsvers=4,addr=192.0.2.7");
        check("nfs4", "nas:/a", "soft", "0x0 soft,addr=192.0.2.7");
        check("nfs", ":/a", "addr=2001:db8::1", "0x0 addr=2001:db8::1");
        check("nfs", "gone:/a", "soft", "no address of gone");
    }

    #[test]
    fn server_of_cifs_is_given_by_its_address() {
        check("cifs", "//nas/share", "username=u,vers=3.0", "0x0 username=u,vers=3.0,ip=192.0.2.7");
        check("cifs", "//other/share", "addr=nas,username=u", "0x0 username=u,ip=192.0.2.7");
        check("smb3", "//other/share", "ip=192.0.2.9", "0x0 ip=192.0.2.9");
    }
}
