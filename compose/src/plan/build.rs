//! What a build section asks of the engine.

use super::attribute::AttributeError;
use super::{PlanError, container};
use crate::model::{Build, Project, Service};
use engine_spec::{
    BuildNetwork, BuildSpec, ContextSource, DockerfileSource, ImageReference, Platform, ServiceName, compose_label,
};

/// The build of the service `name` alone: without the name and the labels that a project gives its images.
///
/// # Errors
/// The build section means nothing to the engine.
pub fn single_build(project: &Project, name: &ServiceName) -> Result<BuildSpec, PlanError> {
    let standard = Service::default();
    let service = project.service(name.as_str()).unwrap_or(&standard);
    spec(service).map_err(PlanError::of(name))
}

/// The build of a project's service, whose image is called `image`.
pub(super) fn of_service(
    project: &Project,
    name: &ServiceName,
    service: &Service,
    image: ImageReference,
) -> Result<BuildSpec, AttributeError> {
    let mut spec = spec(service)?;
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

fn spec(service: &Service) -> Result<BuildSpec, AttributeError> {
    let standard = Build::default();
    let build = service.build.as_ref().unwrap_or(&standard);
    Ok(BuildSpec {
        tags: build.tags.iter().map(|tag| ImageReference::parse(tag)).collect::<Result<_, _>>()?,
        dockerfile: match &build.dockerfile_inline {
            Some(text) => DockerfileSource::Inline(text.clone()),
            None => DockerfileSource::File(build.dockerfile.as_deref().unwrap_or("Dockerfile").into()),
        },
        args: build.args.clone(),
        target: build.target.clone(),
        labels: build.labels.clone(),
        no_cache: build.no_cache,
        pull: build.pull,
        network: network(build.network.as_deref())?,
        extra_hosts: container::build_hosts(&build.extra_hosts)?,
        platform: service.platform.as_deref().map(Platform::read),
        ..BuildSpec::new(ContextSource::parse(&build.context)?)
    })
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
