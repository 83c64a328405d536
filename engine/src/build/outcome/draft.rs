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

    /// Adds a step that may have made a layer.
    pub(in crate::build) fn push(&mut self, record: StepRecord, created_by: String) {
        let empty_layer = record.layer.is_none();
        self.configuration.diff_ids.extend(record.layer);
        self.add_history(Some(record.created), created_by, empty_layer);
    }

    /// Adds a step that changed the configuration only. It happened when the layer before it was made.
    pub(in crate::build) fn note(&mut self, created_by: String) {
        let created = self.configuration.history.last().and_then(|last| last.created.clone());
        self.add_history(created, created_by, true);
    }

    fn add_history(&mut self, created: Option<String>, created_by: String, empty_layer: bool) {
        let created = self.epoch.clone().or(created);
        let (created_by, comment) = (Some(created_by), Some(COMMENT.to_owned()));
        self.configuration.history.push(History { created, created_by, author: None, comment, empty_layer });
    }
}
