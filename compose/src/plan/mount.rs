//! What a service's containers see besides their image: volumes, binds, tmpfs, configs and secrets.

use super::attribute::AttributeError;
use crate::model::{Attachment, FileObject, Key, Mount, MountKind, Project, Service};
use engine_spec::{BindOptions, MountSource, MountSpec, TmpfsOptions, VolumeName, VolumeOptions};
use std::collections::BTreeMap;

/// Permission bits of configs and secrets unless given.
const READABLE: u32 = 0o444;

/// All mounts: `volumes`, then `tmpfs`, configs and secrets.
pub(super) fn mounts(project: &Project, service: &Service) -> Result<Vec<MountSpec>, AttributeError> {
    let mut mounts = Vec::new();
    for mount in &service.volumes {
        if let Some(source) = source(project, mount)? {
            mounts.push(MountSpec {
                target: mount.target.as_str().into(),
                source,
                read_only: mount.read_only,
            });
        }
    }
    for line in &service.tmpfs {
        mounts.push(tmpfs(line)?);
    }
    for config in &service.configs {
        let target = config.target.clone().unwrap_or_else(|| format!("/{}", config.source));
        mounts.extend(content(config, target, &project.configs)?);
    }
    for secret in &service.secrets {
        let target = secret.target.clone().unwrap_or_else(|| format!("/run/secrets/{}", secret.source));
        mounts.extend(content(secret, target, &project.secrets)?);
    }
    Ok(mounts)
}

/// Where a mount's content comes from; `None` for images, which the loader has warned of.
fn source(project: &Project, mount: &Mount) -> Result<Option<MountSource>, AttributeError> {
    Ok(Some(match &mount.kind {
        MountKind::Bind { source, bind } => {
            let bind = bind.clone().unwrap_or_default();
            let options = BindOptions {
                create_host_path: bind.create_host_path.unwrap_or(true),
                propagation: bind.propagation,
                non_recursive: bind.recursive.as_deref() == Some("disabled"),
            };
            MountSource::Bind { path: source.into(), options }
        }
        MountKind::Volume { source, volume } => {
            let options = volume.as_ref().map_or_else(VolumeOptions::default, |volume| VolumeOptions {
                no_copy: volume.nocopy,
                subpath: volume.subpath.as_ref().map(Into::into),
            });
            MountSource::Volume {
                name: source.as_deref().map(|key| volume_name(project, key)).transpose()?,
                options,
            }
        }
        MountKind::Tmpfs { tmpfs } => {
            let options = tmpfs.as_ref().map_or_else(TmpfsOptions::default, |tmpfs| TmpfsOptions {
                size: tmpfs.size.and_then(|size| u64::try_from(size.0).ok()),
                mode: tmpfs.mode,
                ..TmpfsOptions::default()
            });
            MountSource::Tmpfs { options }
        }
        MountKind::Image { .. } => return Ok(None),
    }))
}

/// The real name of a volume.
pub(super) fn volume_name(project: &Project, key: &str) -> Result<VolumeName, AttributeError> {
    let real = project.volumes.get(key).map_or(key, |volume| volume.name.as_str());
    Ok(VolumeName::new(real)?)
}

/// `path[:size=64m,mode=1777,uid=0,gid=0]`
fn tmpfs(line: &str) -> Result<MountSpec, AttributeError> {
    let (path, options) = line.split_once(':').unwrap_or((line, ""));
    let refuse = || AttributeError::Value {
        attribute: "tmpfs",
        value: line.to_owned(),
        expected: "PATH[:size=SIZE,mode=MODE,uid=UID,gid=GID,ro]",
    };
    let mut tmpfs = TmpfsOptions::default();
    let mut read_only = false;
    for option in options.split(',') {
        match option.split_once('=') {
            Some(("size", size)) => tmpfs.size = Some(byte_size(size).ok_or_else(refuse)?),
            Some(("mode", mode)) => tmpfs.mode = Some(u32::from_str_radix(mode, 8).map_err(|_| refuse())?),
            Some(("uid", uid)) => tmpfs.uid = Some(uid.parse().map_err(|_| refuse())?),
            Some(("gid", gid)) => tmpfs.gid = Some(gid.parse().map_err(|_| refuse())?),
            None if option == "ro" => read_only = true,
            // Mount flags such as `noexec` are what the engine sets anyway.
            _ => {}
        }
    }
    Ok(MountSpec { target: path.into(), source: MountSource::Tmpfs { options: tmpfs }, read_only })
}

fn byte_size(text: &str) -> Option<u64> {
    let size: crate::model::ByteSize = text.parse().ok()?;
    u64::try_from(size.0).ok()
}

/// A config or secret as a file; `None` if its contents were not read (`Depth::Environment`).
fn content(
    attachment: &Attachment,
    target: String,
    objects: &BTreeMap<Key, FileObject>,
) -> Result<Option<MountSpec>, AttributeError> {
    let contents = objects.get(attachment.source.as_str()).and_then(|object| object.contents.as_ref());
    let Some(contents) = contents else { return Ok(None) };
    let source = MountSource::Content {
        bytes: contents.0.clone(),
        mode: attachment.mode.unwrap_or(READABLE),
        uid: owner("uid", attachment.uid.as_deref())?,
        gid: owner("gid", attachment.gid.as_deref())?,
    };
    Ok(Some(MountSpec { target: target.into(), source, read_only: true }))
}

fn owner(attribute: &'static str, text: Option<&str>) -> Result<u32, AttributeError> {
    let text = text.unwrap_or("0");
    text.parse().map_err(|_| AttributeError::Value {
        attribute,
        value: text.to_owned(),
        expected: "a number",
    })
}
