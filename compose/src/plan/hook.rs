//! Hooks as the engine runs them.

use super::existing::is_active;
use super::reason::Reason;
use super::step::{NodeId, Plan, container_label};
use crate::model::{Hook, Service};
use engine_spec::{Action, HookKind, HookSpec, Hooks, ObservedContainer, Status};
use std::time::Duration;

/// What is run in each container of a service.
pub(super) fn hooks(service: &Service) -> Hooks {
    Hooks {
        post_start: service.post_start.iter().map(hook_spec).collect(),
        pre_stop: service.pre_stop.iter().map(hook_spec).collect(),
    }
}

/// One command.
pub(super) fn hook_spec(hook: &Hook) -> HookSpec {
    HookSpec {
        command: hook.command.clone(),
        user: hook.user.clone(),
        privileged: hook.privileged,
        working_dir: hook.working_dir.as_ref().map(Into::into),
        environment: hook.environment.clone(),
    }
}

impl Plan {
    /// Stops a container that runs, after its `pre_stop` hooks; its record tells which those are.
    pub(super) fn stop_gently(
        &mut self,
        container: &ObservedContainer,
        timeout: Option<Duration>,
        after: &[NodeId],
        reason: &Reason,
    ) -> Vec<NodeId> {
        let mut after = after.to_vec();
        if matches!(container.status, Status::Running { .. }) {
            after = self.hooks(container, HookKind::PreStop, after);
        }
        if is_active(container) {
            after = vec![self.stop(container.name(), timeout, &after, reason)];
        }
        after
    }

    /// Starts a container, and runs its `post_start` hooks.
    pub(super) fn start_with_hooks(
        &mut self,
        container: &ObservedContainer,
        after: &[NodeId],
        reason: &Reason,
    ) -> Vec<NodeId> {
        let start = self.start(container.name(), after, reason);
        self.hooks(container, HookKind::PostStart, vec![start])
    }

    /// Runs the hooks of a turning point one after the other; returns what is then the last step.
    fn hooks(&mut self, container: &ObservedContainer, kind: HookKind, after: Vec<NodeId>) -> Vec<NodeId> {
        let hooks = match kind {
            HookKind::PostStart => &container.spec.hooks.post_start,
            HookKind::PreStop => &container.spec.hooks.pre_stop,
            // They have containers of their own.
            HookKind::PreStart => return after,
        };
        hooks.iter().fold(after, |after, hook| {
            let action =
                Action::RunHook { name: container.name().clone(), kind, hook: Box::new(hook.clone()) };
            vec![self.add(action, &after, &Reason::Hook { kind }, &container_label(container.name()))]
        })
    }
}
