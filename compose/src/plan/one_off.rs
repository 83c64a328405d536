//! The container of `run`: a service's, with what the command line says instead.

use super::attribute::AttributeError;
use super::container::Blueprint;
use super::existing::is_one_off;
use super::replica::number;
use super::{OneOff, PlanError};
use crate::model::{Project, Service};
use engine_spec::{
    ContainerName, ContainerSpec, Digest, NetworkMode, Observed, RestartPolicy, ServiceName, compose_label,
};
use std::collections::BTreeMap;

/// The container of `run` for a service. It has no number, and no policy starts it again.
///
/// # Errors
/// The service, or what is said instead, means nothing to the engine.
pub fn one_off(
    project: &Project,
    name: &ServiceName,
    observed: &Observed,
    image_id: &Digest,
    options: &OneOff,
) -> Result<ContainerSpec, PlanError> {
    let service = project.service(name.as_str()).cloned().unwrap_or_default();
    let service = overridden(service, options);
    let first = first_containers(project, observed);
    let blueprint = Blueprint {
        project,
        name,
        service: &service,
        image_id,
        images: &observed.images,
        config_hash: "",
        first: &first,
    };
    finish(&blueprint, options).map_err(PlanError::of(name))
}

/// The service as the command line has it.
fn overridden(mut service: Service, options: &OneOff) -> Service {
    if options.entrypoint.is_some() {
        service.command = None;
    }
    service.entrypoint = options.entrypoint.clone().or(service.entrypoint);
    service.command = options.command.clone().or(service.command);
    service.user = options.user.clone().or(service.user);
    service.working_dir = options.working_dir.clone().or(service.working_dir);
    service.environment.extend(options.environment.clone());
    service.labels.extend(options.labels.clone());
    let is_replaced = |target: &str| options.volumes.iter().any(|mount| mount.target == target);
    service.volumes.retain(|mount| !is_replaced(&mount.target));
    service.volumes.extend(options.volumes.iter().cloned());
    service.cap_add.extend(options.cap_add.iter().cloned());
    service.cap_drop.extend(options.cap_drop.iter().cloned());
    if !options.service_ports {
        service.ports.clone_from(&options.ports);
    }
    Service { tty: options.tty, stdin_open: options.stdin_open, container_name: None, ..service }
}

fn finish(blueprint: &Blueprint<'_>, options: &OneOff) -> Result<ContainerSpec, AttributeError> {
    let mut spec = blueprint.container(1)?;
    spec.name = match &options.name {
        Some(name) => name.clone(),
        None => {
            ContainerName::new(format!("{}-{}-run-{}", blueprint.project.name, blueprint.name, options.slug))?
        }
    };
    spec.restart = RestartPolicy::No;
    spec.labels.remove(compose_label::CONTAINER_NUMBER);
    spec.labels.insert(compose_label::ONEOFF.to_owned(), "True".to_owned());
    spec.labels.insert(compose_label::SLUG.to_owned(), options.slug.clone());
    if let NetworkMode::Networks { endpoints } = &mut spec.network
        && !options.use_aliases
    {
        endpoints.iter_mut().for_each(|endpoint| endpoint.aliases.clear());
    }
    Ok(spec)
}

/// The container with the lowest number of each service, whose namespaces others may share.
pub(super) fn first_containers<'a>(
    project: &Project,
    observed: &'a Observed,
) -> BTreeMap<&'a str, ContainerName> {
    let ours = observed.containers.iter().filter(|found| found.is_of(&project.name) && !is_one_off(found));
    let mut first: BTreeMap<&str, (u32, ContainerName)> = BTreeMap::new();
    for container in ours {
        let service = container.label(compose_label::SERVICE).unwrap_or("");
        let candidate = (number(container), container.name().clone());
        match first.get(service) {
            Some(known) if *known <= candidate => {}
            _ => drop(first.insert(service, candidate)),
        }
    }
    first.into_iter().map(|(service, (_, name))| (service, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::project;

    fn run(options: &OneOff) -> ContainerSpec {
        let project = project(
            "name: app\nservices: {web: {image: web, command: serve, container_name: mine, restart: always, ports: ['80:80']}}",
        );
        let name = "web".parse().unwrap();
        one_off(&project, &name, &Observed::default(), &Digest::from_sha256([1; 32]), options).unwrap()
    }

    #[test]
    fn a_one_off_has_no_ports_no_policy_and_no_alias() {
        let spec = run(&OneOff { slug: "0123456789ab".to_owned(), ..OneOff::default() });
        assert_eq!(spec.name.as_str(), "app-web-run-0123456789ab");
        assert!(spec.ports.is_empty());
        assert_eq!(spec.restart, RestartPolicy::No);
        assert_eq!(spec.process.command, Some(vec!["serve".to_owned()]));
        let NetworkMode::Networks { endpoints } = spec.network else { panic!("in a network") };
        assert!(endpoints[0].aliases.is_empty());
    }

    #[test]
    fn an_entrypoint_takes_the_command_away() {
        let spec = run(&OneOff { entrypoint: Some(vec!["sh".to_owned()]), ..OneOff::default() });
        assert_eq!((spec.process.entrypoint, spec.process.command), (Some(vec!["sh".to_owned()]), None));
    }

    #[test]
    fn service_ports_and_aliases_come_back_on_request() {
        let spec = run(&OneOff { service_ports: true, use_aliases: true, ..OneOff::default() });
        assert_eq!(spec.ports.len(), 1);
        let NetworkMode::Networks { endpoints } = spec.network else { panic!("in a network") };
        assert_eq!(endpoints[0].aliases, ["web"]);
    }
}
