//! An image as docker's `inspect` shows it.

use super::container::config::healthcheck;
use engine::image::Image;
use engine_spec::{ImageReference, Observed};
use serde_json::{Map, Value, json};

/// What is known of an image.
pub(super) fn describe(image: &Image, observed: &Observed) -> Value {
    let names: Vec<&ImageReference> =
        observed.images.iter().filter(|(_, id)| **id == image.id).map(|(name, _)| name).collect();
    let tags: Vec<_> = names.iter().filter(|name| name.tag().is_some()).map(ToString::to_string).collect();
    let digests: Vec<_> = names
        .iter()
        .filter_map(|name| Some(format!("{}@{}", name.familiar_repository(), name.digest()?)))
        .collect();
    let config = &image.config;
    let exposed: Map<_, _> = config.exposed_ports.iter().map(|port| (port.clone(), json!({}))).collect();
    let volumes: Map<_, _> = config.volumes.iter().map(|path| (path.clone(), json!({}))).collect();
    json!({
        "Id": image.id,
        "RepoTags": tags,
        "RepoDigests": digests,
        "Parent": "",
        "Created": image.created,
        "Architecture": image.platform.architecture,
        "Os": image.platform.os,
        "Size": image.size,
        "VirtualSize": image.size,
        "Config": {
            "User": config.user.as_deref().unwrap_or_default(),
            "ExposedPorts": exposed,
            "Env": config.environment,
            "Cmd": config.command,
            "Volumes": volumes,
            "WorkingDir": config.working_dir.as_deref().unwrap_or_default(),
            "Entrypoint": config.entrypoint,
            "Labels": config.labels,
            "Healthcheck": config.healthcheck.as_ref().map(healthcheck),
            "StopSignal": config.stop_signal,
            "Shell": config.shell,
            "OnBuild": config.on_build,
        },
        "RootFS": { "Type": "layers", "Layers": image.layers },
    })
}
