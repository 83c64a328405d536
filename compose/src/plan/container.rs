//! A service to the [`ContainerSpec`] of one of its containers.

use super::attribute::AttributeError;
use super::{contents, device, endpoint, isolation, limits, restart};
use crate::model::{DependencyCondition, HealthCheck, NamespaceMode, Project, Service};
use engine_spec::{
    ContainerName, ContainerSpec, Digest, HealthSpec, HealthTest, HostAddress, ImageReference, Labels,
    LogSpec, NetworkMode, Platform, PortGroup, ProcessSpec, ServiceName, StopSpec, compose_label,
};
use std::collections::BTreeMap;

/// The word for the host's own address in `extra_hosts`.
const HOST_GATEWAY: &str = "host-gateway";

/// What a container needs to know besides its own service.
pub(super) struct Blueprint<'a> {
    pub(super) project: &'a Project,
    pub(super) name: &'a ServiceName,
    pub(super) service: &'a Service,
    pub(super) image_id: &'a Digest,
    /// The local images, some of which it may mount.
    pub(super) images: &'a BTreeMap<ImageReference, Digest>,
    pub(super) config_hash: &'a str,
    /// The first container of each service planned so far.
    pub(super) first: &'a BTreeMap<&'a str, ContainerName>,
}

/// The name of a service's container of a number: `<project>-<service>-<n>`, or the one it was given;
/// its parts are joined by [`Project::separator`].
pub(super) fn container_name(
    project: &Project,
    name: &ServiceName,
    service: &Service,
    number: u32,
) -> Result<ContainerName, AttributeError> {
    Ok(match &service.container_name {
        Some(name) => ContainerName::new(name.as_str())?,
        None => {
            let separator = project.separator;
            ContainerName::new(format!("{}{separator}{name}{separator}{number}", project.name))?
        }
    })
}

impl Blueprint<'_> {
    /// Where the service stands in the file.
    pub(super) fn path(&self) -> String {
        format!("services.{}", self.name)
    }

    /// The container of a number.
    pub(super) fn container(&self, number: u32) -> Result<ContainerSpec, AttributeError> {
        let service = self.service;
        let name = container_name(self.project, self.name, service, number)?;
        let image_as_written = self.project.image_name(self.name, service);
        let image = ImageReference::parse(&image_as_written)?;
        Ok(ContainerSpec {
            image_as_written,
            platform: service.platform.as_deref().map(Platform::read),
            labels: self.labels(number),
            annotations: service.annotations.clone(),
            process: process(service),
            hostname: service.hostname.clone(),
            domainname: service.domainname.clone(),
            init: service.init.unwrap_or(false),
            network: self.network()?,
            ports: endpoint::ports(&service.ports)?,
            port_group: self.port_group()?,
            expose: endpoint::exposed(&service.expose)?,
            extra_hosts: extra_hosts(&service.extra_hosts)?,
            dns: service
                .dns
                .iter()
                .map(|server| endpoint::address("dns", server))
                .collect::<Result<_, _>>()?,
            dns_search: service.dns_search.clone(),
            dns_options: service.dns_opt.clone(),
            links: self.links()?,
            mounts: self.mounts()?,
            volumes_from: self.volumes_from()?,
            hooks: super::hook::hooks(service),
            restart: restart::policy(service),
            restart_pace: restart::pace(service),
            restart_when_unhealthy: restart::when_unhealthy(service)?,
            stop: StopSpec {
                signal: service.stop_signal.clone(),
                grace_period: service.stop_grace_period.map(|period| period.0),
            },
            healthcheck: service.healthcheck.as_ref().map(health),
            resources: limits::resources(service)?,
            security: isolation::security(self.project, service)?,
            isolation: self.isolation()?,
            devices: device::devices(service)?,
            log: log(service),
            runtime: service.runtime.clone(),
            ..ContainerSpec::new(name, image, self.image_id.clone())
        })
    }

    fn labels(&self, number: u32) -> Labels {
        let project = self.project;
        let mut labels = self.service.labels.clone();
        let files: Vec<_> = project.files.iter().map(|file| file.to_string_lossy()).collect();
        let mut set = |key: &str, value: String| labels.insert(key.to_owned(), value);
        set(compose_label::PROJECT, project.name.to_string());
        set(compose_label::SERVICE, self.name.to_string());
        set(compose_label::VERSION, super::VERSION.to_owned());
        set(compose_label::CONFIG_HASH, self.config_hash.to_owned());
        set(compose_label::CONTAINER_NUMBER, number.to_string());
        set(compose_label::ONEOFF, "False".to_owned());
        set(compose_label::IMAGE, self.image_id.to_string());
        set(compose_label::DEPENDS_ON, depends_on_label(self.service));
        set(compose_label::WORKING_DIR, project.working_dir.to_string_lossy().into_owned());
        set(compose_label::CONFIG_FILES, files.join(","));
        if let Some(hash) = contents::label(project, self.service) {
            set(compose_label::CONTENTS_HASH, hash);
        }
        if !project.environment_files.is_empty() {
            let files: Vec<_> = project.environment_files.iter().map(|file| file.to_string_lossy()).collect();
            set(compose_label::ENVIRONMENT_FILE, files.join(","));
        }
        labels
    }

    /// All replicas of a service answer on its fixed ports.
    fn port_group(&self) -> Result<Option<PortGroup>, AttributeError> {
        let group = || PortGroup::new(format!("{}.{}", self.project.name, self.name));
        Ok((!self.service.ports.is_empty()).then(group).transpose()?)
    }

    fn network(&self) -> Result<NetworkMode, AttributeError> {
        Ok(match &self.service.network_mode {
            Some(NamespaceMode::Service(other)) => NetworkMode::Container { name: self.first_of(other)? },
            Some(NamespaceMode::Container(name)) => {
                NetworkMode::Container { name: ContainerName::new(name.as_str())? }
            }
            Some(NamespaceMode::Word(word)) if word == "host" => NetworkMode::Host,
            Some(NamespaceMode::Word(word)) if word == "none" => NetworkMode::None,
            Some(NamespaceMode::Word(_)) => {
                NetworkMode::Networks { endpoints: vec![endpoint::predefined(self.service)?] }
            }
            None => endpoint::mode(endpoint::endpoints(self.project, self.name, self.service)?)?,
        })
    }

    /// The first container of another service: planned already, else by its usual name.
    pub(super) fn first_of(&self, other: &str) -> Result<ContainerName, AttributeError> {
        if let Some(name) = self.first.get(other) {
            return Ok(name.clone());
        }
        let name = ServiceName::new(other)?;
        match self.project.service(other) {
            Some(service) => container_name(self.project, &name, service, 1),
            None => Ok(ContainerName::new(format!("{}-{other}-1", self.project.name))?),
        }
    }
}

