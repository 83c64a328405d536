//! What goes: containers too many, orphans, networks to be made anew with their containers.

use super::Up;
use crate::plan::Recreate;
use crate::plan::existing::{is_active, is_hook, is_in, is_one_off, uses};
use crate::plan::reason::{Note, Reason};
use crate::plan::resource::{StaleNetwork, StaleVolume, network_label, volume_label};
use crate::plan::step::NodeId;
use engine_spec::{Action, Observed, ObservedContainer, ServiceName, compose_label};

impl Up<'_> {
    pub(super) fn remove(&mut self, container: &ObservedContainer, reason: &Reason, after: &[NodeId]) {
        if self.gone.contains_key(container.name()) {
            return;
        }
        let mut after = after.to_vec();
        if let Some(stop) = self.stopped.get(container.name()) {
            after.push(*stop);
        } else if is_active(container) {
            after = vec![self.plan.stop(container.name(), self.options.timeout, &after, reason)];
        }
        let remove = self.plan.remove(container.name(), false, &after, reason);
        self.freed.insert(container.name().clone(), remove);
    }

    /// Networks that differ from their definition: their containers go first, and are made anew in the new one.
    /// A network with a container that this command does not touch is kept.
    pub(super) fn dissolve_stale_networks(&mut self, observed: &Observed) {
        for StaleNetwork { spec, changes } in std::mem::take(&mut self.resources.stale) {
            let attached: Vec<_> =
                observed.containers.iter().filter(|container| is_in(container, &spec.name)).collect();
            if !attached.iter().all(|container| self.is_ours(container)) {
                self.plan.notes.push(Note::NetworkKept { network: spec.name });
                continue;
            }
            let reason = Reason::NetworkChanged { network: spec.name.clone(), changes };
            let removals: Vec<_> =
                attached.iter().map(|container| self.dissolve(container, &reason)).collect();
            let action = Action::RemoveNetwork { name: spec.name.clone() };
            let remove = self.plan.add(action, &removals, &reason, &network_label(&spec.name));
            self.stale.networks.insert(spec.name.clone(), reason.clone());
            self.resources.create_network(spec, &[remove], &reason, &mut self.plan);
        }
    }

    /// Volumes that differ from their definition are made anew where that is asked for, after the containers
    /// that use them; their data is lost. Else they are kept.
    pub(super) fn dissolve_stale_volumes(&mut self, observed: &Observed) {
        for StaleVolume { spec, changes } in std::mem::take(&mut self.resources.stale_volumes) {
            let users: Vec<_> =
                observed.containers.iter().filter(|container| uses(container, &spec.name)).collect();
            if !self.options.recreate_volumes || !users.iter().all(|container| self.is_ours(container)) {
                self.plan.notes.push(Note::VolumeKept { volume: spec.name, changes });
                continue;
            }
            let reason = Reason::VolumeChanged { volume: spec.name.clone(), changes };
            let removals: Vec<_> = users.iter().map(|container| self.dissolve(container, &reason)).collect();
            let action = Action::RemoveVolume { name: spec.name.clone() };
            let remove = self.plan.add(action, &removals, &reason, &volume_label(&spec.name));
            self.stale.volumes.insert(spec.name.clone(), reason.clone());
            self.resources.create_volume(spec, &[remove], &reason, &mut self.plan);
        }
    }

    fn is_ours(&self, container: &ObservedContainer) -> bool {
        let service = container.label(compose_label::SERVICE).unwrap_or("");
        if self.options.remove_orphans && self.is_orphan(container) {
            return true;
        }
        container.is_of(&self.project.name)
            && self.selection.contains(service)
            && ServiceName::new(service).is_ok_and(|name| self.policy(&name) != Recreate::Never)
    }

    fn dissolve(&mut self, container: &ObservedContainer, reason: &Reason) -> NodeId {
        if let Some(removed) = self.gone.get(container.name()) {
            return *removed;
        }
        let mut after = Vec::new();
        if is_active(container) {
            after.push(self.plan.stop(container.name(), self.options.timeout, &[], reason));
        }
        let removed = self.plan.remove(container.name(), false, &after, reason);
        self.gone.insert(container.name().clone(), removed);
        removed
    }

    fn is_orphan(&self, container: &ObservedContainer) -> bool {
        let service = container.label(compose_label::SERVICE).unwrap_or("");
        container.is_of(&self.project.name)
            && !is_hook(container)
            && if is_one_off(container) {
                !is_active(container)
            } else {
                self.project.service(service).is_none()
            }
    }

    /// Containers of the project that no service owns; those of `run` count once they have ended.
    pub(super) fn orphans(&mut self, observed: &Observed) {
        let orphans: Vec<_> =
            observed.containers.iter().filter(|container| self.is_orphan(container)).collect();
        if self.options.remove_orphans {
            for orphan in orphans {
                self.remove(orphan, &Reason::Orphan, &[]);
            }
        } else if !orphans.is_empty() && !self.options.ignore_orphans {
            let containers = orphans.iter().map(|orphan| orphan.name().clone()).collect();
            self.plan.notes.push(Note::Orphans { containers });
        }
    }
}
