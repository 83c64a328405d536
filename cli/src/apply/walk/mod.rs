//! Walks a graph of steps: each runs when all it depends on is done, many at a time.
//!
//! What a step does is not known here. The first failure and Ctrl-C keep the rest from beginning;
//! steps that are at work come to their end, steps that only wait are left alone. What then stands
//! half done is taken back, last step first: no step that can be taken back is forgotten.

mod schedule;
mod undo;

use crate::console::interrupt::Interrupt;
use schedule::Schedule;
use std::sync::Arc;
use tokio::task::{JoinError, JoinSet};

/// One step of a graph.
#[derive(Debug, Clone)]
pub(crate) struct Step<T> {
    /// What is to be done.
    pub(crate) work: T,
    /// Steps, by their place in the list, that must be done before.
    pub(crate) after: Vec<usize>,
    /// Steps that must have come to an end before, even that of never beginning.
    pub(crate) behind: Vec<usize>,
    /// Whether it works or only waits.
    pub(crate) kind: StepKind,
    /// How it is taken back.
    pub(crate) undo: Option<Undo<T>>,
    /// Which failures besides its own are borne.
    pub(crate) tolerance: Option<Tolerance>,
}

/// What a step asks of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKind {
    /// It works and is over soon; only so many go on at a time.
    Work,
    /// It waits for what it began itself, so it is waited for; any number may go on.
    Stop,
    /// It waits for something else; any number may go on, and none is worth waiting for after a failure.
    Wait,
}

/// What takes a step back if the walk ends after it began and before the step `until` is done.
#[derive(Debug, Clone)]
pub(crate) struct Undo<T> {
    /// What is to be done.
    pub(crate) work: T,
    /// The step, by its place, from which on there is no way back.
    pub(crate) until: usize,
}

/// Failures of a group of steps that keep only what depends on them from beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tolerance {
    /// The group.
    pub(crate) group: usize,
    /// How many of them are borne.
    pub(crate) failures: u32,
}

/// Why a graph was not walked to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stopped<E> {
    /// Steps failed: the first, those that were at work then and failed too, and what could not be taken back.
    Failed(Vec<E>),
    /// The user asked for it; with what failed meanwhile.
    Interrupted(Vec<E>),
}

/// Runs `perform` for each step, for at most `limit` working steps at a time, on threads that may block.
pub(crate) async fn apply<T, E, P>(
    steps: Vec<Step<T>>,
    limit: usize,
    interrupt: &mut Interrupt,
    perform: P,
) -> Result<(), Stopped<E>>
where
    T: Send + Sync + 'static,
    E: Send + 'static,
    P: Fn(&T) -> Result<(), E> + Send + Sync + 'static,
{
    let mut schedule = Schedule::new(&steps, limit);
    let shared = Arc::new((steps, perform));
    let mut tasks = JoinSet::new();
    let mut failures = Vec::new();
    let mut is_interrupted = false;
    loop {
        while let Some(place) = schedule.next() {
            let shared = Arc::clone(&shared);
            tasks.spawn_blocking(move || (place, (shared.1)(&shared.0[place].work)));
        }
        if !schedule.is_going_on() {
            break;
        }
        // Cancel-safe: a task that ended stays in the set, a signal in its receiver.
        tokio::select! {
            Some(ended) = tasks.join_next() => {
                let (place, result) = ended.unwrap_or_else(rethrow);
                schedule.finish(place, result.is_ok());
                failures.extend(result.err());
            }
            () = interrupt.next() => {
                // Twice: what is waited for goes on without us.
                if is_interrupted && !schedule.is_working() {
                    break;
                }
                is_interrupted = true;
                schedule.stop();
            }
        }
    }
    failures.extend(undo::undo(&schedule, shared).await);
    match (is_interrupted, failures.is_empty()) {
        (true, _) => Err(Stopped::Interrupted(failures)),
        (false, false) => Err(Stopped::Failed(failures)),
        (false, true) => Ok(()),
    }
}

/// A step is not cancelled, so the only other end it can come to is a panic.
fn rethrow<T>(error: JoinError) -> T {
    std::panic::resume_unwind(error.into_panic())
}

#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
