//! Stages one after the other, each step from the cache or by doing it.

use super::cache::{Cache, StepRecord};
use super::dockerfile::{Diagnostic, Dockerfile, Instruction, SourceLine, Span, Stage, Step, parse_trigger};
use super::draft::Draft;
use super::error::BuildError;
use super::graph::{self, Base};
use super::scope::{Given, Scope, global_scope};
use super::stat_cache::StatCache;
use super::transfer::CopyError;
use super::upper::Upper;
use super::view::View;
use super::{BuildEvent, Host, StepLabel, StepRunner};
use crate::image::{Configuration, Image, Staging, Store};
use crate::state::Layout;
use engine_spec::{BuildSpec, Digest, ImageReference, Platform};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

/// A build at work.
pub(super) struct Solver<'a> {
    pub(super) spec: &'a BuildSpec,
    pub(super) file: &'a Dockerfile,
    pub(super) host: &'a Host<'a>,
    pub(super) runner: &'a dyn StepRunner,
    pub(super) layout: &'a Layout,
    pub(super) store: Store,
    pub(super) platform: Platform,
    pub(super) global: Scope,
    pub(super) cache: Cache,
    /// Digests of the files of the context and of stages.
    pub(super) contents: StatCache,
    /// The context, once a step has asked for it.
    pub(super) context: Option<Rc<View>>,
    /// Where the Dockerfile lies, beside which its ignore file may.
    pub(super) dockerfile: Option<PathBuf>,
    /// Finished stages.
    pub(super) stages: BTreeMap<usize, Draft>,
    /// The stage and step being done, for events.
    pub(super) label: StepLabel,
    /// The index of the stage being done.
    pub(super) stage: usize,
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

impl<'a> Solver<'a> {
    /// Gets ready to build what `spec` asks for from `file`, which was read from `path`.
    pub(super) fn new(
        layout: &'a Layout,
        (spec, file, dockerfile): (&'a BuildSpec, &'a Dockerfile, Option<PathBuf>),
        host: &'a Host<'a>,
        runner: &'a dyn StepRunner,
    ) -> Result<Self, Diagnostic> {
        let platform = spec.platform.clone().unwrap_or_else(Platform::host);
        Ok(Self {
            global: global_scope(file, &spec.args, (&platform, spec.target.as_deref()))?,
            platform,
            store: Store::open(layout),
            cache: Cache::open(layout, !spec.no_cache),
            contents: StatCache::load(StatCache::path_in(&layout.build())),
            context: None,
            stages: BTreeMap::new(),
            stage: 0,
            label: StepLabel { stage: String::new(), index: 0, total: 0 },
            spec,
            file,
            dockerfile,
            host,
            runner,
            layout,
        })
    }

    /// Builds `target` and all it needs.
    pub(super) fn solve(&mut self, target: usize) -> Result<Draft, BuildError> {
        for index in graph::order(self.file, target, &self.global)? {
            self.solve_stage(index)?;
        }
        self.stages
            .remove(&target)
            .ok_or_else(|| BuildError::UnknownTarget { target: target.to_string(), hint: None })
    }

    /// Builds one stage unless it is built; those it stands on come first.
    pub(super) fn solve_stage(&mut self, index: usize) -> Result<(), BuildError> {
        if self.stages.contains_key(&index) {
            return Ok(());
        }
        let outer = (self.stage, self.label.clone());
        let file = self.file;
        let stage = &file.stages[index];
        self.stage = index;
        self.label =
            StepLabel { stage: stage_name(stage, index), index: 1, total: 1 + layer_steps(&stage.steps) };
        let mut draft = self.start(index, stage)?;
        let triggers = self.triggers(&mut draft, stage.span)?;
        self.label.total += layer_steps(&triggers);
        for step in triggers.iter().chain(&stage.steps) {
            self.step(&mut draft, step)?;
        }
        self.stages.insert(index, draft);
        (self.stage, self.label) = outer;
        Ok(())
    }

    /// FROM.
    fn start(&mut self, index: usize, stage: &Stage) -> Result<Draft, BuildError> {
        let (begun, step) = (Instant::now(), self.label.clone());
        self.emit(BuildEvent::StepStarted { step: step.clone(), text: stage.text.clone() });
        let based = self.base(index, stage.base.span);
        let (draft, is_here) =
            based.inspect_err(|_| self.emit(BuildEvent::StepFailed { step: step.clone() }))?;
        self.emit(match is_here {
            true => BuildEvent::StepCached { step },
            false => BuildEvent::StepDone { step, elapsed: begun.elapsed() },
        });
        Ok(draft)
    }

    /// What stage `index` starts from, and whether it was here already.
    fn base(&mut self, index: usize, span: Span) -> Result<(Draft, bool), BuildError> {
        let start = graph::start(self.file, index, &self.global)?;
        let platform = start.platform.unwrap_or_else(|| self.platform.clone());
        match start.base {
            Base::Scratch => Ok((Draft::new(scratch(platform)), true)),
            Base::Stage(earlier) => {
                self.solve_stage(earlier)?;
                Ok((self.stages[&earlier].child(), true))
            }
            Base::Image(reference) => {
                let (image, is_here) = self.image(&reference, &platform, span)?;
                Ok((Draft::new(self.store.configuration(&image)?), is_here))
            }
        }
    }

