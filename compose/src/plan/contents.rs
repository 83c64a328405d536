//! Configs and secrets of a service: where its containers see them, and whether a change of what is in
//! them makes containers anew or is told to those that run (`x-lighter-on-change: SIGHUP`).

use super::attribute::AttributeError;
use super::change::Change;
use super::container::Blueprint;
use super::difference::container_changes;
use super::hash::{contents_hash, hash};
use super::reason::Reason;
use super::replica::Replica;
use crate::model::{Attachment, FileObject, Project, Service};
use engine_spec::{Action, ContainerSpec, MountSource, MountSpec, compose_label};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// In a config, a secret or a reference to one: the signal that tells of its change.
const ON_CHANGE: &str = "x-lighter-on-change";

/// A config or secret as a service uses it.
pub(super) struct Provided<'a> {
    pub(super) attachment: &'a Attachment,
    pub(super) object: Option<&'a FileObject>,
    /// Where it is seen.
    pub(super) target: PathBuf,
}

/// The configs, then the secrets of a service.
pub(super) fn provided<'a>(project: &'a Project, service: &'a Service) -> Vec<Provided<'a>> {
    let target = |folder: &str, attachment: &Attachment| {
        Path::new(folder).join(attachment.target.as_ref().unwrap_or(&attachment.source))
    };
    let configs = service.configs.iter().map(|attachment| Provided {
        attachment,
        object: project.configs.get(attachment.source.as_str()),
        target: target("/", attachment),
    });
    let secrets = service.secrets.iter().map(|attachment| Provided {
        attachment,
        object: project.secrets.get(attachment.source.as_str()),
        target: target("/run/secrets", attachment),
    });
    configs.chain(secrets).collect()
}

impl Provided<'_> {
    /// The signal that tells of a change; the service's own word wins over that of the config or secret.
    pub(super) fn on_change(&self) -> Option<&str> {
        let own = self.attachment.rest.get(ON_CHANGE);
        own.or_else(|| self.object?.rest.get(ON_CHANGE))?.as_str()
    }

    /// What is in it, as a number.
    pub(super) fn hash(&self) -> String {
        contents_hash(self.object)
    }
}

/// The label that notices changes which are told by a signal; `None` where none is.
pub(super) fn label(project: &Project, service: &Service) -> Option<String> {
    let told: Vec<(PathBuf, String)> = provided(project, service)
        .into_iter()
        .filter(|file| file.on_change().is_some())
        .map(|file| (file.target.clone(), file.hash()))
        .collect();
    (!told.is_empty()).then(|| hash(&told))
}

/// The step that writes changed contents into a container which stays, and tells its process.
pub(super) fn update(
    blueprint: &Blueprint<'_>,
    replica: &Replica<'_>,
) -> Result<Option<(Action, Reason)>, AttributeError> {
    let old = &replica.container.spec;
    let wanted = label(blueprint.project, blueprint.service);
    let is_same = replica.container.label(compose_label::CONTENTS_HASH) == wanted.as_deref();
    let is_current = replica.container.label(compose_label::CONFIG_HASH) == Some(blueprint.config_hash);
    let (false, true, Some(wanted)) = (is_same, is_current, wanted) else { return Ok(None) };
    let new = blueprint.container(replica.number)?;
    let spec = with_contents(old, &new, wanted);
    let changes = changes(blueprint, old, &spec);
    let signals = signals(blueprint, &changes);
    let name = replica.container.name().clone();
    let action = Action::UpdateContents { name, spec: Box::new(spec), signals };
    Ok(Some((action, Reason::ContentsChanged { changes })))
}

/// The container as it is, with what the files have in them now.
fn with_contents(old: &ContainerSpec, new: &ContainerSpec, hash: String) -> ContainerSpec {
    let mut spec = old.clone();
    for mount in &mut spec.mounts {
        let is_it = |other: &&MountSpec| other.target == mount.target;
        if let (MountSource::Content { .. }, Some(now)) = (&mount.source, new.mounts.iter().find(is_it)) {
            mount.source = now.source.clone();
        }
    }
    spec.labels.insert(compose_label::CONTENTS_HASH.to_owned(), hash);
    spec
}

fn changes(blueprint: &Blueprint<'_>, old: &ContainerSpec, new: &ContainerSpec) -> Vec<Change> {
    let changes = container_changes(old, new, &blueprint.project.places, &blueprint.path());
    changes.into_iter().filter(|change| change.key.starts_with("volumes.")).collect()
}

/// Each signal once, by name.
fn signals(blueprint: &Blueprint<'_>, changes: &[Change]) -> Vec<String> {
    let files = provided(blueprint.project, blueprint.service);
    let is_changed = |file: &&Provided<'_>| {
        let key = format!("volumes.{}", file.target.display());
        changes.iter().any(|change| change.key == key)
    };
    let signals = files.iter().filter(is_changed).filter_map(Provided::on_change);
    signals.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}
