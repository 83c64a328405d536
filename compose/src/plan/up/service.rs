//! One service: which of its containers stay, which are made, which make way, and in which order.

use super::changeover::{Made, Pair};
use super::{Outcome, Planned, Up};
use crate::model::{NamespaceMode, Service, UpdateOrder};
use crate::plan::Recreate;
use crate::plan::container::Blueprint;
use crate::plan::contents;
use crate::plan::error::PlanError;
use crate::plan::existing::is_active;
use crate::plan::handover::is_set_aside;
use crate::plan::hash::config_hash;
use crate::plan::reason::Reason;
use crate::plan::replica::{Criteria, Replica, Replicas, sort};
use crate::plan::step::{NodeId, container_label};
use crate::plan::update::Update;
use engine_spec::{ObservedContainer, ServiceName, Status};

/// What a service shares with other services, and with which.
fn peers(service: &Service) -> impl Iterator<Item = (&'static str, &str)> {
    let namespaces = [
        ("network", service.network_mode.as_ref()),
        ("IPC namespace", service.ipc.as_ref()),
        ("PID namespace", service.pid.as_ref()),
        ("UTS namespace", service.uts.as_ref()),
    ];
    let namespaces = namespaces.into_iter().filter_map(|(shared, mode)| match mode? {
        NamespaceMode::Service(peer) => Some((shared, peer.as_str())),
        NamespaceMode::Container(_) | NamespaceMode::Word(_) => None,
    });
    let volumes = service.volumes_from.iter().filter_map(|text| text.split(':').next());
    let volumes = volumes.filter(|peer| *peer != "container").map(|peer| ("volumes", peer));
    namespaces.chain(volumes)
}

impl<'a> Up<'a> {
    pub(super) fn service(&mut self, name: &ServiceName) -> Result<(), PlanError> {
        let Some((name, service)) = self.project.service_entry(name.as_str()) else { return Ok(()) };
        if service.provider.is_some() {
            return Ok(());
        }
        self.check_peers(name, service)?;
        let image_id = self.images.get(name).ok_or_else(|| PlanError::ImageMissing {
            service: name.clone(),
            image: self.project.image_name(name, service),
        })?;
        let config_hash = config_hash(self.project, service);
        let first = std::mem::take(&mut self.first);
        let blueprint = Blueprint {
            project: self.project,
            name,
            service,
            image_id,
            images: self.local,
            config_hash: &config_hash,
            first: &first,
        };
        let wanted = self.options.scale.get(name).copied().unwrap_or_else(|| service.replicas());
        let criteria = Criteria {
            policy: self.policy(name),
            wanted,
            common: self.recreated_parent(service),
            stale: &self.stale,
        };
        let existing = self.existing.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        let replicas = sort(&blueprint, existing, &criteria).map_err(PlanError::of(name))?;
        let outcome = self.replicas(&blueprint, replicas, &Update::of(service, wanted))?;
        self.first = first;
        if let Some(planned) = outcome.containers.first() {
            self.first.insert(name.as_str(), planned.name.clone());
        }
        self.outcomes.insert(name.as_str(), outcome);
        Ok(())
    }

    pub(super) fn policy(&self, name: &ServiceName) -> Recreate {
        if !self.selection.is_named(name.as_str()) {
            return self.options.recreate_dependencies;
        }
        if self.options.renew_volumes { Recreate::Always } else { self.options.recreate }
    }

    /// Nothing can be shared with a service that has no container and gets none, as with `--no-deps`.
    fn check_peers(&self, name: &ServiceName, service: &Service) -> Result<(), PlanError> {
        let is_missing = |peer: &str| !self.selection.contains(peer) && !self.existing.contains_key(peer);
        match peers(service).find(|(_, peer)| is_missing(peer)) {
            Some((shared, peer)) => {
                Err(PlanError::PeerMissing { service: name.clone(), peer: peer.to_owned(), shared })
            }
            None => Ok(()),
        }
    }

    /// A service whose namespaces or volumes it shares, and which is made anew.
    fn recreated_parent(&self, service: &Service) -> Option<Reason> {
        let is_recreated =
            |parent: &str| self.outcomes.get(parent).is_some_and(|outcome| outcome.is_recreated);
        let (_, parent) = peers(service).find(|(_, parent)| is_recreated(parent))?;
        Some(Reason::ParentRecreated { service: ServiceName::new(parent).ok()? })
    }

    fn replicas(
        &mut self,
        blueprint: &Blueprint<'_>,
        replicas: Replicas<'a>,
        update: &Update,
    ) -> Result<Outcome, PlanError> {
        let fail = PlanError::of(blueprint.name);
        let is_recreated = !replicas.replaced.is_empty();
        let mut outcome = Outcome { containers: Vec::new(), is_recreated };
        // What a handover left may still serve until its successor does.
        let may_serve = |(container, reason): &(&ObservedContainer, Reason)| {
            *reason == Reason::Interrupted && is_set_aside(container.name())
        };
        let (set_aside, surplus): (Vec<_>, Vec<_>) = replicas.removed.into_iter().partition(may_serve);
        for (container, reason) in surplus {
            self.remove(container, &reason, &[]);
        }
        let restarted = self.restarted_dependency(blueprint.service);
        let is_kept_running = |replica: &Replica<'_>| {
            is_active(replica.container)
                && restarted.is_none()
                && !self.stopped.contains_key(replica.container.name())
        };
        let all_kept_run = replicas.kept.iter().all(is_kept_running);
        let any_kept_runs = replicas.kept.iter().any(is_kept_running);
        let starts_nothing = all_kept_run && !is_recreated && replicas.created.is_empty();
        let gates = if starts_nothing || self.options.no_start { Vec::new() } else { self.gates(blueprint) };

