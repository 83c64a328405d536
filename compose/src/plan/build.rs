//! What a build section asks of the engine.

use super::attribute::AttributeError;
use super::limits::ulimit;
use super::{PlanError, container};
use crate::model::{Build, FileSource, Project, Service};
use engine_spec::{
    BuildNetwork, BuildSpec, CacheLocation, CacheTarget, CacheTextError, ContextSource, DockerfileSource,
    Entitlement, ImageReference, Platform, SecretSource, ServiceName, SshSource, compose_label,
};
use std::collections::{BTreeMap, BTreeSet};

/// The build of the service `name` alone: without the name and the labels that a project gives its images.
///
/// # Errors
/// The build section means nothing to the engine.
pub fn single_build(project: &Project, name: &ServiceName) -> Result<BuildSpec, PlanError> {
    let standard = Service::default();
    let service = project.service(name.as_str()).unwrap_or(&standard);
    spec(project, service).map_err(PlanError::of(name))
}

/// The build of a project's service, whose image is called `image`.
pub(super) fn of_service(
    project: &Project,
    name: &ServiceName,
    service: &Service,
    image: ImageReference,
) -> Result<BuildSpec, AttributeError> {
    let mut spec = spec(project, service)?;
    spec.tags.insert(0, image);
    for (label, value) in [
        (compose_label::PROJECT, project.name.as_str()),
        (compose_label::SERVICE, name.as_str()),
        (compose_label::VERSION, super::VERSION),
    ] {
        spec.labels.insert(label.to_owned(), value.to_owned());
    }
    Ok(spec)
}

fn spec(project: &Project, service: &Service) -> Result<BuildSpec, AttributeError> {
    let standard = Build::default();
    let build = service.build.as_ref().unwrap_or(&standard);
    let network = network(build.network.as_deref())?;
    Ok(BuildSpec {
        tags: build.tags.iter().map(|tag| ImageReference::parse(tag)).collect::<Result<_, _>>()?,
        context: ContextSource::parse(&build.context)?,
        contexts: contexts(build)?,
        dockerfile: match &build.dockerfile_inline {
            Some(text) => DockerfileSource::Inline(text.clone()),
            None => DockerfileSource::File(build.dockerfile.as_deref().unwrap_or("Dockerfile").into()),
        },
        args: build.args.clone(),
        target: build.target.clone(),
        labels: build.labels.clone(),
        no_cache: build.no_cache,
        no_cache_filter: build.no_cache_filter.clone(),
        cache_from: all(&build.cache_from, |text| {
            CacheLocation::parse(text).map_err(|error| cache("build.cache_from", text, error))
        })?,
        cache_to: all(&build.cache_to, |text| {
            CacheTarget::parse(text).map_err(|error| cache("build.cache_to", text, error))
        })?,
        pull: build.pull,
        network,
        extra_hosts: container::build_hosts(&build.extra_hosts)?,
        shm_size: build.shm_size.and_then(|size| u64::try_from(size.0).ok()),
        ulimits: build.ulimits.iter().map(|(name, limit)| (name.clone(), ulimit(limit))).collect(),
        entitlements: entitlements(build, network)?,
        secrets: secrets(project, build)?,
        ssh: build.ssh.iter().map(|(id, path)| (id.clone(), ssh(path.as_deref()))).collect(),
        platform: platform(service, build),
        squash: false,
    })
}

fn all<T>(
    texts: &[String],
    read: impl Fn(&String) -> Result<T, AttributeError>,
) -> Result<Vec<T>, AttributeError> {
    texts.iter().map(read).collect()
}

fn contexts(build: &Build) -> Result<BTreeMap<String, ContextSource>, AttributeError> {
    let named = build.additional_contexts.iter();
    named.map(|(name, text)| Ok((name.clone(), ContextSource::parse(text)?))).collect()
}

fn cache(attribute: &'static str, value: &str, source: CacheTextError) -> AttributeError {
    AttributeError::Cache { attribute, value: value.to_owned(), source }
}

/// Docker Compose lets a build do what its section asks for in so many words.
fn entitlements(build: &Build, network: BuildNetwork) -> Result<BTreeSet<Entitlement>, AttributeError> {
    let read = |text: &String| {
        Entitlement::parse(text).ok_or_else(|| AttributeError::Value {
            attribute: "build.entitlements",
            value: text.clone(),
            expected: "network.host, security.insecure or device",
        })
    };
    let mut entitlements = build.entitlements.iter().map(read).collect::<Result<BTreeSet<_>, _>>()?;
    entitlements.extend(build.privileged.then_some(Entitlement::SecurityInsecure));
    entitlements.extend((network == BuildNetwork::Host).then_some(Entitlement::NetworkHost));
    Ok(entitlements)
}

/// Where the values of secrets are; they are read when a step asks for them.
fn secrets(project: &Project, build: &Build) -> Result<BTreeMap<String, SecretSource>, AttributeError> {
    let mut secrets = BTreeMap::new();
    for attached in &build.secrets {
        let secret = project.secrets.get(attached.source.as_str());
        let source = match secret.and_then(|secret| secret.source.as_ref()) {
            Some(FileSource::File(path)) => SecretSource::File(path.clone()),
            Some(FileSource::Environment(name)) => SecretSource::Variable(name.clone()),
            Some(FileSource::Content(_)) | None => {
                return Err(AttributeError::Value {
                    attribute: "build.secrets",
                    value: attached.source.clone(),
                    expected: "a secret with `file` or `environment`",
                });
            }
        };
        secrets.insert(attached.target.clone().unwrap_or_else(|| attached.source.clone()), source);
    }
    Ok(secrets)
}

fn ssh(path: Option<&str>) -> SshSource {
    path.filter(|path| !path.is_empty()).map_or(SshSource::Agent, |path| SshSource::Socket(path.into()))
}

/// That of the service; else this host's, if the image is to be for it; else the first it is to be for.
fn platform(service: &Service, build: &Build) -> Option<Platform> {
    let platforms: Vec<Platform> = build.platforms.iter().map(|text| Platform::read(text)).collect();
    let host = Platform::host();
    let is_host = |platform: &&Platform| platform.os == host.os && platform.architecture == host.architecture;
    let own = service.platform.as_deref().map(Platform::read);
    own.or_else(|| platforms.iter().find(is_host).or(platforms.first()).cloned())
}

fn network(text: Option<&str>) -> Result<BuildNetwork, AttributeError> {
    match text {
        None | Some("default" | "") => Ok(BuildNetwork::Default),
        Some("none") => Ok(BuildNetwork::None),
        Some("host") => Ok(BuildNetwork::Host),
        Some(other) => Err(AttributeError::Value {
            attribute: "build.network",
            value: other.to_owned(),
            expected: "default, host or none",
        }),
    }
}
