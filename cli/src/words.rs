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
/// The steps that replace a container share a label and end with a renaming; they read as one.
pub(crate) fn words(plan: &Plan) -> Vec<Words> {
    let recreated: BTreeSet<&str> = plan
        .nodes
        .iter()
        .filter(|node| matches!(node.action, Action::RenameContainer { .. }))
        .map(|node| node.label.as_str())
        .collect();
    plan.nodes.iter().map(|node| of(node, recreated.contains(node.label.as_str()))).collect()
}

fn of(node: &Node, is_recreated: bool) -> Words {
    match &node.action {
        Action::CreateContainer { .. } if is_recreated => Words { begin: Some("Recreate"), end: None },
        Action::StopContainer { .. } | Action::RemoveContainer { .. } if is_recreated => {
            Words { begin: None, end: None }
        }
        Action::RenameContainer { .. } => Words { begin: None, end: Some("Recreated") },
        Action::CreateNetwork(_) | Action::CreateVolume(_) | Action::CreateContainer { .. } => {
            Words::both("Creating", "Created")
        }
        Action::RemoveNetwork { .. } | Action::RemoveVolume { .. } | Action::RemoveContainer { .. } => {
            Words::both("Removing", "Removed")
        }
        Action::StartContainer { .. } => Words::both("Starting", "Started"),
        Action::StopContainer { .. } => Words::both("Stopping", "Stopped"),
        Action::WaitContainer { condition, .. } => match condition {
            Condition::Healthy | Condition::RunningOrHealthy => Words::both("Waiting", "Healthy"),
            Condition::CompletedSuccessfully => Words::both("Waiting", "Exited"),
        },
    }
}
