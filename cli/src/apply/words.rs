//! What progress says of each step of a plan: docker compose's words.

use compose::plan::{Node, Plan};
use engine_spec::{Action, Condition};
use std::collections::BTreeSet;

/// What is said when a step begins and when it is done; `None` says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    /// `Starting`.
    pub(crate) begin: Option<&'static str>,
    /// `Started`.
    pub(crate) end: Option<&'static str>,
}

impl Words {
    const fn both(begin: &'static str, end: &'static str) -> Self {
        Self { begin: Some(begin), end: Some(end) }
    }
}

/// The words of every step, in the plan's order.
///
/// The steps that replace a container share a label and end with a renaming, those that restart one
/// end with its start; each group reads as one.
pub(crate) fn words(plan: &Plan) -> Vec<Words> {
    let labels = |is_it: fn(&Action) -> bool| -> BTreeSet<&str> {
        let nodes = plan.nodes.iter().filter(|node| is_it(&node.action));
        nodes.map(|node| node.label.as_str()).collect()
    };
    let recreated = labels(|action| matches!(action, Action::RenameContainer { .. }));
    let stopped = labels(|action| matches!(action, Action::StopContainer { .. }));
    let started = labels(|action| matches!(action, Action::StartContainer { .. }));
    let group = |label: &str| match label {
        label if recreated.contains(label) => Group::Recreation,
        label if stopped.contains(label) && started.contains(label) => Group::Restart,
        _ => Group::None,
    };
    plan.nodes.iter().map(|node| of(node, group(&node.label))).collect()
}

/// What the steps of one label do together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Recreation,
    Restart,
    None,
}

fn of(node: &Node, group: Group) -> Words {
    match (&node.action, group) {
        (Action::CreateContainer { .. }, Group::Recreation) => Words { begin: Some("Recreate"), end: None },
        (Action::StopContainer { .. } | Action::RemoveContainer { .. }, Group::Recreation) => {
            Words { begin: None, end: None }
        }
        (Action::RenameContainer { .. }, _) => Words { begin: None, end: Some("Recreated") },
        (Action::StopContainer { .. }, Group::Restart) => Words { begin: Some("Restarting"), end: None },
        (Action::StartContainer { .. }, Group::Restart) => Words { begin: None, end: Some("Started") },
        (Action::CreateNetwork(_) | Action::CreateVolume(_) | Action::CreateContainer { .. }, _) => {
            Words::both("Creating", "Created")
        }
        (Action::RemoveNetwork { .. } | Action::RemoveVolume { .. } | Action::RemoveContainer { .. }, _) => {
            Words::both("Removing", "Removed")
        }
        (Action::StartContainer { .. }, _) => Words::both("Starting", "Started"),
        (Action::ActivateContainer { .. }, _) => Words::both("Taking over", "Started"),
        (Action::DrainContainer { .. }, _) => Words { begin: Some("Draining"), end: None },
        (Action::RunHook { .. }, _) => Words { begin: Some("Running hook"), end: None },
        (Action::UpdateContents { .. }, _) => Words::both("Updating", "Updated"),
        (Action::Delay { .. }, _) => Words::both("Waiting", "Waited"),
        (Action::StopContainer { .. }, _) => Words::both("Stopping", "Stopped"),
        (Action::WaitContainer { condition, .. }, _) => match condition {
            Condition::Healthy | Condition::RunningOrHealthy | Condition::Settled => {
                Words::both("Waiting", "Healthy")
            }
            Condition::Steady(_) => Words::both("Watching", "Steady"),
            Condition::CompletedSuccessfully => Words::both("Waiting", "Exited"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose::plan::Reason;
    use engine_spec::ContainerName;

    fn check(actions: Vec<Action>, expected: &[&str]) {
        let mut plan = Plan::default();
        for action in actions {
            plan.add(action, &[], &Reason::Requested, "Container web-1");
        }
        let said: Vec<_> =
            words(&plan).into_iter().flat_map(|words| [words.begin, words.end]).flatten().collect();
        assert_eq!(said, expected);
    }

    fn name(text: &str) -> ContainerName {
        ContainerName::new(text).expect("valid")
    }

    fn stop() -> Action {
        Action::StopContainer { name: name("web-1"), timeout: None }
    }

    fn start() -> Action {
        Action::StartContainer { name: name("web-1") }
    }

    #[test]
    fn a_restart_reads_as_one() {
        check(vec![stop(), start()], &["Restarting", "Started"]);
    }

    #[test]
    fn a_removal_reads_as_two() {
        let remove = Action::RemoveContainer { name: name("web-1"), volumes: false };
        check(vec![stop(), remove], &["Stopping", "Stopped", "Removing", "Removed"]);
    }

    #[test]
    fn a_recreation_reads_as_one_before_its_start() {
        let remove = Action::RemoveContainer { name: name("web-1"), volumes: false };
        let rename = Action::RenameContainer { from: name("new"), to: name("web-1") };
        check(vec![stop(), remove, rename, start()], &["Recreated", "Starting", "Started"]);
    }
}
