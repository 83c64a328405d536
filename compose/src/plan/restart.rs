//! When and how a service's containers are started again.

use super::attribute::AttributeError;
use crate::model::{RestartCondition, RestartRule, Service};
use engine_spec::{RestartPace, RestartPolicy};

/// What becomes of a container whose probes fail: `restart`, or nothing.
pub(super) const ON_UNHEALTHY: &str = "x-lighter-on-unhealthy";

/// `deploy.restart_policy` wins over `restart`.
pub(super) fn policy(service: &Service) -> RestartPolicy {
    if let Some(rule) = rule(service) {
        return match rule.condition {
            Some(RestartCondition::None) => RestartPolicy::No,
            Some(RestartCondition::OnFailure) => RestartPolicy::OnFailure { max_attempts: rule.max_attempts },
            Some(RestartCondition::Any) | None => RestartPolicy::Always,
        };
    }
    match service.restart.as_deref().unwrap_or("no") {
        "always" => RestartPolicy::Always,
        "unless-stopped" => RestartPolicy::UnlessStopped,
        text => match text.strip_prefix("on-failure") {
            Some(count) => RestartPolicy::OnFailure {
                max_attempts: count.strip_prefix(':').and_then(|count| count.parse().ok()),
            },
            None => RestartPolicy::No,
        },
    }
}

/// Only `deploy.restart_policy` has a pace. For `on-failure` the policy itself holds the attempts.
pub(super) fn pace(service: &Service) -> RestartPace {
    let Some(rule) = rule(service) else { return RestartPace::default() };
    let is_on_failure = rule.condition == Some(RestartCondition::OnFailure);
    RestartPace {
        delay: rule.delay.map(|delay| delay.0),
        max_attempts: rule.max_attempts.filter(|_| !is_on_failure),
        window: rule.window.map(|window| window.0).filter(|window| !window.is_zero()),
    }
}

fn rule(service: &Service) -> Option<&RestartRule> {
    service.deploy.as_ref()?.restart_policy.as_ref()
}

/// Whether a container is started again when it turns unhealthy.
pub(super) fn when_unhealthy(service: &Service) -> Result<bool, AttributeError> {
    match service.rest.get(ON_UNHEALTHY).map(|value| value.as_str()) {
        None | Some(Some("none")) => Ok(false),
        Some(Some("restart")) => Ok(true),
        Some(other) => Err(AttributeError::Value {
            attribute: ON_UNHEALTHY,
            value: other.unwrap_or("a value that is no word").to_owned(),
            expected: "restart or none",
        }),
    }
}
