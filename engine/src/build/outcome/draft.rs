//! An image in the making: what its stage has come to so far.

use super::config::{DEFAULT_PATH, set_variable};
use crate::build::kept::cache::StepRecord;
use crate::build::scope::Scope;
use crate::image::{Configuration, History};
use crate::state::Layout;
use std::path::PathBuf;

/// Who says in an image's history that it made a step.
const COMMENT: &str = "lighter";

/// A stage after some of its steps.
#[derive(Debug, Clone)]
pub(in crate::build) struct Draft {
    /// The image so far.
    pub(in crate::build) configuration: Configuration,
    /// The variables at this point.
    pub(in crate::build) scope: Scope,
    /// Whether this stage has set CMD, so that ENTRYPOINT leaves it alone.
    pub(in crate::build) has_command: bool,
    /// The time of all its steps, if the caller gave one.
    pub(in crate::build) epoch: Option<String>,
}

impl Draft {
    /// Starts a stage from an image.
    pub(in crate::build) fn new(mut configuration: Configuration) -> Self {
        let environment = &mut configuration.config.environment;
        if !environment.iter().any(|line| line.starts_with("PATH=")) {
            set_variable(environment, "PATH", DEFAULT_PATH);
        }
        let mut scope = Scope::default();
        scope.inherit(environment);
        Self { configuration, scope, has_command: false, epoch: None }
    }

    /// Starts a stage from this one; its arguments come along, behind its ENV.
    pub(in crate::build) fn child(&self) -> Self {
        let mut child = Self { has_command: false, ..self.clone() };
        child.scope.inherit(&child.configuration.config.environment);
        child
    }

    /// The folders of its layers, topmost first.
    pub(in crate::build) fn layer_paths(&self, layout: &Layout) -> Vec<PathBuf> {
        self.configuration.diff_ids.iter().rev().map(|diff_id| layout.layer(diff_id)).collect()
    }

    /// Adds a step that may have made a layer; an earlier copy and what changed since are two.
    pub(in crate::build) fn push(&mut self, record: StepRecord, created_by: String) {
        let StepRecord { layer, over, created } = record;
        let comment = if over.is_some() { History::DELTA } else { COMMENT };
        let earlier = over.map(|over| (Some(over), COMMENT));
        for (layer, comment) in earlier.into_iter().chain([(layer, comment)]) {
            let entry = History { created: Some(created.clone()), ..entry(&created_by, comment) };
            self.add_history(History { empty_layer: layer.is_none(), ..entry });
            self.configuration.diff_ids.extend(layer);
        }
    }

    /// Adds a step that changed the configuration only. It happened when the layer before it was made.
    pub(in crate::build) fn note(&mut self, created_by: String) {
        let created = self.configuration.history.last().and_then(|last| last.created.clone());
        self.add_history(History { created, empty_layer: true, ..entry(&created_by, COMMENT) });
    }

    fn add_history(&mut self, entry: History) {
        let created = self.epoch.clone().or(entry.created);
        self.configuration.history.push(History { created, ..entry });
    }
}

fn entry(created_by: &str, comment: &str) -> History {
    let (created_by, comment) = (Some(created_by.to_owned()), Some(comment.to_owned()));
    History { created_by, comment, ..History::default() }
}
