//! One container: kept, made anew, or put in the place of an old one.
//!
//! ```text
//! stop-first   create beside ── stop old ── remove old ── rename ── start
//! start-first  create beside ── start in standby ── wait ── rename both ── activate ── drain, stop, remove old
//! ```
//! Up to the step from which on only the new container is there, each step says how it is taken back.

use super::service::Turn;
use super::{Planned, Up};
use crate::model::{Key, Service};
use crate::plan::attribute::AttributeError;
use crate::plan::container::Blueprint;
use crate::plan::existing::{is_active, is_healthy};
use crate::plan::handover::{Handover, beside};
use crate::plan::reason::{Note, Reason};
use crate::plan::replica::Replica;
use crate::plan::step::{NodeId, container_label};
use crate::plan::update::Update;
use engine_spec::{Action, ContainerName, ContainerSpec, compose_label};

/// A container that is there, or will be after a step, and may have to be started.
pub(super) struct Made {
    pub(super) name: ContainerName,
    /// The step after which it is there under its name.
    pub(super) after: Vec<NodeId>,
    pub(super) reason: Reason,
}

/// An old container and the new one beside it.
pub(super) struct Pair<'r, 'a> {
    pub(super) replica: &'r Replica<'a>,
    pub(super) reason: &'r Reason,
    /// The name of the new one until it has its own.
    pub(super) temporary: ContainerName,
    pub(super) create: NodeId,
    /// Whether the new one starts while the old one serves.
    pub(super) is_standby: bool,
}

impl<'a> Up<'a> {
    /// A container that stays: renamed if a replacement was interrupted before that, started if it
    /// does not run, stopped first if a dependency is made anew.
    pub(super) fn keep(
        &mut self,
        replica: &Replica<'_>,
        restarted: Option<&Reason>,
        update: Option<(Action, Reason)>,
    ) -> Result<Planned, Made> {
        let (container, name) = (replica.container, &replica.name);
        let label = container_label(name);
        let mut after = Vec::new();
        let is_updated = update.is_some();
        if let Some((action, reason)) = update {
            after.push(self.plan.add(action, &[], &reason, &label));
        }
        if container.name() != name {
            let action = Action::RenameContainer { from: container.name().clone(), to: name.clone() };
            after = vec![self.plan.add(action, &after, &Reason::Interrupted, &label)];
        }
        if let Some(stop) = self.stopped.get(container.name()) {
            after.push(*stop);
            let reason = self.plan.nodes[stop.0].reason.clone();
            return Err(Made { name: name.clone(), after, reason });
        }
        match (restarted, is_active(container)) {
            _ if self.options.no_start => {}
            (Some(reason), true) => {
                let stop = self.plan.stop(name, self.options.timeout, &after, reason);
                return Err(Made { name: name.clone(), after: vec![stop], reason: reason.clone() });
            }
            (_, false) => return Err(Made { name: name.clone(), after, reason: Reason::NotRunning }),
            (None, true) if container.spec.standby => {
                let action = Action::ActivateContainer { name: name.clone() };
                let activate = self.plan.add(action, &after, &Reason::Interrupted, &label);
                return Ok(Planned {
                    name: name.clone(),
                    start: Some(activate),
                    is_healthy: is_healthy(container),
                });
            }
            (None, true) if is_updated => {}
            (None, true) => self.plan.notes.push(Note::Unchanged { container: name.clone() }),
        }
        Ok(Planned { name: name.clone(), is_healthy: is_healthy(container), start: None })
    }

    /// Makes a container that is missing.
    pub(super) fn create(
        &mut self,
        blueprint: &Blueprint<'_>,
        number: u32,
        reason: &Reason,
    ) -> Result<Made, AttributeError> {
        let spec = blueprint.container(number)?;
        let name = spec.name.clone();
        let after = self.resource_steps(blueprint.service, &spec);
        let create = self.plan.add(create_action(spec, None), &after, reason, &container_label(&name));
        self.made.insert(name.clone(), create);
        Ok(Made { name, after: vec![create], reason: reason.clone() })
    }