    /// The image `reference`, and whether it was here already.
    pub(super) fn image(
        &self,
        reference: &ImageReference,
        platform: &Platform,
        span: Span,
    ) -> Result<(Image, bool), BuildError> {
        let local = if self.spec.pull { None } else { self.store.find(reference)? };
        let is_fitting = |image: &Image| {
            image.platform.os == platform.os && image.platform.architecture == platform.architecture
        };
        if let Some(image) = local.filter(is_fitting) {
            return Ok((image, true));
        }
        let pulled = (self.host.pull)(reference, platform);
        let at = self.file.source.line(span.line);
        let image = pulled.map_err(|source| BuildError::Pull {
            reference: Box::new(reference.clone()),
            at,
            source,
        })?;
        Ok((image, false))
    }

    /// What the base image left to be done now; it is not left to images made from this one.
    fn triggers(&self, draft: &mut Draft, from: Span) -> Result<Vec<Step>, Diagnostic> {
        let triggers = std::mem::take(&mut draft.configuration.config.on_build);
        triggers.iter().map(|text| parse_trigger(self.file, text, from)).collect()
    }

    fn step(&mut self, draft: &mut Draft, step: &Step) -> Result<(), BuildError> {
        match &step.instruction {
            Instruction::Run(run) => self.run(draft, step, run),
            Instruction::Copy(copy) | Instruction::Add(copy) => self.transfer(draft, step, copy),
            Instruction::Workdir(path) => self.workdir(draft, step, path),
            Instruction::Arg(arguments) => {
                draft.scope.declare(self.file, arguments, (self.given(), &self.global))?;
                draft.note(step.text.clone());
                Ok(())
            }
            _ => {
                if let Some(history) = draft.apply(self.file, step)? {
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
        self.label.index += 1;
        let step = self.label.clone();
        self.emit(BuildEvent::StepStarted { step: step.clone(), text: layer.step.text.clone() });
        if let Some(record) = self.cache.find(&layer.key, &self.store) {
            self.emit(BuildEvent::StepCached { step });
            draft.push(record, layer.history);
            return Ok(());
        }
        let begun = Instant::now();
        let made = self.make_layer(draft, &layer, make);
        let (record, trust) =
            made.inspect_err(|_| self.emit(BuildEvent::StepFailed { step: step.clone() }))?;
        if trust == Trust::Kept {
            self.cache.keep(&layer.key, &record)?;
        }
        self.emit(BuildEvent::StepDone { step, elapsed: begun.elapsed() });
        draft.push(record, layer.history);
        Ok(())
    }

    fn make_layer(
        &mut self,
        draft: &Draft,
        layer: &LayerStep<'_>,
        make: impl FnOnce(&mut Self, &Workplace) -> Result<Trust, BuildError>,
    ) -> Result<(StepRecord, Trust), BuildError> {
        let staging = Staging::new(self.layout)?;
        let tree = self.store.stage_tree(&staging)?;
        let layers = if layer.is_linked { Vec::new() } else { draft.layer_paths(self.layout) };
        let upper = Upper::new(&tree, &layers).map_err(|error| self.copy_error(layer.step, error))?;
        let place = Workplace { staging, tree, upper, layers };
        let trust = make(self, &place)?;
        let is_empty = std::fs::read_dir(&place.tree).is_ok_and(|mut entries| entries.next().is_none());
        if is_empty && !layer.always {
            return Ok((StepRecord::now(None), trust));
        }
        Ok((StepRecord::now(Some(self.store.commit_layer(&place.tree)?.diff_id)), trust))
    }

    /// The key of doing `action` on top of `layers`.
    pub(super) fn key(&self, layers: &[Digest], action: &impl Serialize) -> Digest {
        Cache::key(&self.platform, layers, action)
    }

    /// The values the caller gave to arguments.
    pub(super) fn given(&self) -> &Given {
        &self.spec.args
    }

    /// The line of a step, for errors.
    pub(super) fn at(&self, step: &Step) -> SourceLine {
        self.file.source.line(step.span.line)
    }

    /// A failure to put files into the layer of `step`.
    pub(super) fn copy_error(&self, step: &Step, source: impl Into<CopyError>) -> BuildError {
        BuildError::Copy { at: self.at(step), source: Box::new(source.into()) }
    }

    pub(super) fn emit(&self, event: BuildEvent) {
        (self.host.events)(event);
    }
}

fn scratch(platform: Platform) -> Configuration {
    let mut configuration = Configuration::scratch(platform);
    configuration.config.working_dir = Some("/".to_owned());
    configuration
}

fn stage_name(stage: &Stage, index: usize) -> String {
    stage.name.clone().unwrap_or_else(|| format!("stage-{index}"))
}

/// How many steps do work that progress shows.
fn layer_steps(steps: &[Step]) -> usize {
    let is_layer = |step: &&Step| {
        use Instruction::{Add, Copy, Run, Workdir};
        matches!(step.instruction, Add(_) | Copy(_) | Run(_) | Workdir(_))
    };
    steps.iter().filter(is_layer).count()
}
