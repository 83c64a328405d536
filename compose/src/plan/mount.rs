//! What a service's containers see besides their image: volumes, binds, tmpfs, configs and secrets.

use super::attribute::AttributeError;
use super::container::Blueprint;
use super::contents::{Provided, provided};
use crate::model::{BindUse, Mount, MountKind, Project, VolumeUse};
use engine_spec::{
    BindOptions, ImageReference, MountSource, MountSpec, Recursive, TmpfsOptions, VolumeName, VolumeOptions,
};

/// Permission bits of configs and secrets unless given.
const READABLE: u32 = 0o444;
/// In `bind`: the owner of the source is shown as the service's user.
const IDMAP: &str = "x-lighter-idmap";

impl Blueprint<'_> {
    /// All mounts: `volumes`, then `tmpfs`, configs and secrets.
    pub(super) fn mounts(&self) -> Result<Vec<MountSpec>, AttributeError> {
        let Blueprint { project, service, .. } = self;
        let mut mounts = Vec::new();
        for mount in &service.volumes {
            mounts.push(MountSpec {
                target: mount.target.as_str().into(),
                source: self.source(mount)?,
                read_only: mount.read_only,
            });
        }
        for line in &service.tmpfs {
            mounts.push(tmpfs(line)?);
        }
        for file in provided(project, service) {
            mounts.extend(content(&file)?);
        }
        Ok(mounts)
    }

    /// Where a mount's content comes from.
    fn source(&self, mount: &Mount) -> Result<MountSource, AttributeError> {
        match &mount.kind {
            MountKind::Bind { source, bind: options } => bind(source, options.as_ref()),
            MountKind::Volume { source, volume } => Ok(MountSource::Volume {
                name: source.as_deref().map(|key| volume_name(self.project, key)).transpose()?,
                options: volume.as_ref().map(volume_options).unwrap_or_default(),
            }),
            MountKind::Tmpfs { tmpfs } => {
                let options = tmpfs.as_ref().map_or_else(TmpfsOptions::default, |tmpfs| TmpfsOptions {
                    size: tmpfs.size.and_then(|size| u64::try_from(size.0).ok()),
                    mode: tmpfs.mode,
                    ..TmpfsOptions::default()
                });
                Ok(MountSource::Tmpfs { options })
            }
            MountKind::Image { source, image } => {
                let reference = image_of(self.project, source)?;
                let id = self.images.get(&reference).cloned();
                Ok(MountSource::Image {
                    id: id.ok_or_else(|| AttributeError::MountedImage(reference.to_string()))?,
                    image: reference,
                    subpath: image.as_ref().and_then(|image| image.subpath.as_ref()).map(Into::into),
                })
            }
        }
    }
}

fn bind(source: &str, bind: Option<&BindUse>) -> Result<MountSource, AttributeError> {
    let bind = bind.cloned().unwrap_or_default();
    let options = BindOptions {
        create_host_path: bind.create_host_path.unwrap_or(true),
        propagation: bind.propagation,
        recursive: match bind.recursive.as_deref() {
            Some("disabled") => Recursive::Disabled,
            Some("writable") => Recursive::Writable,
            Some("readonly") => Recursive::Readonly,
            _ => Recursive::Enabled,
        },
        idmap: match bind.rest.get(IDMAP) {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| AttributeError::Value {
                attribute: IDMAP,
                value: value.to_string(),
                expected: "true or false",
            })?,
        },
    };
    Ok(MountSource::Bind { path: source.into(), options })
}

fn volume_options(volume: &VolumeUse) -> VolumeOptions {
    VolumeOptions {
        no_copy: volume.nocopy,
        subpath: volume.subpath.as_ref().map(Into::into),
        labels: volume.labels.clone(),
    }
}

/// The image that a mount of an image names: a service's, or one by its own name.
pub(super) fn image_of(project: &Project, source: &str) -> Result<ImageReference, AttributeError> {
    let name = match project.service_entry(source) {
        Some((name, service)) => project.image_name(name, service),
        None => source.to_owned(),
    };
    Ok(ImageReference::parse(&name)?)
}

/// The real name of a volume.
pub(super) fn volume_name(project: &Project, key: &str) -> Result<VolumeName, AttributeError> {
    let real = project.volumes.get(key).map_or(key, |volume| volume.name.as_str());
    Ok(VolumeName::new(real)?)
}

/// `path[:size=64m,mode=1777,uid=0,gid=0,exec]`
fn tmpfs(line: &str) -> Result<MountSpec, AttributeError> {
    let (path, options) = line.split_once(':').unwrap_or((line, ""));
    let refuse = || AttributeError::Value {
        attribute: "tmpfs",
        value: line.to_owned(),
        expected: "PATH[:size=SIZE,mode=MODE,uid=UID,gid=GID,ro,exec,…]",
    };
    let mut tmpfs = TmpfsOptions::default();
    let mut read_only = false;
    for option in options.split(',') {
        match option.split_once('=') {
            // A share of the memory is for the kernel to count.
            Some(("size", size)) if size.ends_with('%') => tmpfs.options.push(option.to_owned()),
            Some(("size", size)) => tmpfs.size = Some(byte_size(size).ok_or_else(refuse)?),
            Some(("mode", mode)) => tmpfs.mode = Some(u32::from_str_radix(mode, 8).map_err(|_| refuse())?),
            Some(("uid", uid)) => tmpfs.uid = Some(uid.parse().map_err(|_| refuse())?),
            Some(("gid", gid)) => tmpfs.gid = Some(gid.parse().map_err(|_| refuse())?),
            None if option == "ro" => read_only = true,
            None if option == "rw" || option.is_empty() => {}
            _ => tmpfs.options.push(option.to_owned()),
        }
    }
    Ok(MountSpec { target: path.into(), source: MountSource::Tmpfs { options: tmpfs }, read_only })
}

fn byte_size(text: &str) -> Option<u64> {
    let size: crate::model::ByteSize = text.parse().ok()?;
    u64::try_from(size.0).ok()
}

/// A config or secret as a file; `None` if its contents were not read (`Depth::Environment`).
fn content(file: &Provided<'_>) -> Result<Option<MountSpec>, AttributeError> {
    let attachment = file.attachment;
    let Some(contents) = file.object.and_then(|object| object.contents.as_ref()) else { return Ok(None) };
    let source = MountSource::Content {
        bytes: contents.0.clone(),
        mode: attachment.mode.unwrap_or(READABLE),
        uid: owner("uid", attachment.uid.as_deref())?,
        gid: owner("gid", attachment.gid.as_deref())?,
    };
    Ok(Some(MountSpec { target: file.target.clone(), source, read_only: true }))
}

fn owner(attribute: &'static str, text: Option<&str>) -> Result<u32, AttributeError> {
    let text = text.unwrap_or("0");
    text.parse().map_err(|_| AttributeError::Value {
        attribute,
        value: text.to_owned(),
        expected: "a number",
    })
}
