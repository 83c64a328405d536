//! Walks a graph of steps: each runs when all it depends on is done, many at a time.
//!
//! What a step does is not known here. The first failure and Ctrl-C keep the rest from beginning;
//! steps that are at work come to their end, steps that only wait are left alone.

mod schedule;

use crate::interrupt::Interrupt;
use schedule::Schedule;
use std::sync::Arc;
use tokio::task::{JoinError, JoinSet};

/// One step of a graph.
#[derive(Debug, Clone)]
pub(crate) struct Step<T> {
    /// What is to be done.
    pub(crate) work: T,
    /// Steps, by their place in the list, that come first.
    pub(crate) after: Vec<usize>,
    /// Whether it works or only waits.
    pub(crate) kind: StepKind,
}

/// What a step asks of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKind {
    /// It works and is over soon; only so many go on at a time.
    Work,
    /// It waits for something else; any number may go on, and none is worth waiting for after a failure.
    Wait,
}

/// Why a graph was not walked to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stopped<E> {
    /// Steps failed: the first, and those that were at work then and failed too.
    Failed(Vec<E>),
    /// The user asked for it.
    Interrupted,
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
    loop {
        while failures.is_empty()
            && let Some(place) = schedule.next()
        {
            let shared = Arc::clone(&shared);
            tasks.spawn_blocking(move || (place, (shared.1)(&shared.0[place].work)));
        }
        if tasks.is_empty() || (!failures.is_empty() && !schedule.is_working()) {
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
                finish_work(&mut schedule, &mut tasks).await;
                return Err(Stopped::Interrupted);
            }
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Stopped::Failed(failures)) }
}

/// Lets what is at work come to its end, so that nothing is left half made.
async fn finish_work<E: 'static>(schedule: &mut Schedule, tasks: &mut JoinSet<(usize, Result<(), E>)>) {
    while schedule.is_working()
        && let Some(ended) = tasks.join_next().await
    {
        let (place, result) = ended.unwrap_or_else(rethrow);
        schedule.finish(place, result.is_ok());
    }
}

/// A step is not cancelled, so the only other end it can come to is a panic.
fn rethrow<T>(error: JoinError) -> T {
    std::panic::resume_unwind(error.into_panic())
}

#[cfg(test)]
mod tests;
