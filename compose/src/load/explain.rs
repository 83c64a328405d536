//! How a value came to be what it is, step by step from the first file to the last.

use super::configuration::Configuration;
use super::node::{Node, Span, Value};
use super::origin::{Step, Used, VariableSource};
use crate::diagnostic::{Note, Place, nearest};
use serde_json::Value as Json;
use std::fmt;

/// A path at which the project has nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is nothing at `{path}`: {}", what(parent, key))]
pub struct NoSuchPath {
    /// The path asked for.
    pub path: String,
    /// As far as it leads.
    pub parent: String,
    /// What is not there.
    pub key: String,
    /// A key that may be meant.
    pub nearest: Option<String>,
}

fn what(parent: &str, key: &str) -> String {
    if parent.is_empty() {
        format!("the project has no `{key}`")
    } else {
        format!("`{parent}` has no `{key}`")
    }
}

/// A value and its history.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The path as it was found.
    pub path: String,
    /// The value.
    pub value: Json,
    /// What made it so, first to last.
    pub steps: Vec<Note>,
}

impl fmt::Display for Explanation {
    /// `path: value`, then a line for each step: its place, and what happened there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Json::Object(_) | Json::Array(_) => {
                let yaml = serde_yaml::to_string(&self.value).map_err(|_| fmt::Error)?;
                writeln!(f, "{}:", self.path)?;
                yaml.lines().try_for_each(|line| writeln!(f, "  {line}"))?;
            }
            Json::String(text) => writeln!(f, "{}: {text}", self.path)?,
            value => writeln!(f, "{}: {value}", self.path)?,
        }
        let places: Vec<String> = self
            .steps
            .iter()
            .map(|step| step.place.as_ref().map_or("-".to_owned(), Place::to_string))
            .collect();
        let width = places.iter().map(String::len).max().unwrap_or(0);
        for (place, step) in places.iter().zip(&self.steps) {
            writeln!(f, "  {place:width$}  {}", step.message)?;
        }
        Ok(())
    }
}

/// Explains what stands at `path`: keys and places in lists, with dots between.
pub(super) fn explain(configuration: &Configuration, path: &str) -> Result<Explanation, NoSuchPath> {
    let mut found =
        Found { node: &configuration.tree, key_span: configuration.tree.span, extended: Vec::new() };
    let mut rest = path.trim_matches('.');
    while !rest.is_empty() {
        let (next, tail) = step_into(found.node, rest).ok_or_else(|| missing(found.node, path, rest))?;
        found.enter(next);
        rest = tail;
    }
    let history = History { configuration, steps: Vec::new() };
    Ok(Explanation {
        path: path.trim_matches('.').to_owned(),
        value: found.node.value.to_json(),
        steps: history.of(&found),
    })
}

/// How far the path has led.
struct Found<'a> {
    node: &'a Node,
    key_span: Span,
    /// The extensions on the way.
    extended: Vec<Span>,
}

