//! A container as docker's `inspect` shows it.

pub(super) mod config;
mod host;
mod network;
mod state;

use super::Inspection;
use crate::error::CommandError;
use crate::show::clock;
use engine::container::written_bytes;
use engine::volume;
use engine_spec::{ImageConfig, MountSource, ObservedContainer};
use serde_json::{Value, json};

/// What is known of a container.
pub(super) fn describe(
    inspection: &Inspection,
    container: &ObservedContainer,
) -> Result<Value, CommandError> {
    let spec = &container.spec;
    let image = inspection.store.image(&spec.image_id)?;
    let config = image.as_ref().map(|image| image.config.clone()).unwrap_or_default();
    let words = command(container, &config);
    let (path, arguments) = words.split_first().map_or(("", &[][..]), |(path, rest)| (path.as_str(), rest));
    let folder = inspection.layout.container(&container.id);
    let file = |name: &str| folder.join(name).display().to_string();
    let mut value = json!({
        "Id": container.id,
        "Created": clock::rfc3339(container.created_at),
        "Path": path,
        "Args": arguments,
        "State": state::describe(&container.status),
        "Image": spec.image_id,
        "ResolvConfPath": file("resolv.conf"),
        "HostnamePath": file("hostname"),
        "HostsPath": file("hosts"),
        "LogPath": file("log.json"),
        "Name": format!("/{}", spec.name),
        "RestartCount": state::restarts(&container.status),
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": null,
        "HostConfig": host::describe(spec),
        "GraphDriver": { "Name": "overlay2", "Data": { "UpperDir": file("upper"), "WorkDir": file("work") } },
        "Mounts": mounts(inspection, container),
        "Config": config::describe(container, &config),
        "NetworkSettings": network::describe(inspection, container),
    });
    if inspection.is_sized {
        let written = written_bytes(&inspection.layout, &container.id);
        value["SizeRw"] = json!(written);
        value["SizeRootFs"] = json!(written + image.map_or(0, |image| image.size));
    }
    Ok(value)
}

/// Entrypoint and command as they are run.
fn command(container: &ObservedContainer, image: &ImageConfig) -> Vec<String> {
    let process = &container.spec.process;
    let entrypoint = process.entrypoint.as_ref().or(image.entrypoint.as_ref());
    // An entrypoint of one's own drops the image's command.
    let fallback = if process.entrypoint.is_some() { None } else { image.command.as_ref() };
    let command = process.command.as_ref().or(fallback);
    entrypoint.into_iter().chain(command).flatten().cloned().collect()
}

/// Volumes and binds; memory and contents are not among docker's.
fn mounts(inspection: &Inspection, container: &ObservedContainer) -> Value {
    let spec = &container.spec;
    let read_only =
        |target: &str| spec.mounts.iter().any(|mount| mount.read_only && mount.target.as_os_str() == target);
    let volumes = container.volumes.iter().map(|(target, name)| {
        json!({
            "Type": "volume",
            "Name": name,
            "Source": volume::data(&inspection.layout, name),
            "Destination": target,
            "Driver": "local",
            "Mode": "",
            "RW": !read_only(target),
            "Propagation": "",
        })
    });
    let binds = spec.mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::Bind { path, options } => Some(json!({
            "Type": "bind",
            "Source": path,
            "Destination": mount.target,
            "Mode": if mount.read_only { "ro" } else { "" },
            "RW": !mount.read_only,
            "Propagation": options.propagation.as_deref().unwrap_or("rprivate"),
        })),
        _ => None,
    });
    volumes.chain(binds).collect()
}
