//! A plan as stable text: one line a step, then the notes. Tests compare it, `--dry-run` prints it.

use super::step::{Node, NodeId, Plan};
use engine_spec::{Action, Condition};
use std::fmt;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.nodes.len().saturating_sub(1).to_string().len();
        for (index, node) in self.nodes.iter().enumerate() {
            writeln!(f, "{index:>width$} {node}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl fmt::Display for Node {
    /// `start container app-web-1 (missing) after 0, 3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", Words(&self.action), self.reason)?;
        for (place, NodeId(id)) in self.depends_on.iter().enumerate() {
            write!(f, "{}{id}", if place == 0 { " after " } else { ", " })?;
        }
        Ok(())
    }
}

struct Words<'a>(&'a Action);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Action::CreateNetwork(spec) => write!(f, "create network {}", spec.name),
            Action::RemoveNetwork { name } => write!(f, "remove network {name}"),
            Action::CreateVolume(spec) => write!(f, "create volume {}", spec.name),
            Action::RemoveVolume { name } => write!(f, "remove volume {name}"),
            Action::CreateContainer { spec, inherit: None } => write!(f, "create container {}", spec.name),
            Action::CreateContainer { spec, inherit: Some(old) } => {
                write!(f, "create container {} from {old}", spec.name)
            }
            Action::StartContainer { name } => write!(f, "start container {name}"),
            Action::StopContainer { name, .. } => write!(f, "stop container {name}"),
            Action::RemoveContainer { name, volumes } => {
                write!(f, "remove container {name}{}", if *volumes { " with its volumes" } else { "" })
            }
            Action::RenameContainer { from, to } => write!(f, "rename container {from} to {to}"),
            Action::WaitContainer { name, condition, optional } => {
                let condition = match condition {
                    Condition::Healthy => "healthy",
                    Condition::RunningOrHealthy => "running or healthy",
                    Condition::CompletedSuccessfully => "completed",
                };
                write!(f, "wait until {name} is {condition}{}", if *optional { ", if it can be" } else { "" })
            }
        }
    }
}
