//! Hooks as the engine runs them.

use crate::model::{Hook, Service};
use engine_spec::{HookSpec, Hooks};

/// What is run in each container of a service.
pub(super) fn hooks(service: &Service) -> Hooks {
    Hooks {
        post_start: service.post_start.iter().map(hook).collect(),
        pre_stop: service.pre_stop.iter().map(hook).collect(),
    }
}

fn hook(hook: &Hook) -> HookSpec {
    HookSpec {
        command: hook.command.clone(),
        user: hook.user.clone(),
        privileged: hook.privileged,
        working_dir: hook.working_dir.as_ref().map(Into::into),
        environment: hook.environment.clone(),
    }
}
