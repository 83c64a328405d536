//! One container: kept, put in the place of an old one, or made anew.

use super::{Planned, Up};
use crate::model::{Key, Service};
use crate::plan::attribute::AttributeError;
use crate::plan::container::Blueprint;
use crate::plan::existing::is_active;
use crate::plan::reason::{Note, Reason};
use crate::plan::replica::Replica;
use crate::plan::step::{NodeId, container_label};
use engine_spec::{Action, ContainerName, ContainerSpec, Health, Status, compose_label};

impl Up<'_> {
    /// A container that stays: renamed if a replacement was interrupted before that, started if it does not run.
    pub(super) fn keep(
        &mut self,
        replica: &Replica<'_>,
        restarted: Option<&Reason>,
        gates: &[NodeId],
    ) -> Planned {
        let (container, name) = (replica.container, &replica.name);
        let mut after = gates.to_vec();
        if container.name() != name {
            let action = Action::RenameContainer { from: container.name().clone(), to: name.clone() };
            after.push(self.plan.add(action, &[], &Reason::Interrupted, &container_label(name)));
        }
        let start = match (restarted, is_active(container)) {
            _ if self.options.no_start => None,
            (Some(reason), true) => {
                let stop = self.plan.stop(name, self.options.timeout, &after, reason);
                Some(self.plan.start(name, &[stop], reason))
            }
            (_, false) => Some(self.plan.start(name, &after, &Reason::NotRunning)),
            (None, true) => {
                self.plan.notes.push(Note::Unchanged { container: name.clone() });
                None
            }
        };
        let is_healthy = matches!(container.status, Status::Running { health: Some(Health::Healthy), .. });
        Planned { name: name.clone(), is_healthy: is_healthy && start.is_none(), start }
    }

    /// Makes the new container beside the old one, then changes them over.
    pub(super) fn replace(
        &mut self,
        blueprint: &Blueprint<'_>,
        replica: &Replica<'_>,
        reason: &Reason,
        gates: &[NodeId],
    ) -> Result<Planned, AttributeError> {
        let mut spec = blueprint.container(replica.number)?;
        let (old, name) = (replica.container, spec.name.clone());
        let label = container_label(&name);
        let mut resources = self.resource_steps(blueprint.service, &spec);
        if let Some(removed) = self.gone.get(old.name()) {
            resources.push(*removed);
            let create = self.plan.add(create_action(spec, None), &resources, reason, &label);
            return Ok(self.started(name, create, gates, reason));
        }
        let temporary = ContainerName::new(format!("{}_{name}", old.id.short()));
        spec.name = temporary.expect("hex digits before a container name make a container name");
        let replaces = format!("{}-{}", blueprint.name, replica.number);
        spec.labels.insert(compose_label::REPLACE.to_owned(), replaces);
        let from = spec.name.clone();
        let inherit = (!self.options.renew_volumes).then(|| old.name().clone());
        let create = self.plan.add(create_action(spec, inherit), &resources, reason, &label);
        // The old container serves until everything that the new one needs is there.
        let mut last = [&[create], gates].concat();
        if is_active(old) {
            let stop = Action::StopContainer { name: old.name().clone(), timeout: self.options.timeout };
            last = vec![self.plan.add(stop, &last, reason, &label)];
        }
        let remove = Action::RemoveContainer { name: old.name().clone(), volumes: false };
        let remove = self.plan.add(remove, &last, reason, &label);
        let rename = Action::RenameContainer { from, to: name.clone() };
        let rename = self.plan.add(rename, &[remove], reason, &label);
        Ok(self.started(name, rename, gates, reason))
    }

    pub(super) fn started(
        &mut self,
        name: ContainerName,
        made: NodeId,
        gates: &[NodeId],
        reason: &Reason,
    ) -> Planned {
        self.made.insert(name.clone(), made);
        let start =
            (!self.options.no_start).then(|| self.plan.start(&name, &[&[made], gates].concat(), reason));
        Planned { name, start, is_healthy: false }
    }

    /// The steps that make the networks and volumes a container uses, and the containers whose volumes it
    /// shares.
    pub(super) fn resource_steps(&self, service: &Service, spec: &ContainerSpec) -> Vec<NodeId> {
        let real_network = |key: &Key| Some(self.project.networks.get(key)?.name.as_str());
        let networks = service.networks.keys().filter_map(real_network);
        let networks = networks.filter_map(|name| self.resources.networks.get(name));
        let real_volume = |key: &str| Some(self.project.volumes.get(key)?.name.as_str());
        let volumes = service.volume_keys().into_iter().filter_map(real_volume);
        let volumes = volumes.filter_map(|name| self.resources.volumes.get(name));
        let sources = spec.volumes_from.iter().filter_map(|from| self.made.get(&from.container));
        networks.chain(volumes).chain(sources).copied().collect()
    }
}

/// The step that makes a container, with the anonymous volumes of another if there is one.
pub(super) fn create_action(spec: ContainerSpec, inherit: Option<ContainerName>) -> Action {
    Action::CreateContainer { spec: Box::new(spec), inherit }
}
