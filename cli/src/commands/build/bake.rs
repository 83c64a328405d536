//! Builds as a bake file, for those who build the same images with `docker buildx bake`.

use engine_spec::{BuildSpec, CacheLocation, ContextSource, DockerfileSource, ServiceName};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A group of all builds, and a target for each.
pub(super) fn file(builds: &[(ServiceName, BuildSpec)]) -> Value {
    let names: Vec<_> = builds.iter().map(|(service, _)| service.as_str()).collect();
    let targets: Map<_, _> =
        builds.iter().map(|(service, spec)| (service.to_string(), target(spec))).collect();
    json!({ "group": { "default": { "targets": names } }, "target": targets })
}

fn target(spec: &BuildSpec) -> Value {
    let mut target = Map::new();
    let mut set = |key: &str, value: Value| {
        let is_empty = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
        };
        if !is_empty {
            target.insert(key.to_owned(), value);
        }
    };
    set("context", context(&spec.context).into());
    match &spec.dockerfile {
        DockerfileSource::File(path) => set("dockerfile", json!(path)),
        DockerfileSource::Inline(text) => set("dockerfile-inline", json!(text)),
    }
    let contexts: BTreeMap<_, _> =
        spec.contexts.iter().map(|(name, source)| (name, context(source))).collect();
    set("contexts", json!(contexts));
    set("args", json!(spec.args));
    set("labels", json!(spec.labels));
    set("tags", spec.tags.iter().map(ToString::to_string).collect());
    set("target", json!(spec.target));
    set("no-cache", json!(spec.no_cache));
    set("no-cache-filter", json!(spec.no_cache_filter));
    set("pull", json!(spec.pull));
    set("cache-from", spec.cache_from.iter().map(|cache| location(cache, "src")).collect());
    set("cache-to", spec.cache_to.iter().map(|cache| location(&cache.location, "dest")).collect());
    set("secret", spec.secrets.keys().map(|id| format!("id={id}")).collect());
    set("ssh", spec.ssh.keys().cloned().collect());
    set("platforms", spec.platform.iter().map(|one| format!("{}/{}", one.os, one.architecture)).collect());
    Value::Object(target)
}

fn context(source: &ContextSource) -> String {
    match source {
        ContextSource::Folder(path) | ContextSource::Archive(path) => path.display().to_string(),
        ContextSource::Git(address) | ContextSource::Url(address) => address.clone(),
        ContextSource::Image(image) => format!("docker-image://{image}"),
        ContextSource::Layout { folder, name: None } => format!("oci-layout://{}", folder.display()),
        ContextSource::Layout { folder, name: Some(name) } => {
            format!("oci-layout://{}:{name}", folder.display())
        }
        ContextSource::Build(service) => format!("target:{service}"),
    }
}

fn location(cache: &CacheLocation, folder_key: &str) -> String {
    match cache {
        CacheLocation::Registry { reference } => format!("type=registry,ref={reference}"),
        CacheLocation::Local { folder } => format!("type=local,{folder_key}={}", folder.display()),
        CacheLocation::Unknown { name } => format!("type={name}"),
    }
}