        let mut made = Vec::new();
        for replica in &replicas.kept {
            let update = contents::update(blueprint, replica).map_err(&fail)?;
            match self.keep(replica, restarted.as_ref(), update) {
                Ok(planned) => outcome.containers.push(planned),
                Err(idle) => made.push(idle),
            }
        }
        for (number, reason) in &replicas.created {
            made.push(self.create(blueprint, *number, reason).map_err(&fail)?);
        }
        let mut turn =
            Turn { blueprint, update, gates, follows: Vec::new(), needs_pre_start: !any_kept_runs };
        self.start_all(&mut turn, &made, &mut outcome)?;
        let mut groups = update.groups(&replicas.replaced).peekable();
        while let Some(group) = groups.next() {
            let ends = self.replace(&mut turn, group, &mut outcome)?;
            if groups.peek().is_some() {
                turn.follows = self.plan.pause(update, blueprint.name, ends);
            }
        }
        for (container, reason) in set_aside {
            let after: Vec<_> = outcome.containers.iter().filter_map(|planned| planned.start).collect();
            self.remove(container, &reason, &after);
        }
        Ok(outcome)
    }

    /// Starts containers that are there under their names.
    fn start_all(
        &mut self,
        turn: &mut Turn<'_>,
        made: &[Made],
        outcome: &mut Outcome,
    ) -> Result<Vec<NodeId>, PlanError> {
        if let Some(first) = made.first() {
            self.prepare(turn, first)?;
        }
        let started = made.iter().map(|made| self.start(turn.blueprint.service, made, &turn.gates));
        let started: Vec<Planned> = started.collect();
        let starts = started.iter().filter_map(|planned| planned.start).collect();
        outcome.containers.extend(started);
        Ok(starts)
    }

    /// Runs `pre_start` once, before the first container starts and only if none of the service runs.
    fn prepare(&mut self, turn: &mut Turn<'_>, first: &Made) -> Result<(), PlanError> {
        if std::mem::take(&mut turn.needs_pre_start) && !self.options.no_start {
            let after = [first.after.as_slice(), &turn.gates].concat();
            turn.gates.extend(self.pre_start(turn.blueprint, &first.name, &after)?);
        }
        Ok(())
    }

    /// Replaces one group of containers, after the group before it; returns the last steps.
    fn replace(
        &mut self,
        turn: &mut Turn<'_>,
        group: &[(Replica<'a>, Reason)],
        outcome: &mut Outcome,
    ) -> Result<Vec<NodeId>, PlanError> {
        let fail = PlanError::of(turn.blueprint.name);
        let (mut pairs, mut made) = (Vec::new(), Vec::new());
        for (replica, reason) in group {
            match self.create_beside(turn, replica, reason).map_err(&fail)? {
                Ok(pair) => pairs.push(pair),
                Err(alone) => made.push(alone),
            }
        }
        let (standby, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|pair| pair.is_standby);
        if !others.is_empty() {
            self.stop_dependents(turn.blueprint.name);
        }
        let gates = [self.stops_for(turn.blueprint.name), turn.gates.clone()].concat();
        made.extend(others.iter().map(|pair| self.stop_first(pair, &gates)));
        let mut ends = self.start_all(turn, &made, outcome)?;
        if turn.update.is_rolling && !self.options.no_start {
            ends = made.iter().zip(ends).map(|(made, start)| self.watch(made, turn.update, start)).collect();
        }
        for pair in &standby {
            ends.push(self.take_over(turn, pair, outcome)?);
        }
        self.bear_failures(turn, group);
        Ok(ends)
    }

    fn take_over(
        &mut self,
        turn: &mut Turn<'_>,
        pair: &Pair<'_, '_>,
        outcome: &mut Outcome,
    ) -> Result<NodeId, PlanError> {
        let beside =
            Made { name: pair.temporary.clone(), after: vec![pair.create], reason: pair.reason.clone() };
        self.prepare(turn, &beside)?;
        let (planned, end) = self.start_first(turn.blueprint, pair, turn.update, &turn.gates);
        outcome.containers.push(planned);
        Ok(end)
    }

    /// Whether the new container starts while the old one serves.
    pub(super) fn starts_first(&self, update: &Update, old: &ObservedContainer) -> bool {
        update.order == UpdateOrder::StartFirst
            && !self.options.no_start
            && matches!(old.status, Status::Running { .. })
            && !self.stopped.contains_key(old.name())
    }

    /// Waits until a replaced container has come far enough for the next group.
    fn watch(&mut self, made: &Made, update: &Update, start: NodeId) -> NodeId {
        self.plan.watch(update, &made.name, &made.reason, start)
    }

    /// Notes how many replacements may fail.
    fn bear_failures(&mut self, turn: &Turn<'_>, group: &[(Replica<'a>, Reason)]) {
        let labels: Vec<_> = group.iter().map(|(replica, _)| container_label(&replica.name)).collect();
        self.plan.bear_failures(turn.update, turn.blueprint.name, &labels);
    }
}

/// How far the containers of a service have been planned.
pub(super) struct Turn<'t> {
    pub(super) blueprint: &'t Blueprint<'t>,
    pub(super) update: &'t Update,
    /// What must have happened before one starts.
    gates: Vec<NodeId>,
    /// What must be over before the next group is replaced.
    pub(super) follows: Vec<NodeId>,
    needs_pre_start: bool,
}
