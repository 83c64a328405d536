//! A plan for people and for programs.
//!
//! For people it is one line a step, below the first step of each change what changed, then the
//! notes. The same text is what tests compare.
//!
//! ```text
//! 0 create container 1f0a53c2bb7e_app-web-1 from app-web-1 (changed: tty)
//!     tty: false -> true (compose.yaml:4)
//! 1 stop container app-web-1 (changed: tty) after 0
//! ```

use super::change::Values;
use super::step::{Node, NodeId, Plan};
use engine_spec::{Action, Condition};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::{self, Write};

impl Plan {
    /// The plan for people.
    #[must_use]
    pub fn text(&self, values: Values) -> String {
        let mut text = String::new();
        let width = self.nodes.len().saturating_sub(1).to_string().len();
        let mut told = BTreeSet::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let _ = writeln!(text, "{index:>width$} {node}");
            let changes = node.reason.changes();
            if !changes.is_empty() && told.insert(node.label.as_str()) {
                for change in changes {
                    let _ = writeln!(text, "    {}", change.line(values));
                }
            }
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text
    }

    /// The plan for programs: `steps`, each with its typed `input`, and `notes`.
    #[must_use]
    pub fn json(&self, values: Values) -> Value {
        let steps: Vec<_> =
            self.nodes.iter().enumerate().map(|(index, node)| step(index, node, values)).collect();
        let notes: Vec<_> = self.notes.iter().map(ToString::to_string).collect();
        json!({ "steps": steps, "notes": notes })
    }
}

fn step(index: usize, node: &Node, values: Values) -> Value {
    let after: Vec<_> = node.depends_on.iter().map(|id| id.0).collect();
    let changes: Vec<_> = node.reason.changes().iter().map(|change| change.json(values)).collect();
    json!({
        "id": index,
        "step": Words(&node.action).to_string(),
        "label": node.label,
        "after": after,
        "reason": { "kind": node.reason.kind(), "text": node.reason.to_string(), "changes": changes },
        "input": input(&node.action, values),
    })
}

/// What a step is given. Contents of configs and secrets never appear, values of variables on request.
fn input(action: &Action, values: Values) -> Value {
    let mut value = serde_json::to_value(action).expect("an action has string keys only");
    hide(&mut value, values);
    value
}

fn hide(value: &mut Value, values: Values) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, values)),
        Value::Object(map) => {
            map.remove("bytes");
            if let (Some(Value::Object(variables)), Values::Masked) = (map.get_mut("environment"), values) {
                variables
                    .values_mut()
                    .filter(|value| value.is_string())
                    .for_each(|value| *value = "***".into());
            }
            map.values_mut().for_each(|inner| hide(inner, values));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Values::Masked))
    }
}

impl fmt::Display for Node {
    /// `start container app-web-1 (missing) after 0, 3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", Words(&self.action), self.reason)?;
        for (place, NodeId(id)) in self.depends_on.iter().enumerate() {
            write!(f, "{}{id}", if place == 0 { " after " } else { ", " })?;
        }
        for (place, NodeId(id)) in self.follows.iter().enumerate() {
            write!(f, "{}{id}", if place == 0 { " once over: " } else { ", " })?;
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
            Action::ActivateContainer { name } => write!(f, "activate container {name}"),
            Action::DrainContainer { name, .. } => write!(f, "drain container {name}"),
            Action::RunHook { name, kind, .. } => write!(f, "run {kind} hook in container {name}"),
            Action::UpdateContents { name, signals, .. } if signals.is_empty() => {
                write!(f, "update contents of container {name}")
            }
            Action::UpdateContents { name, signals, .. } => {
                write!(f, "update contents of container {name} and send {}", signals.join(", "))
            }
            Action::Delay { duration } => write!(f, "wait for {duration:?}"),
            Action::WaitContainer { name, condition, optional } => {
                let condition = match condition {
                    Condition::Healthy => "healthy".to_owned(),
                    Condition::RunningOrHealthy => "running or healthy".to_owned(),
                    Condition::Settled => "running, healthy or done".to_owned(),
                    Condition::CompletedSuccessfully => "completed".to_owned(),
                    Condition::Steady(duration) => format!("steady for {duration:?}"),
                };
                write!(f, "wait until {name} is {condition}{}", if *optional { ", if it can be" } else { "" })
            }
        }
    }
}
