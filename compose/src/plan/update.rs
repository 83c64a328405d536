//! How a service's containers are replaced: which first, how many at a time, what a failure means
//! (`deploy.update_config`).

use super::reason::Reason;
use super::step::{NodeId, Plan, Tolerance};
use crate::model::{FailureAction, Service, UpdateConfig, UpdateOrder};
use engine_spec::{Action, Condition, ContainerName, ServiceName};
use std::time::Duration;

/// The settings of one service. Without a section all containers are replaced at once, the old
/// one stopping first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Update {
    pub(super) order: UpdateOrder,
    /// How many containers at a time.
    parallelism: usize,
    /// Time between two groups.
    pub(super) delay: Option<Duration>,
    /// How long a new container is watched.
    pub(super) monitor: Option<Duration>,
    /// How many failures are borne; `None` if none is.
    pub(super) borne_failures: Option<u32>,
    /// Whether a group is waited for before the next one goes.
    pub(super) is_rolling: bool,
}

impl Update {
    /// For the way back of a service's update, which is all at once and starts the old ones first, for
    /// no request to fail, unless `deploy.rollback_config` says otherwise.
    pub(super) fn back(service: &Service, replicas: u32) -> Self {
        let config = service.deploy.as_ref().and_then(|deploy| deploy.rollback_config.clone());
        let standard = UpdateConfig { parallelism: Some(0), ..UpdateConfig::default() };
        let mut config = config.unwrap_or(standard);
        config.order = config.order.or(Some(UpdateOrder::StartFirst));
        Self::from(&config, service, replicas)
    }

    /// For a service of which `replicas` are wanted.
    pub(super) fn of(service: &Service, replicas: u32) -> Self {
        match service.deploy.as_ref().and_then(|deploy| deploy.update_config.as_ref()) {
            Some(config) => Self::from(config, service, replicas),
            None => Self {
                order: UpdateOrder::StopFirst,
                parallelism: usize::MAX,
                delay: None,
                monitor: None,
                borne_failures: None,
                is_rolling: false,
            },
        }
    }

    fn from(config: &UpdateConfig, service: &Service, replicas: u32) -> Self {
        let given = config.order.unwrap_or_default();
        Self {
            order: if has_fixed_address(service) { UpdateOrder::StopFirst } else { given },
            // One by one unless told otherwise, as Docker does.
            parallelism: match config.parallelism {
                Some(0) => usize::MAX,
                Some(count) => usize::try_from(count).unwrap_or(usize::MAX),
                None => 1,
            },
            delay: config.delay.map(|delay| delay.0).filter(|delay| !delay.is_zero()),
            monitor: config.monitor.map(|monitor| monitor.0).filter(|monitor| !monitor.is_zero()),
            borne_failures: borne_failures(config, replicas),
            is_rolling: true,
        }
    }

    /// Containers in the groups in which they are replaced.
    pub(super) fn groups<'r, T>(&self, replaced: &'r [T]) -> impl Iterator<Item = &'r [T]> + use<'r, T> {
        replaced.chunks(self.parallelism.min(replaced.len().max(1)))
    }
}

impl Plan {
    /// Waits until a replaced container has come far enough for the next group.
    pub(super) fn watch(
        &mut self,
        update: &Update,
        name: &ContainerName,
        reason: &Reason,
        start: NodeId,
    ) -> NodeId {
        let label = self.nodes[start.0].label.clone();
        let conditions =
            std::iter::once(Condition::RunningOrHealthy).chain(update.monitor.map(Condition::Steady));
        conditions.fold(start, |last, condition| {
            let action = Action::WaitContainer { name: name.clone(), condition, optional: false };
            self.add(action, &[last], reason, &label)
        })
    }

    /// What the next group follows: the end of this one, and some time.
    pub(super) fn pause(&mut self, update: &Update, service: &ServiceName, ends: Vec<NodeId>) -> Vec<NodeId> {
        if !update.is_rolling {
            return Vec::new();
        }
        let Some(duration) = update.delay else { return ends };
        let label = format!("Service {service}");
        let delay = self.add(Action::Delay { duration }, &[], &Reason::Requested, &label);
        self.nodes[delay.0].follows = ends;
        vec![delay]
    }

    /// Notes at the steps of some labels how many replacements of their service may fail.
    pub(super) fn bear_failures(&mut self, update: &Update, service: &ServiceName, labels: &[String]) {
        let Some(failures) = update.borne_failures else { return };
        for node in self.nodes.iter_mut().filter(|node| labels.contains(&node.label)) {
            node.tolerance = Some(Tolerance { service: service.clone(), failures });
        }
    }
}

/// Two containers cannot have one address at a time.
fn has_fixed_address(service: &Service) -> bool {
    let is_fixed = |network: &crate::model::ServiceNetwork| {
        network.ipv4_address.is_some() || network.ipv6_address.is_some() || network.mac_address.is_some()
    };
    service.mac_address.is_some() || service.networks.values().flatten().any(is_fixed)
}

fn borne_failures(config: &UpdateConfig, replicas: u32) -> Option<u32> {
    if config.failure_action == Some(FailureAction::Continue) {
        return Some(u32::MAX);
    }
    let ratio = config.max_failure_ratio.unwrap_or(0.0).clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a u32")]
    let borne = (ratio * f64::from(replicas)).floor() as u32;
    (borne > 0).then_some(borne)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Deploy;

    fn update(config: UpdateConfig) -> Update {
        let deploy = Deploy { update_config: Some(config), ..Deploy::default() };
        Update::of(&Service { deploy: Some(deploy), ..Service::default() }, 10)
    }

    #[test]
    fn one_by_one_unless_told_otherwise() {
        assert_eq!(update(UpdateConfig::default()).groups(&[1, 2, 3]).count(), 3);
        let by_two = UpdateConfig { parallelism: Some(2), ..UpdateConfig::default() };
        assert_eq!(update(by_two).groups(&[1, 2, 3]).collect::<Vec<_>>(), [&[1, 2][..], &[3]]);
        let at_once = UpdateConfig { parallelism: Some(0), ..UpdateConfig::default() };
        assert_eq!(update(at_once).groups(&[1, 2, 3]).count(), 1);
        assert_eq!(Update::of(&Service::default(), 3).groups(&[1, 2, 3]).count(), 1);
    }

    #[test]
    fn a_share_of_failures_is_borne_or_all() {
        let ratio = UpdateConfig { max_failure_ratio: Some(0.25), ..UpdateConfig::default() };
        assert_eq!(update(ratio).borne_failures, Some(2));
        assert_eq!(update(UpdateConfig::default()).borne_failures, None);
        let all = UpdateConfig { failure_action: Some(FailureAction::Continue), ..UpdateConfig::default() };
        assert_eq!(update(all).borne_failures, Some(u32::MAX));
    }
}
