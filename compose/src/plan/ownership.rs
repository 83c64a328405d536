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
    for container in &observed.containers {
        if let Some(folder) = other_folder(project, &container.spec.labels) {
            return Err(PlanError::OtherFolder {
                thing: format!("container {}", container.name()),
                project: project.name.clone(),
                folder: folder.to_owned(),
            });
        }
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

/// The folder of what is the project's by name but was made elsewhere.
fn other_folder<'a>(project: &Project, labels: &'a Labels) -> Option<&'a Path> {
    let is_ours = labels.get(compose_label::PROJECT).is_some_and(|name| *name == project.name.as_str());
    let folder = Path::new(labels.get(compose_label::WORKING_DIR).filter(|_| is_ours)?);
    (folder != project.working_dir).then_some(folder)
}
