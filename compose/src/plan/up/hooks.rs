//! Hooks: commands in a container that has started, and containers that run before the first one does.

use super::Up;
use super::changeover::create_action;
use crate::model::{Hook, Service};
use crate::plan::container::Blueprint;
use crate::plan::error::PlanError;
use crate::plan::hook::hook_spec;
use crate::plan::reason::Reason;
use crate::plan::step::{NodeId, container_label};
use engine_spec::{
    Action, Condition, ContainerName, ContainerSpec, HookKind, ImageReference, RestartPolicy, compose_label,
};

impl Up<'_> {
    /// Runs `post_start` one after the other; returns the last step, which is `start` if there is none.
    pub(super) fn post_start(
        &mut self,
        service: &Service,
        name: &ContainerName,
        label: &str,
        start: NodeId,
    ) -> NodeId {
        service.post_start.iter().fold(start, |last, hook| {
            let hook = Box::new(hook_spec(hook));
            let action = Action::RunHook { name: name.clone(), kind: HookKind::PostStart, hook };
            self.plan.add(action, &[last], &Reason::Hook { kind: HookKind::PostStart }, label)
        })
    }

    /// Runs the containers of `pre_start` one after the other, with the volumes of `replica`; returns
    /// the step after which they have done their work. One that failed stays, and goes before the next try.
    pub(super) fn pre_start(
        &mut self,
        blueprint: &Blueprint<'_>,
        replica: &ContainerName,
        after: &[NodeId],
    ) -> Result<Option<NodeId>, PlanError> {
        let mut last = None;
        for (index, hook) in blueprint.service.pre_start.iter().enumerate() {
            let spec = hook_container(blueprint, index, hook)?;
            let name = spec.name.clone();
            let label = container_label(&name);
            let reason = Reason::Hook { kind: HookKind::PreStart };
            let mut before: Vec<NodeId> = last.map_or_else(|| after.to_vec(), |last| vec![last]);
            if self.retained.contains(&name) {
                before.push(self.plan.remove(&name, false, &[], &Reason::Interrupted));
            }
            let create = self.plan.add(create_action(spec, Some(replica.clone())), &before, &reason, &label);
            let start = self.plan.start(&name, &[create], &reason);
            let condition = Condition::CompletedSuccessfully;
            let wait = Action::WaitContainer { name: name.clone(), condition, optional: false };
            let wait = self.plan.add(wait, &[start], &reason, &label);
            last = Some(self.plan.remove(&name, false, &[wait], &reason));
        }
        Ok(last)
    }
}

/// The container of a `pre_start` hook: one of the service's in every respect but what it runs.
fn hook_container(blueprint: &Blueprint<'_>, index: usize, hook: &Hook) -> Result<ContainerSpec, PlanError> {
    let fail = PlanError::of(blueprint.name);
    let mut service = blueprint.service.clone();
    service.entrypoint = Some(Vec::new());
    service.command = Some(hook.command.clone());
    service.environment.extend(hook.environment.clone());
    service.user = hook.user.clone().or(service.user);
    service.working_dir = hook.working_dir.clone().or(service.working_dir);
    service.privileged |= hook.privileged;
    let given = hook.image.as_deref().map(ImageReference::parse).transpose();
    let given = given.map_err(|error| fail(error.into()))?;
    let image_id = match &given {
        Some(image) => blueprint.images.get(image).ok_or_else(|| PlanError::ImageMissing {
            service: blueprint.name.clone(),
            image: image.to_string(),
        })?,
        None => blueprint.image_id,
    };
    let blueprint = Blueprint { service: &service, image_id, ..*blueprint };
    let mut spec = blueprint.container(1).map_err(&fail)?;
    let name = format!("{}-{}-pre_start-{index}", blueprint.project.name, blueprint.name);
    spec.name = ContainerName::new(name).map_err(|error| fail(error.into()))?;
    spec.image = given.unwrap_or(spec.image);
    spec.restart = RestartPolicy::No;
    spec.healthcheck = None;
    spec.ports.clear();
    spec.hooks = Default::default();
    spec.labels.remove(compose_label::CONTAINER_NUMBER);
    spec.labels.insert(compose_label::ONEOFF.to_owned(), "True".to_owned());
    spec.labels.insert(compose_label::HOOK.to_owned(), format!("{}[{index}]", HookKind::PreStart));
    Ok(spec)
}
