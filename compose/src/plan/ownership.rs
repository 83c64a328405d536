//! Whose containers, networks and volumes these are: two folders may give their projects one name.

use super::error::PlanError;
use crate::model::Project;
use engine_spec::{Labels, Observed, compose_label};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The other project folders that made something under the project's name.
#[must_use]
pub fn other_folders(project: &Project, observed: &Observed) -> BTreeSet<PathBuf> {
    let Observed { containers, networks, volumes, .. } = observed;
    let labels = containers.iter().map(|found| (&found.spec.labels, found.spec.name.as_str()));
    let labels = labels.chain(networks.iter().map(|found| (&found.spec.labels, found.spec.name.as_str())));
    let labels = labels.chain(volumes.iter().map(|found| (&found.spec.labels, found.spec.name.as_str())));
    labels.filter_map(|(labels, _)| other_folder(project, labels)).map(Path::to_owned).collect()
}

/// Refuses what another project folder made under the same project name, and containers of other
/// projects that have a name which this one needs.
pub(super) fn check(project: &Project, observed: &Observed) -> Result<(), PlanError> {
    check_folder(project, observed)?;
    for container in &observed.containers {
        let labels = &container.spec.labels;
        let names = project.services.values().filter_map(|service| service.container_name.as_deref());
        if !container.is_of(&project.name) && names.into_iter().any(|name| name == container.name().as_str())
        {
            return Err(PlanError::NameTaken {
                name: container.name().clone(),
                owner: labels.get(compose_label::PROJECT).cloned(),
                folder: labels.get(compose_label::WORKING_DIR).cloned(),
            });
        }
    }
    Ok(())
}

/// Refuses what another project folder made under the same project name: containers, and the networks
/// and volumes that this project's file names.
///
/// # Errors
/// Names the first such thing, and the folder.
pub fn check_folder(project: &Project, observed: &Observed) -> Result<(), PlanError> {
    let Observed { containers, networks, volumes, .. } = observed;
    let containers = containers.iter().map(|found| ("container", found.name().as_str(), &found.spec.labels));
    let is_named = |name: &str| project.networks.values().any(|network| network.name == name);
    let networks = networks.iter().map(|found| ("network", found.spec.name.as_str(), &found.spec.labels));
    let networks = networks.filter(|(_, name, _)| is_named(name));
    let is_named = |name: &str| project.volumes.values().any(|volume| volume.name == name);
    let volumes = volumes.iter().map(|found| ("volume", found.spec.name.as_str(), &found.spec.labels));
    let volumes = volumes.filter(|(_, name, _)| is_named(name));
    let foreign = containers
        .chain(networks)
        .chain(volumes)
        .find_map(|(kind, name, labels)| Some((kind, name, other_folder(project, labels)?)));
    match foreign {
        Some((kind, name, folder)) => Err(PlanError::OtherFolder {
            thing: format!("{kind} {name}"),
            project: project.name.clone(),
            folder: folder.to_owned(),
        }),
        None => Ok(()),
    }
}

/// The folder of what is the project's by name but was made elsewhere.
fn other_folder<'a>(project: &Project, labels: &'a Labels) -> Option<&'a Path> {
    let is_ours = labels.get(compose_label::PROJECT).is_some_and(|name| *name == project.name.as_str());
    let folder = Path::new(labels.get(compose_label::WORKING_DIR).filter(|_| is_ours)?);
    (folder != project.working_dir).then_some(folder)
}