impl<'a> Found<'a> {
    fn enter(&mut self, (node, key_span): (&'a Node, Span)) {
        self.node = node;
        self.key_span = key_span;
        self.extended.extend(node.steps().filter_map(|step| match step {
            Step::Extended(span) => Some(*span),
            _ => None,
        }));
    }
}

/// The part of `node` that the path's beginning names, and the rest of the path. Keys may have dots.
fn step_into<'a, 'p>(node: &'a Node, path: &'p str) -> Option<((&'a Node, Span), &'p str)> {
    let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
    match &node.value {
        Value::Map(map) => ends.rev_longest().into_iter().find_map(|end| {
            let entry = map.get(&path[..end])?;
            Some(((&entry.node, entry.key_span), path[end..].trim_start_matches('.')))
        }),
        Value::List(items) => {
            let end = path.find('.').unwrap_or(path.len());
            let index: usize = path[..end].trim_matches(['[', ']']).parse().ok()?;
            let item = items.get(index)?;
            Some(((item, item.span), path[end..].trim_start_matches('.')))
        }
        _ => None,
    }
}

/// The ends of a path's beginnings, longest first.
trait LongestFirst {
    fn rev_longest(self) -> Vec<usize>;
}

impl<I: Iterator<Item = usize>> LongestFirst for I {
    fn rev_longest(self) -> Vec<usize> {
        let mut ends: Vec<usize> = self.collect();
        ends.sort_unstable_by(|one, other| other.cmp(one));
        ends
    }
}

fn missing(node: &Node, path: &str, rest: &str) -> NoSuchPath {
    let path = path.trim_matches('.');
    let key = rest.split('.').next().unwrap_or_default().to_owned();
    let parent = path.strip_suffix(rest).unwrap_or_default().trim_end_matches('.').to_owned();
    let known = node.as_map().into_iter().flatten().map(|(key, _)| key.as_str());
    let nearest = nearest(&key, known).map(str::to_owned);
    NoSuchPath { path: path.to_owned(), parent, key, nearest }
}

struct History<'a> {
    configuration: &'a Configuration,
    steps: Vec<Note>,
}

impl History<'_> {
    fn of(mut self, found: &Found<'_>) -> Vec<Note> {
        let node = found.node;
        let mut steps: Vec<&Step> = node.steps().collect();
        steps.reverse();
        let implied = steps.iter().find_map(|step| match step {
            Step::Implied(reason) => Some(*reason),
            _ => None,
        });
        let replaced: Vec<&Step> =
            steps.iter().copied().filter(|step| matches!(step, Step::Replaced { .. })).collect();
        for step in &replaced {
            self.step(step);
        }
        let is_from_file = steps.iter().any(|step| matches!(step, Step::FromFile(_)));
        match implied {
            Some(reason) => self.steps.push(Note { message: format!("not written: {reason}"), place: None }),
            None if is_from_file => {}
            None => self.written(node, &replaced),
        }
        for step in steps.iter().filter(|step| !matches!(step, Step::Replaced { .. } | Step::Implied(_))) {
            self.step(step);
        }
        for span in &found.extended {
            let note = self.configuration.report.note_at("extended", *span);
            self.push_once(note);
        }
        for note in self.configuration.report.arrivals(node.span.source) {
            self.push_once(note);
        }
        self.steps
    }

    /// The line in which the value stands.
    fn written(&mut self, node: &Node, replaced: &[&Step]) {
        let shown = node.shown().map_or_else(|| node.kind().to_owned(), |text| format!("`{text}`"));
        let verb = if replaced.is_empty() { "written as" } else { "replaced by" };
        let note = self.configuration.report.note_at(format!("{verb} {shown}"), node.span);
        self.steps.push(note);
    }

    fn step(&mut self, step: &Step) {
        let report = &self.configuration.report;
        match step {
            Step::Alias(span) => self.push_once(report.note_at("used through an alias", *span)),
            Step::Interpolated { variables, .. } => variables.iter().for_each(|used| self.variable(used)),
            Step::FromEnvironment(used) => self.variable(used),
            Step::Replaced { span, value } => {
                self.steps.push(report.note_at(format!("written as `{value}`"), *span));
            }
            Step::Extended(span) => self.push_once(report.note_at("extended", *span)),
            Step::FromFile(span) => self.steps.push(report.note_at("set by this line", *span)),
            Step::Implied(_) => {}
        }
    }

    fn variable(&mut self, used: &Used) {
        let name = &used.name;
        let note = match used.source {
            VariableSource::File(span) => {
                self.configuration.report.note_at(format!("variable `{name}` is set by this line"), span)
            }
            VariableSource::Process => {
                Note { message: format!("variable `{name}` comes from the environment"), place: None }
            }
            VariableSource::Given => {
                Note { message: format!("variable `{name}` is set by lighter"), place: None }
            }
            VariableSource::Unset => Note { message: format!("variable `{name}` is not set"), place: None },
        };
        self.steps.push(note);
    }

    fn push_once(&mut self, note: Note) {
        if !self.steps.iter().any(|known| known.to_string() == note.to_string()) {
            self.steps.push(note);
        }
    }
}
