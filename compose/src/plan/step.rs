//! A plan: steps in an order in which each comes after those it waits for.

use super::reason::{Note, Reason};
use engine_spec::{Action, ContainerName, ServiceName};
use std::time::Duration;

/// A step's place in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What to do.
    pub action: Action,
    /// Steps that must have succeeded before; each has a lower index than this one.
    pub depends_on: Vec<NodeId>,
    /// Why.
    pub reason: Reason,
    /// What progress calls it (`Container app-web-1`); steps of one recreation share it.
    pub label: String,
    /// Steps that must have come to an end before, whatever end; each has a lower index too.
    pub follows: Vec<NodeId>,
    /// How it is taken back if what it belongs to is not finished.
    pub undo: Option<Undo>,
    /// Failures of its service's update that are borne.
    pub tolerance: Option<Tolerance>,
}

/// What takes a step back if the plan ends after it began and before the step `until` is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// What to do.
    pub action: Action,
    /// The step from which on there is no way back.
    pub until: NodeId,
}

/// How many replacements of a service may fail without an end to the others (`deploy.update_config`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tolerance {
    /// The service.
    pub service: ServiceName,
    /// How many.
    pub failures: u32,
}

/// Everything to do. Its [`std::fmt::Display`] is stable text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps; an index is a [`NodeId`].
    pub nodes: Vec<Node>,
    /// What is worth saying besides.
    pub notes: Vec<Note>,
}

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds a step after those in `after`.
    pub fn add(&mut self, action: Action, after: &[NodeId], reason: &Reason, label: &str) -> NodeId {
        let id = NodeId(self.nodes.len());
        let mut depends_on = after.to_vec();
        depends_on.sort_unstable();
        depends_on.dedup();
        self.nodes.push(Node {
            action,
            depends_on,
            reason: reason.clone(),
            label: label.to_owned(),
            follows: Vec::new(),
            undo: None,
            tolerance: None,
        });
        id
    }

    /// Says how a step is taken back until another is done.
    pub(super) fn undo(&mut self, node: NodeId, action: Action, until: NodeId) {
        self.nodes[node.0].undo = Some(Undo { action, until });
    }

    pub(super) fn start(&mut self, name: &ContainerName, after: &[NodeId], reason: &Reason) -> NodeId {
        self.add(Action::StartContainer { name: name.clone() }, after, reason, &container_label(name))
    }

    pub(super) fn stop(
        &mut self,
        name: &ContainerName,
        timeout: Option<Duration>,
        after: &[NodeId],
        reason: &Reason,
    ) -> NodeId {
        self.add(Action::StopContainer { name: name.clone(), timeout }, after, reason, &container_label(name))
    }

    pub(super) fn remove(
        &mut self,
        name: &ContainerName,
        volumes: bool,
        after: &[NodeId],
        reason: &Reason,
    ) -> NodeId {
        self.add(
            Action::RemoveContainer { name: name.clone(), volumes },
            after,
            reason,
            &container_label(name),
        )
    }
}

/// What progress calls a container.
pub(super) fn container_label(name: &ContainerName) -> String {
    format!("Container {name}")
}
