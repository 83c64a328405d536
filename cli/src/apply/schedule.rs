//! Which step is next. Pure: no threads, no time.

use super::{Step, StepKind};
use std::collections::VecDeque;

/// The state of a walk.
#[derive(Debug)]
pub(super) struct Schedule {
    kinds: Vec<StepKind>,
    /// How many steps each one still has to wait for.
    missing: Vec<usize>,
    /// Who waits for each step.
    dependents: Vec<Vec<usize>>,
    ready_to_work: VecDeque<usize>,
    ready_to_wait: VecDeque<usize>,
    working: usize,
    limit: usize,
}

impl Schedule {
    /// Nothing is done yet. At least one step works at a time.
    pub(super) fn new<T>(steps: &[Step<T>], limit: usize) -> Self {
        let mut schedule = Self {
            kinds: steps.iter().map(|step| step.kind).collect(),
            missing: steps.iter().map(|step| step.after.len()).collect(),
            dependents: vec![Vec::new(); steps.len()],
            ready_to_work: VecDeque::new(),
            ready_to_wait: VecDeque::new(),
            working: 0,
            limit: limit.max(1),
        };
        for (place, step) in steps.iter().enumerate() {
            step.after.iter().for_each(|&earlier| schedule.dependents[earlier].push(place));
            if step.after.is_empty() {
                schedule.make_ready(place);
            }
        }
        schedule
    }

    /// A step that may begin now, in the order they became ready.
    pub(super) fn next(&mut self) -> Option<usize> {
        if let Some(place) = self.ready_to_wait.pop_front() {
            return Some(place);
        }
        if self.working == self.limit {
            return None;
        }
        let place = self.ready_to_work.pop_front()?;
        self.working += 1;
        Some(place)
    }

    /// A step has ended; if it is done, those that waited for it may be ready.
    pub(super) fn finish(&mut self, place: usize, is_done: bool) {
        self.working -= usize::from(self.kinds[place] == StepKind::Work);
        if !is_done {
            return;
        }
        for dependent in std::mem::take(&mut self.dependents[place]) {
            self.missing[dependent] -= 1;
            if self.missing[dependent] == 0 {
                self.make_ready(dependent);
            }
        }
    }

    /// Whether a step is at work, rather than waiting.
    pub(super) fn is_working(&self) -> bool {
        self.working > 0
    }

    fn make_ready(&mut self, place: usize) {
        match self.kinds[place] {
            StepKind::Work => self.ready_to_work.push_back(place),
            StepKind::Wait => self.ready_to_wait.push_back(place),
        }
    }
}