/// `dependency:condition:restart`, comma separated.
fn depends_on_label(service: &Service) -> String {
    let entries = service.depends_on.iter().map(|(name, dependency)| {
        let condition: DependencyCondition = dependency.condition;
        format!("{name}:{condition}:{}", dependency.restart)
    });
    entries.collect::<Vec<_>>().join(",")
}

fn process(service: &Service) -> ProcessSpec {
    ProcessSpec {
        entrypoint: service.entrypoint.clone(),
        command: service.command.clone(),
        environment: service.environment.clone(),
        working_dir: service.working_dir.as_ref().map(Into::into),
        user: service.user.clone(),
        group_add: service.group_add.clone(),
        tty: service.tty,
        stdin_open: service.stdin_open,
        stdin_once: false,
    }
}

fn extra_hosts(lines: &[String]) -> Result<Vec<(String, HostAddress)>, AttributeError> {
    let address = |text: &str| match text {
        HOST_GATEWAY => Ok(HostAddress::Gateway),
        _ => endpoint::address("extra_hosts", text).map(HostAddress::Address),
    };
    let pairs = lines.iter().filter_map(|line| line.split_once('='));
    pairs.map(|(host, text)| Ok((host.to_owned(), address(text)?))).collect()
}

/// The lines for /etc/hosts of RUN steps.
pub(super) fn build_hosts(lines: &[String]) -> Result<Vec<(String, HostAddress)>, AttributeError> {
    extra_hosts(lines)
}

fn health(check: &HealthCheck) -> HealthSpec {
    let words = check.test.split_first().map(|(first, rest)| (first.as_str(), rest));
    let test = match words {
        _ if check.disable => Some(HealthTest::None),
        Some(("NONE", _)) => Some(HealthTest::None),
        Some(("CMD", arguments)) => Some(HealthTest::Command(arguments.to_vec())),
        Some((_, line)) => Some(HealthTest::Shell(line.join(" "))),
        None => None,
    };
    HealthSpec {
        test,
        interval: check.interval.map(|duration| duration.0),
        timeout: check.timeout.map(|duration| duration.0),
        retries: check.retries,
        start_period: check.start_period.map(|duration| duration.0),
        start_interval: check.start_interval.map(|duration| duration.0),
    }
}

fn log(service: &Service) -> LogSpec {
    service.logging.as_ref().map_or_else(LogSpec::default, |logging| LogSpec {
        driver: logging.driver.clone(),
        options: logging.options.clone(),
    })
}
