//! One stage at work: each step from the cache or by doing it.

use super::dockerfile::{Diagnostic, Instruction, SourceLine, Span, Stage, Step, parse_trigger};
use super::error::BuildError;
use super::graph::{self, Base};
use super::schedule::{Node, Schedule};
use super::solve::Solver;
use super::workshop::Workshop;
use super::{BuildEvent, StepLabel};
use crate::build::files::transfer::CopyError;
use crate::build::files::upper::Upper;
use crate::build::kept::cache::{Cache, Reuse, StepRecord};
use crate::build::outcome::draft::Draft;
use crate::build::outcome::moment::{clamp, rfc3339};
use crate::image::{Configuration, Image, Staging};
use engine_spec::{ContextSource, Digest, ImageReference, Platform};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// A stage at work.
pub(super) struct StageBuild<'a> {
    pub(super) schedule: &'a Schedule<'a>,
    pub(super) solver: &'a Solver<'a>,
    pub(super) shop: &'a Workshop<'a>,
    pub(super) node: Node,
    /// The step being done, for events.
    pub(super) label: StepLabel,
    /// What the stage is built for.
    pub(super) platform: Platform,
}

/// A step that may make a layer.
pub(super) struct LayerStep<'a> {
    pub(super) step: &'a Step,
    /// Of the layers below and what is done to them.
    pub(super) key: Digest,
    /// The line of history.
    pub(super) history: String,
    /// Whether the layer does not depend on those below (`--link`).
    pub(super) is_linked: bool,
    /// Whether it makes a layer even if nothing changed.
    pub(super) always: bool,
}

impl<'a> LayerStep<'a> {
    pub(super) fn new(step: &'a Step, key: Digest) -> Self {
        Self { step, key, history: step.text.clone(), is_linked: false, always: false }
    }
}

/// Whether a step's layer is what its key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is, and later builds may use it.
    Kept,
    /// What it was made from changed meanwhile: good for this build only.
    Once,
}

/// Where a step does its work; removed when dropped, or by the next build if this process dies.
pub(super) struct Workplace {
    pub(super) staging: Staging,
    /// The folder that becomes the layer.
    pub(super) tree: PathBuf,
    pub(super) upper: Upper,
    /// The layers below, topmost first.
    pub(super) layers: Vec<PathBuf>,
}

impl<'a> StageBuild<'a> {
    pub(super) fn new(schedule: &'a Schedule<'a>, node: Node) -> Self {
        let solver = &schedule.solvers[node.build];
        let stage = &solver.file.stages[node.stage];
        let label = StepLabel {
            number: 0,
            build: solver.id.to_owned(),
            stage: stage.name.clone().unwrap_or_else(|| format!("stage-{}", node.stage)),
            index: 0,
            total: 1 + layer_steps(&stage.steps),
        };
        Self { schedule, solver, shop: schedule.shop, node, label, platform: solver.platform.clone() }
    }

    /// Does all its steps.
    pub(super) fn build(mut self) -> Result<Draft, BuildError> {
        let stage = &self.solver.file.stages[self.node.stage];
        let mut draft = self.start(stage)?;
        let triggers = self.triggers(&mut draft, stage.span)?;
        self.label.total += layer_steps(&triggers);
        for step in triggers.iter().chain(&stage.steps) {
            if self.shop.stop.is_given() {
                return Err(BuildError::Stopped);
            }
            self.step(&mut draft, step)?;
        }
        Ok(draft)
    }

    /// FROM.
    fn start(&mut self, stage: &Stage) -> Result<Draft, BuildError> {
        let (begun, step) = (Instant::now(), self.begin(stage.text.clone()));
        let based = self.base(stage.base.span);
        let (draft, is_here) =
            based.inspect_err(|_| self.shop.emit(BuildEvent::StepFailed { step: step.clone() }))?;
        let draft = Draft { epoch: self.solver.epoch.map(rfc3339), ..draft };
        self.shop.emit(match is_here {
            true => BuildEvent::StepCached { step },
            false => BuildEvent::StepDone { step, elapsed: begun.elapsed() },
        });
        Ok(draft)
    }

    /// Tells that the next step begins, and returns its label.
    fn begin(&mut self, text: String) -> StepLabel {
        self.label.index += 1;
        self.label.number = self.shop.next_step();
        self.shop.emit(BuildEvent::StepStarted { step: self.label.clone(), text });
        self.label.clone()
    }

    /// What the stage starts from, and whether it was here already.
    fn base(&mut self, span: Span) -> Result<(Draft, bool), BuildError> {
        let solver = self.solver;
        let start = graph::start(&solver.file, self.node.stage, (&solver.global, &solver.spec.contexts))?;
        if let Some(platform) = start.platform {
            self.platform = platform;
        }
        match start.base {
            Base::Scratch => Ok((Draft::new(scratch(self.platform.clone())), true)),
            Base::Stage(stage) => Ok((self.schedule.result(Node { stage, ..self.node })?.child(), true)),
            Base::Image(reference) => self.start_at_image(&reference, span),
            Base::Context(name) => self.start_at_context(&name, span),
        }
    }

    fn start_at_image(&self, reference: &ImageReference, span: Span) -> Result<(Draft, bool), BuildError> {
        let (image, is_here) = self.image(reference, span)?;
        Ok((Draft::new(self.shop.store.configuration(&image)?), is_here))
    }

