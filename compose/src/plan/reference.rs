//! Other containers that a service's containers refer to by name: links, and whose volumes they share.

use super::attribute::AttributeError;
use super::container::Blueprint;
use engine_spec::{ContainerName, LinkSpec, ServiceName, VolumesFrom};

impl Blueprint<'_> {
    /// `links` of the project's services, then `external_links` of containers outside of it.
    pub(super) fn links(&self) -> Result<Vec<LinkSpec>, AttributeError> {
        let mut links = Vec::new();
        for link in &self.service.links {
            let (service, alias) = link.split_once(':').unwrap_or((link, link));
            links.push(LinkSpec {
                container: self.first_of(service)?,
                alias: alias.to_owned(),
                service: Some(ServiceName::new(service)?),
            });
        }
        for link in &self.service.external_links {
            let (container, alias) = link.split_once(':').unwrap_or((link, link));
            let container = ContainerName::new(container)?;
            links.push(LinkSpec { container, alias: alias.to_owned(), service: None });
        }
        Ok(links)
    }

    /// `service[:ro|rw]` or `container:name[:ro|rw]`.
    pub(super) fn volumes_from(&self) -> Result<Vec<VolumesFrom>, AttributeError> {
        let source = |text: &String| {
            let refuse = || AttributeError::Value {
                attribute: "volumes_from",
                value: text.clone(),
                expected: "SERVICE[:ro|rw] or container:NAME[:ro|rw]",
            };
            let (container, mode) = match text.split(':').collect::<Vec<_>>()[..] {
                ["container", name] => (ContainerName::new(name)?, "rw"),
                ["container", name, mode] => (ContainerName::new(name)?, mode),
                [service] => (self.first_of(service)?, "rw"),
                [service, mode] => (self.first_of(service)?, mode),
                _ => return Err(refuse()),
            };
            match mode {
                "ro" | "rw" => Ok(VolumesFrom { container, read_only: mode == "ro" }),
                _ => Err(refuse()),
            }
        };
        self.service.volumes_from.iter().map(source).collect()
    }
}
