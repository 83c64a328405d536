//! The closing line: what a command has changed, and how long it took.

use compose::plan::{Note, Plan};
use engine_spec::Action;
use std::collections::BTreeSet;
use std::time::Duration;

/// What carrying out a plan changes, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// How many of what, in the order they are told.
    counts: Vec<(usize, &'static str)>,
}

impl Summary {
    /// Counts the containers of a plan once each, by what becomes of them in the end.
    pub(crate) fn of(plan: &Plan) -> Self {
        let labels = |is_it: fn(&Action) -> bool| -> BTreeSet<&str> {
            let nodes = plan.nodes.iter().filter(|node| is_it(&node.action));
            nodes.map(|node| node.label.as_str()).collect()
        };
        let count = |is_it: fn(&Action) -> bool| plan.nodes.iter().filter(|node| is_it(&node.action)).count();
        let created = labels(|action| matches!(action, Action::CreateContainer { .. }));
        let removed = labels(|action| matches!(action, Action::RemoveContainer { .. }));
        let started = labels(|action| matches!(action, Action::StartContainer { .. }));
        let stopped = labels(|action| matches!(action, Action::StopContainer { .. }));
        let kept = |label: &&&str| !created.contains(**label) && !removed.contains(**label);
        let unchanged = plan.notes.iter().filter(|note| matches!(note, Note::Unchanged { .. })).count();
        Self {
            counts: vec![
                (created.difference(&removed).count(), "created"),
                (created.intersection(&removed).count(), "recreated"),
                (count(|action| matches!(action, Action::UpdateContents { .. })), "updated"),
                (started.intersection(&stopped).filter(kept).count(), "restarted"),
                (started.difference(&stopped).filter(kept).count(), "started"),
                (stopped.difference(&started).filter(kept).count(), "stopped"),
                (removed.difference(&created).count(), "removed"),
                (unchanged, "unchanged"),
                (count(|action| matches!(action, Action::CreateNetwork(_))), "network created"),
                (count(|action| matches!(action, Action::RemoveNetwork { .. })), "network removed"),
                (count(|action| matches!(action, Action::CreateVolume(_))), "volume created"),
                (count(|action| matches!(action, Action::RemoveVolume { .. })), "volume removed"),
            ],
        }
    }

    /// `up: 1 recreated, 2 unchanged in 0.4s`; nothing where there was nothing to look at.
    pub(crate) fn line(&self, activity: &str, took: Duration) -> Option<String> {
        let told = self.counts.iter().filter(|(count, _)| *count > 0);
        let told: Vec<_> = told.map(|(count, what)| format!("{count} {}", plural(*count, what))).collect();
        (!told.is_empty()).then(|| format!("{activity}: {} in {}", told.join(", "), duration(took)))
    }
}

/// `network created`, `networks created`.
fn plural(count: usize, what: &str) -> String {
    match what.split_once(' ') {
        Some((thing, done)) if count != 1 => format!("{thing}s {done}"),
        _ => what.to_owned(),
    }
}

fn duration(took: Duration) -> String {
    match took.as_secs_f64() {
        seconds if seconds < 0.1 => format!("{}ms", took.as_millis()),
        seconds if seconds < 60.0 => format!("{seconds:.1}s"),
        seconds => format!("{}m{:02}s", seconds as u64 / 60, seconds as u64 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose::plan::Reason;
    use engine_spec::ContainerName;

    fn plan(actions: Vec<(&str, Action)>) -> Plan {
        let mut plan = Plan::default();
        for (label, action) in actions {
            plan.add(action, &[], &Reason::Requested, label);
        }
        plan
    }

    fn name() -> ContainerName {
        ContainerName::new("web-1").expect("valid")
    }

    fn check(plan: &Plan, expected: Option<&str>) {
        let line = Summary::of(plan).line("up", Duration::from_millis(1250));
        assert_eq!(line.as_deref(), expected);
    }

    #[test]
    fn a_container_is_counted_once_by_what_becomes_of_it() {
        let stop = Action::StopContainer { name: name(), timeout: None };
        let remove = Action::RemoveContainer { name: name(), volumes: false };
        let start = Action::StartContainer { name: name() };
        check(&plan(vec![("a", stop.clone()), ("a", remove.clone())]), Some("up: 1 removed in 1.2s"));
        check(
            &plan(vec![("a", stop), ("a", start.clone()), ("b", start)]),
            Some("up: 1 restarted, 1 started in 1.2s"),
        );
    }

    #[test]
    fn what_stays_is_told_and_nothing_is_not() {
        let mut idle = plan(Vec::new());
        check(&idle, None);
        idle.notes = vec![Note::Unchanged { container: name() }];
        check(&idle, Some("up: 1 unchanged in 1.2s"));
    }
}
