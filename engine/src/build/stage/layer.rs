//! A step that makes a layer: found in the cache, or done in a folder that is committed.

use super::StageBuild;
use crate::build::dockerfile::Step;
use crate::build::error::BuildError;
use crate::build::files::upper::Upper;
use crate::build::kept::cache::{Cache, Reuse, StepRecord};
use crate::build::outcome::draft::Draft;
use crate::build::outcome::moment::clamp;
use crate::build::{BuildEvent, StepLabel};
use crate::image::Staging;
use engine_spec::Digest;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// A step that may make a layer.
pub(in crate::build) struct LayerStep<'a> {
    pub(in crate::build) step: &'a Step,
    /// Of the layers below and what is done to them.
    pub(in crate::build) key: Digest,
    /// The line of history.
    pub(in crate::build) history: String,
    /// Whether the layer does not depend on those below (`--link`).
    pub(in crate::build) is_linked: bool,
    /// Whether it makes a layer even if nothing changed.
    pub(in crate::build) always: bool,
    /// The layer of an earlier copy, of which only what changed is made.
    pub(in crate::build) over: Option<Digest>,
}

impl<'a> LayerStep<'a> {
    pub(in crate::build) fn new(step: &'a Step, key: Digest) -> Self {
        Self { step, key, history: step.text.clone(), is_linked: false, always: false, over: None }
    }
}

/// Whether a step's layer is what its key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::build) enum Trust {
    /// It is, and later builds may use it.
    Kept,
    /// What it was made from changed meanwhile: good for this build only.
    Once,
}

/// Where a step does its work; removed when dropped, or by the next build if this process dies.
pub(in crate::build) struct Workplace {
    pub(in crate::build) staging: Staging,
    /// The folder that becomes the layer.
    pub(in crate::build) tree: PathBuf,
    pub(in crate::build) upper: Upper,
    /// The layers below, topmost first.
    pub(in crate::build) layers: Vec<PathBuf>,
}

impl StageBuild<'_> {
    /// Does a step, or finds that it was done.
    pub(in crate::build) fn layer(
        &mut self,
        draft: &mut Draft,
        layer: LayerStep<'_>,
        make: impl FnOnce(&mut Self, &Workplace) -> Result<Trust, BuildError>,
    ) -> Result<(), BuildError> {
        let step = self.begin(layer.step.text.clone());
        let (record, event) = match self.found(&layer.key) {
            Some(record) => (record, BuildEvent::StepCached { step }),
            None => {
                let _ours = self.shop.cache.claim(&layer.key).map_err(BuildError::Claim)?;
                match self.found(&layer.key) {
                    Some(record) => (record, BuildEvent::StepCached { step }),
                    None => self.make(draft, &layer, step, make)?,
                }
            }
        };
        self.shop.emit(event);
        self.shop.note_step((self.solver.id, self.node.stage), &layer.key, &record);
        draft.push(record, layer.history);
        Ok(())
    }

    /// What the step made earlier, if that counts.
    pub(in crate::build) fn found(&self, key: &Digest) -> Option<StepRecord> {
        let record = self.shop.cache.find(key, &self.shop.store, self.reuse())?;
        let layers: Vec<Digest> = record.layers().cloned().collect();
        let is_fitting = layers.len() < 2 || self.allows_deltas();
        (is_fitting && self.shop.hold(&layers)).then_some(record)
    }

    /// Whether what changed since an earlier copy may be a layer over it.
    pub(in crate::build) fn allows_deltas(&self) -> bool {
        let spec = self.solver.spec;
        let is_for_here = self.solver.epoch.is_none() && spec.cache_to.is_empty() && !spec.squash;
        is_for_here && self.reuse() == Reuse::All
    }

    pub(in crate::build) fn reuse(&self) -> Reuse {
        let spec = self.solver.spec;
        let stage = &self.solver.file.stages[self.node.stage];
        let is_filtered =
            |filter: &String| stage.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(filter));
        let is_refused = spec.no_cache || spec.no_cache_filter.iter().any(is_filtered);
        if is_refused { Reuse::Request } else { Reuse::All }
    }

    fn make(
        &mut self,
        draft: &Draft,
        layer: &LayerStep<'_>,
        step: StepLabel,
        make: impl FnOnce(&mut Self, &Workplace) -> Result<Trust, BuildError>,
    ) -> Result<(StepRecord, BuildEvent), BuildError> {
        let begun = Instant::now();
        let made = self.make_layer(draft, layer, make);
        let (record, trust) =
            made.inspect_err(|_| self.shop.emit(BuildEvent::StepFailed { step: step.clone() }))?;
        if trust == Trust::Kept {
            self.shop.cache.keep(&layer.key, &record)?;
        }
        Ok((record, BuildEvent::StepDone { step, elapsed: begun.elapsed() }))
    }

    fn make_layer(
        &mut self,
        draft: &Draft,
        layer: &LayerStep<'_>,
        make: impl FnOnce(&mut Self, &Workplace) -> Result<Trust, BuildError>,
    ) -> Result<(StepRecord, Trust), BuildError> {
        let staging = Staging::new(self.shop.layout)?;
        let tree = self.shop.store.stage_tree(&staging)?;
        let below = if layer.is_linked { Vec::new() } else { draft.layer_paths(self.shop.layout) };
        let over = layer.over.iter().map(|over| self.shop.layout.layer(over));
        let layers: Vec<PathBuf> = over.chain(below).collect();
        let upper = Upper::new(&tree, &layers).map_err(|error| self.copy_error(layer.step, error))?;
        let place = Workplace { staging, tree, upper, layers };
        let trust = make(self, &place)?;
        let is_empty = std::fs::read_dir(&place.tree).is_ok_and(|mut entries| entries.next().is_none());
        if is_empty && !layer.always {
            return Ok((StepRecord::now(layer.over.clone()), trust));
        }
        if let Some(epoch) = self.solver.epoch {
            let clamped = clamp(&place.tree, epoch);
            clamped.map_err(|source| BuildError::PrepareStep { at: self.at(layer.step), source })?;
        }
        let made = self.shop.store.commit_layer(&place.tree)?.diff_id;
        self.shop.hold(std::slice::from_ref(&made));
        Ok((StepRecord { over: layer.over.clone(), ..StepRecord::now(Some(made)) }, trust))
    }

    /// The key of doing `action` on top of `layers`.
    pub(in crate::build) fn key(&self, layers: &[Digest], action: &impl Serialize) -> Digest {
        match self.solver.epoch {
            Some(epoch) => Cache::key(&self.platform, layers, &(epoch, action)),
            None => Cache::key(&self.platform, layers, action),
        }
    }
}
