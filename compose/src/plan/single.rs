//! The container of `container run`, which is described as a service but belongs to no project.

use super::PlanError;
use super::container::Blueprint;
use crate::model::Project;
use engine_spec::{ContainerName, ContainerSpec, Digest, ImageReference, NetworkMode, ServiceName};
use std::collections::BTreeMap;

/// The container of the service `name`, which may mount `images`, without what marks the containers of projects: labels, a number,
/// the service's name as an alias, shared ports.
///
/// # Errors
/// The service means nothing to the engine.
pub fn single(
    project: &Project,
    name: &ServiceName,
    image_id: &Digest,
    images: &BTreeMap<ImageReference, Digest>,
    container: ContainerName,
) -> Result<ContainerSpec, PlanError> {
    let standard = crate::model::Service::default();
    let service = project.service(name.as_str()).unwrap_or(&standard);
    let first = BTreeMap::new();
    let blueprint = Blueprint { project, name, service, image_id, images, config_hash: "", first: &first };
    let mut spec = blueprint.container(1).map_err(PlanError::of(name))?;
    spec.name = container;
    spec.labels.clone_from(&service.labels);
    spec.port_group = None;
    if let NetworkMode::Networks { endpoints } = &mut spec.network {
        endpoints.iter_mut().for_each(|endpoint| endpoint.aliases.retain(|alias| alias != name.as_str()));
    }
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::project;

    #[test]
    fn nothing_marks_it_as_a_projects() {
        let project = project(
            "name: alone\nservices: {alone: {image: web, labels: [a=b], networks: {far: {aliases: [w]}}, ports: ['80:80']}}\nnetworks: {far: {external: true}}",
        );
        let name = "alone".parse().unwrap();
        let container = ContainerName::new("brave_anchor").unwrap();
        let spec =
            single(&project, &name, &Digest::from_sha256([1; 32]), &BTreeMap::new(), container).unwrap();
        assert_eq!(spec.name.as_str(), "brave_anchor");
        assert_eq!(spec.labels.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "b".to_owned())]);
        assert_eq!((spec.ports.len(), spec.port_group), (1, None));
        let NetworkMode::Networks { endpoints } = spec.network else { panic!("in a network") };
        assert_eq!(
            (endpoints[0].network.as_str(), &endpoints[0].aliases[..]),
            ("far", &["w".to_owned()][..])
        );
    }
}
