//! What the container sees besides its image: volumes, binds, tmpfs.

use super::comma::{Pair, pairs};
use super::error::FlagError;
use super::service::{Service, literal};
use clap::Args;
use serde_json::{Map, Value, json};

/// Flags of mounts.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Storage")]
pub(crate) struct StorageFlags {
    /// Mount a volume or a folder of the host
    #[arg(short, long, value_name = "[SOURCE:]TARGET[:OPTIONS]")]
    volume: Vec<String>,
    /// Mount what is described by parts (`type=bind,source=/srv,target=/data,readonly`)
    #[arg(long, value_name = "PARTS")]
    mount: Vec<String>,
    /// Mount memory
    #[arg(long, value_name = "TARGET[:OPTIONS]")]
    tmpfs: Vec<String>,
    /// Mount what another container has mounted
    #[arg(long, value_name = "CONTAINER[:ro|rw]")]
    pub(super) volumes_from: Vec<String>,
    /// Refuse writes to the image's files
    #[arg(long)]
    read_only: bool,
    /// Set an option of the container's own files (`size=10G`)
    #[arg(long, value_name = "NAME=VALUE")]
    storage_opt: Vec<String>,
    /// Make volumes with this driver
    #[arg(long, value_name = "DRIVER")]
    volume_driver: Option<String>,
}

impl StorageFlags {
    /// Writes them.
    pub(super) fn write(&self, service: &mut Service) -> Result<(), FlagError> {
        if let Some(driver) = self.volume_driver.as_ref().filter(|driver| *driver != "local") {
            return Err(FlagError::form("--volume-driver", driver, "`local`"));
        }
        self.volume.iter().try_for_each(|volume| bind_or_volume(volume, service))?;
        self.mount.iter().try_for_each(|parts| mount(parts, service))?;
        service.list("tmpfs", &self.tmpfs);
        service.list("volumes_from", self.volumes_from.iter().map(|other| format!("container:{other}")));
        service.flag("read_only", self.read_only);
        for option in &self.storage_opt {
            let refuse = || FlagError::form("--storage-opt", option, "NAME=VALUE");
            let (name, value) = option.split_once('=').ok_or_else(refuse)?;
            service.pair("storage_opt", name, Some(value));
        }
        Ok(())
    }
}

/// What may follow the target of a `-v`, docker's words.
const OPTIONS: [&str; 15] = [
    "ro",
    "rw",
    "z",
    "Z",
    "nocopy",
    "shared",
    "rshared",
    "slave",
    "rslave",
    "private",
    "rprivate",
    "consistent",
    "cached",
    "delegated",
    "default",
];

/// Compose's short form is docker's, but a volume has to be declared, and every option to mean something.
fn bind_or_volume(given: &str, service: &mut Service) -> Result<(), FlagError> {
    let parts: Vec<_> = given.split(':').collect();
    let target = if parts.len() == 1 { parts[0] } else { parts[1] };
    if !target.starts_with('/') {
        return Err(FlagError::form("-v", given, "[SOURCE:]TARGET[:OPTIONS] with an absolute TARGET"));
    }
    let mut options = parts.iter().skip(2).flat_map(|options| options.split(','));
    if parts.len() > 3 || options.any(|option| !OPTIONS.contains(&option)) {
        return Err(FlagError::form("-v", given, "[SOURCE:]TARGET[:OPTIONS] with options such as ro,z"));
    }
    let source = parts[0];
    if parts.len() > 1 && !source.starts_with(['.', '/', '~']) {
        service.volume(source);
    }
    service.list("volumes", [given]);
    Ok(())
}

const FLAG: &str = "--mount";
const KEYS: [&str; 18] = [
    "type",
    "source",
    "src",
    "target",
    "dst",
    "destination",
    "readonly",
    "ro",
    "consistency",
    "bind-propagation",
    "bind-nonrecursive",
    "bind-recursive",
    "volume-nocopy",
    "volume-subpath",
    "volume-driver",
    "volume-label",
    "tmpfs-size",
    "tmpfs-mode",
];

/// Docker's parts to Compose's long form.
fn mount(given: &str, service: &mut Service) -> Result<(), FlagError> {
    let mut kind = "volume".to_owned();
    let mut source = None;
    let mut mount = Map::new();
    let mut options = Map::new();
    for Pair { key, value } in pairs(FLAG, given, &KEYS)? {
        let text = || value.clone().ok_or_else(|| FlagError::form(FLAG, given, "a value behind `=`"));
        let is_set = || value.as_deref().is_none_or(|value| matches!(value, "true" | "1"));
        match key {
            "type" => kind = text()?,
            "source" | "src" => source = Some(text()?),
            "target" | "dst" | "destination" => drop(mount.insert("target".to_owned(), literal(&text()?))),
            "readonly" | "ro" => drop(mount.insert("read_only".to_owned(), Value::Bool(is_set()))),
            "bind-propagation" => drop(options.insert("propagation".to_owned(), literal(&text()?))),
            "bind-nonrecursive" if is_set() => {
                drop(options.insert("recursive".to_owned(), json!("disabled")))
            }
            "bind-recursive" => drop(options.insert("recursive".to_owned(), literal(&text()?))),
            "volume-nocopy" => drop(options.insert("nocopy".to_owned(), Value::Bool(is_set()))),
            "volume-subpath" => drop(options.insert("subpath".to_owned(), literal(&text()?))),
            "tmpfs-size" => drop(options.insert("size".to_owned(), literal(&text()?))),
            "tmpfs-mode" => drop(options.insert("mode".to_owned(), json!(octal(&text()?)?))),
            "volume-driver" if text()? != "local" => {
                return Err(FlagError::form(FLAG, &text()?, "`local` for volume-driver"));
            }
            // Ignored by docker too, or true of every volume here.
            _ => {}
        }
    }
    if !mount.contains_key("target") {
        return Err(FlagError::form(FLAG, given, "target=FOLDER among the parts"));
    }
    match (kind.as_str(), &source) {
        ("bind", Some(path)) if std::fs::symlink_metadata(path).is_err() => {
            return Err(FlagError::form(FLAG, path, "a source that is there, as `-v` would make it"));
        }
        ("bind", Some(_)) => drop(options.insert("create_host_path".to_owned(), Value::Bool(false))),
        ("bind", None) => return Err(FlagError::form(FLAG, given, "source=PATH for a bind")),
        ("volume", Some(name)) => service.volume(name),
        ("volume" | "tmpfs", None) => {}
        ("tmpfs", Some(_)) => return Err(FlagError::form(FLAG, given, "no source for a tmpfs")),
        _ => return Err(FlagError::form(FLAG, &kind, "type=bind, type=volume or type=tmpfs")),
    }
    if let Some(source) = source {
        mount.insert("source".to_owned(), literal(&source));
    }
    mount.insert("type".to_owned(), json!(kind));
    mount.insert(kind, Value::Object(options));
    service.item("volumes", Value::Object(mount));
    Ok(())
}

fn octal(text: &str) -> Result<u32, FlagError> {
    u32::from_str_radix(text, 8).map_err(|_| FlagError::form(FLAG, text, "an octal tmpfs-mode such as 1777"))
}
