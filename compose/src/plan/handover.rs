//! A new container takes an old one's place while both run.

use super::reason::Reason;
use super::step::{NodeId, Plan};
use engine_spec::{Action, ContainerName};
use std::time::Duration;

/// Begins the name of a container that has handed over.
const SET_ASIDE: &str = "old";

/// Who takes whose place.
pub(super) struct Handover<'a> {
    /// The name that both have in turn.
    pub(super) name: &'a ContainerName,
    /// The new container's name until then.
    pub(super) temporary: &'a ContainerName,
    /// Sixteen digits or less that tell the old container apart.
    pub(super) old_id: &'a str,
    pub(super) reason: &'a Reason,
    pub(super) label: &'a str,
    pub(super) timeout: Option<Duration>,
}

impl Plan {
    /// Plans it after the step `ready`, for a container that the step `create` makes. Returns the
    /// step from which on the new one serves, and the last one.
    pub(super) fn hand_over(
        &mut self,
        handover: &Handover<'_>,
        create: NodeId,
        ready: NodeId,
    ) -> (NodeId, NodeId) {
        let Handover { name, temporary, old_id, reason, label, timeout } = *handover;
        let aside = beside(SET_ASIDE, &beside(old_id, name));
        let away = Action::RenameContainer { from: name.clone(), to: aside.clone() };
        let away = self.add(away, &[ready], reason, label);
        let rename = Action::RenameContainer { from: temporary.clone(), to: name.clone() };
        let rename = self.add(rename, &[away], reason, label);
        self.undo(create, Action::RemoveContainer { name: temporary.clone(), volumes: false }, rename);
        self.undo(away, Action::RenameContainer { from: aside.clone(), to: name.clone() }, rename);
        let activate = self.add(Action::ActivateContainer { name: name.clone() }, &[rename], reason, label);
        let drain = Action::DrainContainer { name: aside.clone(), limit: timeout };
        let drain = self.add(drain, &[activate], reason, label);
        let stop = self.add(Action::StopContainer { name: aside.clone(), timeout }, &[drain], reason, label);
        let remove = Action::RemoveContainer { name: aside, volumes: false };
        (activate, self.add(remove, &[stop], reason, label))
    }
}

/// Whether a name is that of a container that has handed over.
pub(super) fn is_set_aside(name: &ContainerName) -> bool {
    name.as_str().strip_prefix(SET_ASIDE).is_some_and(|rest| rest.starts_with('_'))
}

/// The name of a container beside the one that has its name.
pub(super) fn beside(prefix: &str, name: &ContainerName) -> ContainerName {
    let name = ContainerName::new(format!("{prefix}_{name}"));
    name.expect("letters and digits before a container name make a container name")
}
