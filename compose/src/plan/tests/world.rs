//! A world of records: what a plan would leave behind.

use crate::graph::Selection;
use crate::model::Project;
use crate::plan::existing::is_in;
use crate::plan::{NodeId, Plan, UpOptions};
use crate::sample::project;
use engine_spec::{
    Action, ContainerId, ContainerSpec, Digest, Health, NetworkMode, Observed, ObservedContainer,
    ObservedNetwork, ObservedVolume, ServiceName, Status,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

pub(super) fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

pub(super) fn images(project: &Project) -> BTreeMap<ServiceName, Digest> {
    project.all_services().map(|(name, _)| (name.clone(), digest(1))).collect()
}

pub(super) fn plan_up(text: &str, world: &Observed, options: &UpOptions) -> Plan {
    let project = project(text);
    crate::plan::up(&project, &Selection::all(&project), world, options, &images(&project)).unwrap()
}

/// Does to records what the engine does to containers.
pub(super) fn perform(plan: &Plan, world: &mut Observed) {
    plan.nodes.iter().for_each(|node| act(&node.action, world));
}

/// Goes some steps in any order that a plan allows, then takes back what stands half done.
pub(super) fn perform_until(
    plan: &Plan,
    world: &mut Observed,
    count: usize,
    choose: &mut dyn FnMut(usize) -> usize,
) {
    let mut done: BTreeSet<usize> = BTreeSet::new();
    for _ in 0..count {
        let is_free = |id: &NodeId| done.contains(&id.0);
        let ready: Vec<usize> = (0..plan.nodes.len())
            .filter(|place| !done.contains(place))
            .filter(|place| {
                let node = &plan.nodes[*place];
                node.depends_on.iter().all(is_free) && node.follows.iter().all(is_free)
            })
            .collect();
        if ready.is_empty() {
            break;
        }
        let place = ready[choose(ready.len())];
        act(&plan.nodes[place].action, world);
        done.insert(place);
    }
    for place in done.iter().rev() {
        if let Some(undo) = plan.nodes[*place].undo.as_ref().filter(|undo| !done.contains(&undo.until.0)) {
            act(&undo.action, world);
        }
    }
}

/// One action, as strict as the engine is about what must be there before.
fn act(action: &Action, world: &mut Observed) {
    match action.clone() {
        Action::CreateNetwork(spec) => {
            assert!(
                world.networks.iter().all(|network| network.spec.name != spec.name),
                "twice {}",
                spec.name
            );
            let created_at = SystemTime::UNIX_EPOCH;
            world.networks.push(ObservedNetwork { spec: *spec, id: id(1), created_at });
        }
        Action::RemoveNetwork { name } => {
            assert!(!world.containers.iter().any(|found| is_in(found, &name)), "{name} is in use");
            world.networks.retain(|network| network.spec.name != name);
        }
        Action::CreateVolume(spec) => {
            let created_at = SystemTime::UNIX_EPOCH;
            world.volumes.push(ObservedVolume { spec: *spec, anonymous: false, created_at });
        }
        Action::RemoveVolume { name } => world.volumes.retain(|volume| volume.spec.name != name),
        Action::CreateContainer { spec, .. } => create(*spec, world),
        Action::StartContainer { name } => find(world, name.as_str()).status = running(),
        Action::StopContainer { name, .. } => find(world, name.as_str()).status = exited(),
        Action::RemoveContainer { name, .. } => world.containers.retain(|one| *one.name() != name),
        Action::RenameContainer { from, to } => {
            assert!(world.containers.iter().all(|one| *one.name() != to), "{to} is taken");
            find(world, from.as_str()).spec.name = to;
        }
        Action::ActivateContainer { name } => find(world, name.as_str()).spec.standby = false,
        Action::DrainContainer { name, .. } => find(world, name.as_str()).spec.standby = true,
        Action::UpdateContents { name, spec, .. } => find(world, name.as_str()).spec = *spec,
        Action::WaitContainer { name, .. } | Action::RunHook { name, .. } => {
            assert_ne!(find(world, name.as_str()).status, Status::Created, "{name} was not started");
        }
        Action::Delay { .. } => {}
    }
}

fn create(spec: ContainerSpec, world: &mut Observed) {
    assert!(world.containers.iter().all(|one| *one.name() != spec.name), "{} is taken", spec.name);
    if let NetworkMode::Networks { endpoints } = &spec.network {
        for endpoint in endpoints {
            let is_there = world.networks.iter().any(|network| network.spec.name == endpoint.network);
            assert!(is_there, "{} has no network {}", spec.name, endpoint.network);
        }
    }
    let free =
        (0xab..=0xff).chain(0..0xab).find(|byte| world.containers.iter().all(|one| one.id != id(*byte)));
    world.containers.push(ObservedContainer { id: id(free.unwrap()), ..container(spec) });
}

pub(super) fn id(byte: u8) -> ContainerId {
    ContainerId::from_random([byte; 32])
}

pub(super) fn container(spec: ContainerSpec) -> ObservedContainer {
    ObservedContainer {
        id: id(0xab),
        spec,
        status: Status::Created,
        created_at: SystemTime::UNIX_EPOCH,
        endpoints: Vec::new(),
        ports: Vec::new(),
        volumes: BTreeMap::new(),
    }
}

pub(super) fn find<'a>(world: &'a mut Observed, name: &str) -> &'a mut ObservedContainer {
    let found = world.containers.iter_mut().find(|container| container.name().as_str() == name);
    found.unwrap_or_else(|| panic!("there is no container {name}"))
}

pub(super) fn running() -> Status {
    Status::Running { pid: 1, started_at: SystemTime::UNIX_EPOCH, health: Some(Health::Healthy), restarts: 0 }
}

pub(super) fn exited() -> Status {
    Status::Exited {
        exit_code: Some(0),
        signal: None,
        started_at: None,
        finished_at: SystemTime::UNIX_EPOCH,
        oom_killed: false,
        stopped_by_user: true,
        error: None,
    }
}
