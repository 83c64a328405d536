//! What stands behind a volume: a folder of ours, or something that is mounted over that folder while
//! a container uses it.

use super::VolumeError;
use engine_spec::VolumeSpec;
use std::collections::BTreeMap;

/// The driver of plain folders and of whatever mount(2) mounts.
pub(super) const LOCAL: &str = "local";
/// The drivers that mount through the host's sshfs.
const SSHFS: [&str; 2] = ["sshfs", "vieux/sshfs"];

/// What stands behind a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Driver {
    /// Its folder.
    Folder,
    /// What mount(2) makes of it.
    Mount(Source),
    /// A folder of another machine, reached through ssh.
    Sshfs(Remote),
}

/// The `driver_opts` of the local driver, in the words of mount(8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// The type of the file system; `none` for a bind.
    pub(super) kind: String,
    /// What is mounted.
    pub(super) device: String,
    /// Comma-separated options. They may hold a password and are never printed.
    pub(super) options: String,
}

/// The `driver_opts` of sshfs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    /// `user@host:path`
    pub(super) place: String,
    /// For who has no key.
    pub(super) password: Option<String>,
    /// Other options as `sshfs -o` takes them.
    pub(super) options: Vec<String>,
}

impl Driver {
    /// Reads a volume's driver and options.
    pub(super) fn of(spec: &VolumeSpec) -> Result<Self, VolumeError> {
        let driver = spec.driver.split(':').next().unwrap_or_default();
        match driver {
            "" | LOCAL if spec.driver_opts.is_empty() => Ok(Self::Folder),
            "" | LOCAL => source(spec).map(Self::Mount),
            driver if SSHFS.contains(&driver) => remote(spec).map(Self::Sshfs),
            _ => Err(VolumeError::UnknownDriver { name: spec.name.clone(), driver: spec.driver.clone() }),
        }
    }
}

fn source(spec: &VolumeSpec) -> Result<Source, VolumeError> {
    let known = ["type", "device", "o"];
    if let Some(option) = spec.driver_opts.keys().find(|option| !known.contains(&option.as_str())) {
        return Err(VolumeError::UnsupportedOption { name: spec.name.clone(), option: option.clone() });
    }
    let value = |option: &str| spec.driver_opts.get(option).cloned().unwrap_or_default();
    let needed = |option: &'static str| match value(option) {
        text if text.is_empty() => Err(VolumeError::MissingOption { name: spec.name.clone(), option }),
        text => Ok(text),
    };
    let options = value("o");
    let is_bind = options.split(',').any(|option| matches!(option, "bind" | "rbind"));
    let kind = if is_bind { "none".to_owned() } else { needed("type")? };
    Ok(Source { kind, device: needed("device")?, options })
}

fn remote(spec: &VolumeSpec) -> Result<Remote, VolumeError> {
    let mut given: BTreeMap<&str, &str> =
        spec.driver_opts.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let place = given
        .remove("sshcmd")
        .ok_or_else(|| VolumeError::MissingOption { name: spec.name.clone(), option: "sshcmd" })?;
    let password = given.remove("password").map(str::to_owned);
    let options = given.into_iter().map(|(key, value)| match value {
        "" => key.to_owned(),
        value => format!("{key}={value}"),
    });
    Ok(Remote { place: place.to_owned(), password, options: options.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(driver: &str, options: &[(&str, &str)], expected: &str) {
        let spec = VolumeSpec {
            name: "data".parse().expect("a name"),
            driver: driver.to_owned(),
            driver_opts: options.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
            labels: Default::default(),
        };
        let shown = match Driver::of(&spec) {
            Ok(Driver::Folder) => "folder".to_owned(),
            Ok(Driver::Mount(Source { kind, device, options })) => format!("{kind} {device} {options}"),
            Ok(Driver::Sshfs(Remote { place, options, .. })) => format!("ssh {place} {}", options.join(",")),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{driver} {options:?}");
    }

    #[test]
    fn options_say_what_is_mounted() {
        check("local", &[], "folder");
        check("local", &[("type", "nfs"), ("o", "addr=nas,rw"), ("device", ":/a")], "nfs :/a addr=nas,rw");
        check("", &[("o", "bind"), ("device", "/srv")], "none /srv bind");
        check("vieux/sshfs:latest", &[("sshcmd", "me@nas:/a"), ("port", "22")], "ssh me@nas:/a port=22");
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        check("local", &[("type", "tmpfs")], "volume data needs the driver option `device`");
        check(
            "local",
            &[("size", "1g")],
            "volume data asks for the driver option `size`, which the driver does not know",
        );
        check("sshfs", &[], "volume data needs the driver option `sshcmd`");
        check("rexray", &[], "volume data asks for the driver `rexray`: use `local` or `sshfs`");
    }
}