    /// Makes the new container beside the old one. An old one that went with its network is simply made anew.
    pub(super) fn create_beside<'r>(
        &mut self,
        turn: &Turn<'_>,
        replica: &'r Replica<'a>,
        reason: &'r Reason,
    ) -> Result<Result<Pair<'r, 'a>, Made>, AttributeError> {
        let blueprint = turn.blueprint;
        let is_standby = self.starts_first(turn.update, replica.container);
        let mut spec = blueprint.container(replica.number)?;
        let (old, name) = (replica.container, spec.name.clone());
        let mut after = self.resource_steps(blueprint.service, &spec);
        if let Some(removed) = self.gone.get(old.name()) {
            after.push(*removed);
            let create = self.plan.add(create_action(spec, None), &after, reason, &container_label(&name));
            self.made.insert(name.clone(), create);
            return Ok(Err(Made { name, after: vec![create], reason: reason.clone() }));
        }
        let temporary = beside(old.id.short(), &name);
        after.extend(self.freed.get(&temporary));
        spec.name = temporary.clone();
        spec.standby = is_standby;
        let replaces = format!("{}-{}", blueprint.name, replica.number);
        spec.labels.insert(compose_label::REPLACE.to_owned(), replaces);
        let inherit = (!self.options.renew_volumes).then(|| old.name().clone());
        let create = self.plan.add(create_action(spec, inherit), &after, reason, &container_label(&name));
        self.plan.nodes[create.0].follows.clone_from(&turn.follows);
        Ok(Ok(Pair { replica, reason, temporary, create, is_standby }))
    }

    /// Stops and removes the old container, which serves until everything that the new one needs is there.
    pub(super) fn stop_first(&mut self, pair: &Pair<'_, '_>, gates: &[NodeId]) -> Made {
        let Pair { replica, reason, temporary, create, .. } = pair;
        let (old, name) = (replica.container, &replica.name);
        let label = container_label(name);
        let mut after = [&[*create], gates].concat();
        let mut stop = self.stopped.get(old.name()).copied();
        after.extend(stop);
        if stop.is_none() && is_active(old) {
            let action = Action::StopContainer { name: old.name().clone(), timeout: self.options.timeout };
            stop = Some(self.plan.add(action, &after, reason, &label));
            after = stop.into_iter().collect();
        }
        let remove = Action::RemoveContainer { name: old.name().clone(), volumes: false };
        let remove = self.plan.add(remove, &after, reason, &label);
        let rename = Action::RenameContainer { from: temporary.clone(), to: name.clone() };
        let rename = self.plan.add(rename, &[remove], reason, &label);
        self.made.insert(name.clone(), rename);
        let unmake = Action::RemoveContainer { name: temporary.clone(), volumes: false };
        self.plan.undo(*create, unmake, remove);
        if let Some(stop) = stop {
            self.plan.undo(stop, Action::StartContainer { name: old.name().clone() }, remove);
        }
        Made { name: name.clone(), after: vec![rename], reason: (*reason).clone() }
    }

    /// Starts the new container in standby; once it is ready it takes names and ports over, and the
    /// old one ends its connections, stops and goes.
    pub(super) fn start_first(
        &mut self,
        blueprint: &Blueprint<'_>,
        pair: &Pair<'_, '_>,
        update: &Update,
        gates: &[NodeId],
    ) -> (Planned, NodeId) {
        let Pair { replica, reason, temporary, create, .. } = pair;
        let (old, name) = (replica.container, &replica.name);
        let label = container_label(name);
        let ready = self.start_beside(blueprint, pair, update, gates);
        let handover = Handover {
            name,
            temporary,
            old_id: old.id.short(),
            reason,
            label: &label,
            timeout: self.options.timeout,
        };
        let (activate, end) = self.plan.hand_over(&handover, *create, ready);
        self.made.insert(name.clone(), activate);
        (Planned { name: name.clone(), start: Some(activate), is_healthy: true }, end)
    }

    fn start_beside(
        &mut self,
        blueprint: &Blueprint<'_>,
        pair: &Pair<'_, '_>,
        update: &Update,
        gates: &[NodeId],
    ) -> NodeId {
        let label = container_label(&pair.replica.name);
        let start = Action::StartContainer { name: pair.temporary.clone() };
        let start = self.plan.add(start, &[&[pair.create], gates].concat(), pair.reason, &label);
        let started = self.post_start(blueprint.service, &pair.temporary, &label, start);
        self.plan.watch(update, &pair.temporary, pair.reason, started)
    }

    /// Starts what is there under its name, behind `gates`, with its hooks.
    pub(super) fn start(&mut self, service: &Service, made: &Made, gates: &[NodeId]) -> Planned {
        let Made { name, after, reason } = made;
        let start = (!self.options.no_start).then(|| {
            let start = self.plan.start(name, &[after.as_slice(), gates].concat(), reason);
            self.taken_back_until(after, name, start);
            self.post_start(service, name, &container_label(name), start)
        });
        Planned { name: name.clone(), start, is_healthy: false }
    }

    /// A container that was stopped for the sake of a dependency runs again if it comes to nothing.
    fn taken_back_until(&mut self, stops: &[NodeId], name: &ContainerName, start: NodeId) {
        for stop in stops {
            let node = &self.plan.nodes[stop.0];
            if matches!(node.action, Action::StopContainer { .. }) && node.undo.is_none() {
                self.plan.undo(*stop, Action::StartContainer { name: name.clone() }, start);
            }
        }
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