    /// A stage that starts from a named context.
    fn start_at_context(&self, name: &str, span: Span) -> Result<(Draft, bool), BuildError> {
        if let Some(node) = self.solver.build_named(name, self.schedule.solvers) {
            return Ok((self.schedule.result(node)?.child(), true));
        }
        match self.solver.spec.contexts.get(name) {
            Some(ContextSource::Image(reference)) => self.start_at_image(reference, span),
            _ => {
                let error = self.solver.file.source.error(span, format!("the context `{name}` is no image"));
                let hint = "copy from it with `COPY --from`".to_owned();
                Err(Diagnostic { hint: Some(hint), ..error }.into())
            }
        }
    }

    /// The layers of a named context that is an image.
    pub(super) fn context_layers(&self, name: &str, span: Span) -> Result<Vec<Digest>, BuildError> {
        Ok(self.start_at_context(name, span)?.0.configuration.diff_ids)
    }

    /// The image `reference` for the stage's platform, and whether it was here already.
    pub(super) fn image(&self, reference: &ImageReference, span: Span) -> Result<(Image, bool), BuildError> {
        let platform = &self.platform;
        let local = if self.solver.spec.pull { None } else { self.shop.store.find(reference)? };
        let is_fitting = |image: &Image| {
            image.platform.os == platform.os && image.platform.architecture == platform.architecture
        };
        if let Some(image) = local.filter(|image| is_fitting(image) && self.shop.hold(&image.layers)) {
            return Ok((image, true));
        }
        let at = self.solver.file.source.line(span.line);
        let image = self.shop.fetch(reference, platform).map_err(|source| BuildError::Pull {
            reference: Box::new(reference.clone()),
            at,
            source,
        })?;
        self.shop.hold(&image.layers);
        Ok((image, false))
    }

    /// What the base image left to be done now; it is not left to images made from this one.
    fn triggers(&self, draft: &mut Draft, from: Span) -> Result<Vec<Step>, Diagnostic> {
        let triggers = std::mem::take(&mut draft.configuration.config.on_build);
        triggers.iter().map(|text| parse_trigger(&self.solver.file, text, from)).collect()
    }

    fn step(&mut self, draft: &mut Draft, step: &Step) -> Result<(), BuildError> {
        let solver = self.solver;
        match &step.instruction {
            Instruction::Run(run) => self.run(draft, step, run),
            Instruction::Copy(copy) | Instruction::Add(copy) => self.transfer(draft, step, copy),
            Instruction::Workdir(path) => self.workdir(draft, step, path),
            Instruction::Arg(arguments) => {
                draft.scope.declare(&solver.file, arguments, (solver.given(), &solver.global))?;
                draft.note(step.text.clone());
                Ok(())
            }
            _ => {
                if let Some(history) = draft.apply(&solver.file, step)? {
                    draft.note(history);
                }
                Ok(())
            }
        }
    }

    /// Does a step, or finds that it was done.
    pub(super) fn layer(
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
    pub(super) fn found(&self, key: &Digest) -> Option<StepRecord> {
        let record = self.shop.cache.find(key, &self.shop.store, self.reuse())?;
        self.shop.hold(record.layer.as_slice()).then_some(record)
    }

    pub(super) fn reuse(&self) -> Reuse {
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
        let layers = if layer.is_linked { Vec::new() } else { draft.layer_paths(self.shop.layout) };
        let upper = Upper::new(&tree, &layers).map_err(|error| self.copy_error(layer.step, error))?;
        let place = Workplace { staging, tree, upper, layers };
        let trust = make(self, &place)?;
        let is_empty = std::fs::read_dir(&place.tree).is_ok_and(|mut entries| entries.next().is_none());
        if is_empty && !layer.always {
            return Ok((StepRecord::now(None), trust));
        }
        if let Some(epoch) = self.solver.epoch {
            let clamped = clamp(&place.tree, epoch);
            clamped.map_err(|source| BuildError::PrepareStep { at: self.at(layer.step), source })?;
        }
        let layer = self.shop.store.commit_layer(&place.tree)?.diff_id;
        self.shop.hold(std::slice::from_ref(&layer));
        Ok((StepRecord::now(Some(layer)), trust))
    }

    /// The key of doing `action` on top of `layers`.
    pub(super) fn key(&self, layers: &[Digest], action: &impl Serialize) -> Digest {
        match self.solver.epoch {
            Some(epoch) => Cache::key(&self.platform, layers, &(epoch, action)),
            None => Cache::key(&self.platform, layers, action),
        }
    }

    /// The line of a step, for errors.
    pub(super) fn at(&self, step: &Step) -> SourceLine {
        self.solver.file.source.line(step.span.line)
    }

    /// A failure to put files into the layer of `step`.
    pub(super) fn copy_error(&self, step: &Step, source: impl Into<CopyError>) -> BuildError {
        BuildError::Copy { at: self.at(step), source: Box::new(source.into()) }
    }
}

fn scratch(platform: Platform) -> Configuration {
    let mut configuration = Configuration::scratch(platform);
    configuration.config.working_dir = Some("/".to_owned());
    configuration
}

/// How many steps do work that progress shows.
fn layer_steps(steps: &[Step]) -> usize {
    let is_layer = |step: &&Step| {
        use Instruction::{Add, Copy, Run, Workdir};
        matches!(step.instruction, Add(_) | Copy(_) | Run(_) | Workdir(_))
    };
    steps.iter().filter(is_layer).count()
}
