//! One stage at work: each step from the cache or by doing it.

mod base;
mod layer;

pub(super) use layer::{LayerStep, Trust, Workplace};

use super::dockerfile::{Diagnostic, Instruction, SourceLine, Span, Stage, Step, parse_trigger};
use super::error::BuildError;
use super::schedule::{Node, Schedule};
use super::solve::Solver;
use super::workshop::Workshop;
use super::{BuildEvent, StepLabel};
use crate::build::files::transfer::CopyError;
use crate::build::outcome::draft::Draft;
use crate::calendar::rfc3339;
use engine_spec::Platform;
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

    /// The line of a step, for errors.
    pub(super) fn at(&self, step: &Step) -> SourceLine {
        self.solver.file.source.line(step.span.line)
    }

    /// A failure to put files into the layer of `step`.
    pub(super) fn copy_error(&self, step: &Step, source: impl Into<CopyError>) -> BuildError {
        BuildError::Copy { at: self.at(step), source: Box::new(source.into()) }
    }
}

/// How many steps do work that progress shows.
fn layer_steps(steps: &[Step]) -> usize {
    let is_layer = |step: &&Step| {
        use Instruction::{Add, Copy, Run, Workdir};
        matches!(step.instruction, Add(_) | Copy(_) | Run(_) | Workdir(_))
    };
    steps.iter().filter(is_layer).count()
}
