//! Which step is next. Pure: no threads, no time.

use super::{Step, StepKind, Tolerance};
use std::collections::{BTreeMap, VecDeque};

/// The state of a walk.
#[derive(Debug)]
pub(super) struct Schedule {
    steps: Vec<State>,
    ready_to_work: VecDeque<usize>,
    ready_to_wait: VecDeque<usize>,
    working: usize,
    stopping: usize,
    waiting: usize,
    limit: usize,
    is_stopped: bool,
    /// Failures borne so far, by group.
    borne: BTreeMap<usize, u32>,
}

/// What is known of a step.
#[derive(Debug)]
struct State {
    kind: StepKind,
    progress: Progress,
    tolerance: Option<Tolerance>,
    /// How many steps it still has to wait for.
    missing: usize,
    /// Who waits for it to be done.
    dependents: Vec<usize>,
    /// Who waits for it to be over.
    followers: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Ahead,
    Begun,
    Done,
    Failed,
    /// Something it depends on failed.
    Skipped,
}

impl Schedule {
    /// Nothing is done yet. At least one step works at a time.
    pub(super) fn new<T>(steps: &[Step<T>], limit: usize) -> Self {
        let state = |step: &Step<T>| State {
            kind: step.kind,
            progress: Progress::Ahead,
            tolerance: step.tolerance,
            missing: step.after.len() + step.behind.len(),
            dependents: Vec::new(),
            followers: Vec::new(),
        };
        let mut schedule = Self {
            steps: steps.iter().map(state).collect(),
            ready_to_work: VecDeque::new(),
            ready_to_wait: VecDeque::new(),
            working: 0,
            stopping: 0,
            waiting: 0,
            limit: limit.max(1),
            is_stopped: false,
            borne: BTreeMap::new(),
        };
        for (place, step) in steps.iter().enumerate() {
            step.after.iter().for_each(|&earlier| schedule.steps[earlier].dependents.push(place));
            step.behind.iter().for_each(|&earlier| schedule.steps[earlier].followers.push(place));
            schedule.ready_if_free(place);
        }
        schedule
    }

    /// A step that may begin now, in the order they became ready.
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.is_stopped {
            return None;
        }
        let place = match self.ready_to_wait.pop_front() {
            Some(place) => place,
            None if self.working < self.limit => self.ready_to_work.pop_front()?,
            None => return None,
        };
        self.steps[place].progress = Progress::Begun;
        *self.counter(place) += 1;
        Some(place)
    }

    /// A step has ended. If it is done, those that waited for it may be ready; if it failed, nothing
    /// else begins, unless the failure is borne: then only what depends on it does not.
    pub(super) fn finish(&mut self, place: usize, is_done: bool) {
        *self.counter(place) -= 1;
        if is_done {
            self.steps[place].progress = Progress::Done;
            self.release(place);
            return;
        }
        self.steps[place].progress = Progress::Failed;
        if self.is_borne(place) { self.skip_dependents(place) } else { self.stop() }
    }

    /// Nothing begins any more.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Whether something is at work, or is waited for while nothing failed.
    pub(super) fn is_going_on(&self) -> bool {
        self.working + self.stopping > 0 || (!self.is_stopped && self.waiting > 0)
    }

    /// Whether a step is at work, rather than waiting.
    pub(super) fn is_working(&self) -> bool {
        self.working > 0
    }

    /// Whether a step was begun.
    pub(super) fn has_begun(&self, place: usize) -> bool {
        matches!(self.steps[place].progress, Progress::Begun | Progress::Done | Progress::Failed)
    }

    /// Whether a step is done.
    pub(super) fn is_done(&self, place: usize) -> bool {
        self.steps[place].progress == Progress::Done
    }

    fn counter(&mut self, place: usize) -> &mut usize {
        match self.steps[place].kind {
            StepKind::Work => &mut self.working,
            StepKind::Stop => &mut self.stopping,
            StepKind::Wait => &mut self.waiting,
        }
    }

    fn is_borne(&mut self, place: usize) -> bool {
        let Some(Tolerance { group, failures }) = self.steps[place].tolerance else { return false };
        let borne = self.borne.entry(group).or_default();
        *borne += 1;
        *borne <= failures
    }

    /// A step is over and done: both kinds of waiting end.
    fn release(&mut self, place: usize) {
        let dependents = std::mem::take(&mut self.steps[place].dependents);
        dependents.into_iter().for_each(|dependent| self.count_down(dependent));
        self.release_followers(place);
    }

    fn release_followers(&mut self, place: usize) {
        let followers = std::mem::take(&mut self.steps[place].followers);
        followers.into_iter().for_each(|follower| self.count_down(follower));
    }

    fn count_down(&mut self, place: usize) {
        self.steps[place].missing -= 1;
        self.ready_if_free(place);
    }

    /// What depends on a failed step never begins; what only follows it may.
    fn skip_dependents(&mut self, place: usize) {
        for dependent in std::mem::take(&mut self.steps[place].dependents) {
            if self.steps[dependent].progress == Progress::Ahead {
                self.steps[dependent].progress = Progress::Skipped;
                self.skip_dependents(dependent);
            }
        }
        self.release_followers(place);
    }

    fn ready_if_free(&mut self, place: usize) {
        let step = &self.steps[place];
        if step.missing > 0 || step.progress != Progress::Ahead {
            return;
        }
        match step.kind {
            StepKind::Work => self.ready_to_work.push_back(place),
            StepKind::Stop | StepKind::Wait => self.ready_to_wait.push_back(place),
        }
    }
}
