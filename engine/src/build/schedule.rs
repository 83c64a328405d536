//! Stages of several builds at once: each starts when what it stands on is done.

use super::error::BuildError;
use super::solve::Solver;
use super::stage::StageBuild;
use super::workshop::Workshop;
use crate::build::outcome::draft::Draft;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The index of the build that failed, and why.
pub(super) type Failed = (usize, Box<BuildError>);

/// A stage of one of the builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    /// The index of the build.
    pub(super) build: usize,
    /// The index of the stage in its file.
    pub(super) stage: usize,
}

/// The builds of a request, and how far their stages are.
pub(super) struct Schedule<'a> {
    pub(super) shop: &'a Workshop<'a>,
    pub(super) solvers: &'a [Solver<'a>],
    /// What is needed, each stage after those it needs.
    order: Vec<Needed>,
    progress: Mutex<Progress>,
    /// Told whenever a stage ends.
    ended: Condvar,
}

/// A stage and what must be done before it.
pub(super) struct Needed {
    pub(super) node: Node,
    pub(super) needs: Vec<Node>,
}

#[derive(Default)]
struct Progress {
    /// By place in the builds and their files.
    stages: Vec<Vec<State>>,
    failure: Option<Failed>,
}

#[derive(Default)]
enum State {
    #[default]
    Waiting,
    Running,
    Done(Box<Draft>),
    Failed,
}

impl<'a> Schedule<'a> {
    /// Gets ready to build the target of each solver.
    pub(super) fn new(shop: &'a Workshop<'a>, solvers: &'a [Solver<'a>]) -> Result<Self, Failed> {
        let mut order = Vec::new();
        for build in build_order(solvers)? {
            let needed = solvers[build].needed(build, solvers).map_err(|error| (build, Box::new(error)))?;
            order.extend(needed);
        }
        let waiting = |solver: &Solver<'_>| solver.file.stages.iter().map(|_| State::Waiting).collect();
        let stages = solvers.iter().map(waiting).collect();
        let progress = Mutex::new(Progress { stages, failure: None });
        Ok(Self { shop, solvers, order, progress, ended: Condvar::new() })
    }

    /// Builds all that is needed, `parallel` stages at a time, and returns the targets.
    pub(super) fn run(&self, parallel: NonZeroUsize) -> Result<Vec<Draft>, Failed> {
        let workers = parallel.get().min(self.order.len());
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(|| self.work());
            }
            self.work();
        });
        let mut progress = self.progress();
        if let Some(failure) = progress.failure.take() {
            return Err(failure);
        }
        let target = |(build, solver): (usize, &Solver<'_>)| match std::mem::take(
            &mut progress.stages[build][solver.target],
        ) {
            State::Done(draft) => Ok(*draft),
            State::Waiting | State::Running | State::Failed => Err((build, Box::new(BuildError::Stopped))),
        };
        self.solvers.iter().enumerate().map(target).collect()
    }

    /// The result of a stage: built now unless it is done or another thread is at it.
    pub(super) fn result(&self, node: Node) -> Result<Draft, BuildError> {
        let mut progress = self.progress();
        loop {
            match &progress.stages[node.build][node.stage] {
                State::Waiting | State::Running if progress.failure.is_some() => {
                    return Err(BuildError::Stopped);
                }
                State::Done(draft) => return Ok((**draft).clone()),
                State::Failed => return Err(BuildError::Stopped),
                State::Waiting => {
                    progress.stages[node.build][node.stage] = State::Running;
                    drop(progress);
                    self.build(node);
                    progress = self.progress();
                }
                State::Running => {
                    progress = self.ended.wait(progress).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Takes one stage after the other until none is left or one has failed.
    fn work(&self) {
        while let Some(node) = self.take() {
            self.build(node);
        }
    }

    /// The next stage whose needs are met; waits while others may still meet them.
    fn take(&self) -> Option<Node> {
        let mut progress = self.progress();
        loop {
            if progress.failure.is_some() {
                return None;
            }
            let is_waiting = |node: &Node| matches!(progress.stages[node.build][node.stage], State::Waiting);
            let is_done = |node: &Node| matches!(progress.stages[node.build][node.stage], State::Done(_));
            let mut waiting = self.order.iter().filter(|needed| is_waiting(&needed.node)).peekable();
            waiting.peek()?;
            let ready = waiting.find(|needed| needed.needs.iter().all(is_done)).map(|needed| needed.node);
            if let Some(node) = ready {
                progress.stages[node.build][node.stage] = State::Running;
                return Some(node);
            }
            progress = self.ended.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn build(&self, node: Node) {
        let result = StageBuild::new(self, node).build();
        let mut progress = self.progress();
        progress.stages[node.build][node.stage] = match result {
            Ok(draft) => State::Done(Box::new(draft)),
            Err(error) => {
                self.shop.stop.give();
                // What stopped because of another failure says nothing about it.
                if !matches!(error, BuildError::Stopped) {
                    progress.failure.get_or_insert((node.build, Box::new(error)));
                }
                State::Failed
            }
        };
        self.ended.notify_all();
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The builds, each after those whose results are its contexts.
fn build_order(solvers: &[Solver<'_>]) -> Result<Vec<usize>, Failed> {
    let mut order = Vec::new();
    for build in 0..solvers.len() {
        visit(solvers, build, &mut Vec::new(), &mut order)?;
    }
    Ok(order)
}

/// Adds `build` behind those it needs; `path` is how it was reached.
fn visit(
    solvers: &[Solver<'_>],
    build: usize,
    path: &mut Vec<usize>,
    order: &mut Vec<usize>,
) -> Result<(), Failed> {
    if order.contains(&build) {
        return Ok(());
    }
    let solver = &solvers[build];
    if path.contains(&build) {
        return Err((build, Box::new(BuildError::Circle { build: solver.id.to_owned() })));
    }
    path.push(build);
    for id in solver.builds_needed() {
        let other = solvers.iter().position(|other| other.id == id);
        let unknown = || (build, Box::new(BuildError::UnknownBuild { build: id.to_owned() }));
        visit(solvers, other.ok_or_else(unknown)?, path, order)?;
    }
    path.pop();
    order.push(build);
    Ok(())
}
