//! Random graphs, failures and moments of cancelling: nothing runs before what it depends on, and what
//! stands half done is taken back.

use super::schedule::Schedule;
use super::{Step, StepKind, Stopped, Tolerance, Undo, apply};
use crate::console::interrupt::Interrupt;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

const ROUNDS: u64 = 300;

/// A small generator (xorshift64*), so that every failure can be repeated by its seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).expect("31 bits") % end.max(1)
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// What a step does: its own work, or that of taking it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Forth(usize),
    Back(usize),
}

/// Up to twenty steps that wait for earlier ones.
fn graph(random: &mut Random) -> Vec<Step<Work>> {
    let count = 1 + random.below(20);
    let earlier = |random: &mut Random, place: usize| -> Vec<usize> {
        let chosen: BTreeSet<usize> = (0..random.below(3)).map(|_| random.below(place)).collect();
        if place == 0 { Vec::new() } else { chosen.into_iter().collect() }
    };
    let step = |place: usize, random: &mut Random| {
        let kind = [StepKind::Work, StepKind::Stop, StepKind::Wait][random.below(3)];
        // Only what works can stand half done.
        let can_be_undone = kind != StepKind::Wait && place + 1 < count && random.is(2);
        Step {
            work: Work::Forth(place),
            after: earlier(random, place),
            behind: earlier(random, place),
            kind,
            undo: can_be_undone.then(|| Undo {
                work: Work::Back(place),
                until: place + 1 + random.below(count - place - 1),
            }),
            tolerance: random.is(3).then(|| Tolerance { group: random.below(2), failures: 2 }),
        }
    };
    (0..count).map(|place| step(place, random)).collect()
}

/// How far each step came in a walk that the test performs.
#[derive(Default)]
struct Walk {
    going_on: Vec<usize>,
    done: BTreeSet<usize>,
    failed: BTreeSet<usize>,
}

impl Walk {
    /// Begins what may begin, and checks that it may.
    fn begin(&mut self, schedule: &mut Schedule, steps: &[Step<Work>]) {
        while let Some(place) = schedule.next() {
            let step = &steps[place];
            assert!(step.after.iter().all(|earlier| self.done.contains(earlier)), "{place} began too early");
            let is_over =
                |earlier: &usize| !self.going_on.contains(earlier) && self.is_settled(*earlier, steps);
            assert!(step.behind.iter().all(is_over), "{place} began before another was over");
            assert!(!self.going_on.contains(&place), "{place} began twice");
            self.going_on.push(place);
        }
    }

    /// Done, failed, or kept from beginning by a failure before it.
    fn is_settled(&self, place: usize, steps: &[Step<Work>]) -> bool {
        let is_lost = |earlier: &usize| !self.done.contains(earlier) && self.is_settled(*earlier, steps);
        self.done.contains(&place) || self.failed.contains(&place) || steps[place].after.iter().any(is_lost)
    }

    fn end_one(&mut self, schedule: &mut Schedule, random: &mut Random, one_fails_in: usize) {
        let place = self.going_on.swap_remove(random.below(self.going_on.len()));
        let is_done = !random.is(one_fails_in);
        if is_done {
            self.done.insert(place)
        } else {
            self.failed.insert(place)
        };
        schedule.finish(place, is_done);
    }
}

#[test]
fn no_step_begins_before_what_it_depends_on() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let steps = graph(&mut random);
        let mut schedule = Schedule::new(&steps, 1 + random.below(4));
        let (mut walk, mut cancel) = (Walk::default(), random.below(40));
        let one_fails_in = [7, usize::MAX][random.below(2)];
        loop {
            walk.begin(&mut schedule, &steps);
            if !schedule.is_going_on() {
                break;
            }
            walk.end_one(&mut schedule, &mut random, one_fails_in);
            if cancel == 0 {
                schedule.stop();
                assert_eq!(schedule.next(), None, "seed {seed}: something began after the end");
            }
            cancel = cancel.saturating_sub(1);
        }
        let works = |place: &usize| steps[*place].kind != StepKind::Wait;
        assert!(!walk.going_on.iter().any(works), "seed {seed}: something at work was not waited for");
        if cancel > 0 && walk.failed.is_empty() {
            assert_eq!(walk.done.len(), steps.len(), "seed {seed}: not everything was done");
        }
    }
}

#[test]
fn what_stands_half_done_is_taken_back_once_and_last_first() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let steps = graph(&mut random);
        let fails: BTreeSet<usize> = (0..steps.len()).filter(|_| random.is(8)).collect();
        let (log, is_right) = walked(steps.clone(), &fails);
        let forth: BTreeSet<usize> = log
            .iter()
            .filter_map(|work| if let Work::Forth(place) = work { Some(*place) } else { None })
            .collect();
        let back: Vec<usize> = log
            .iter()
            .filter_map(|work| if let Work::Back(place) = work { Some(*place) } else { None })
            .collect();
        let is_half_done = |place: &usize| {
            let Some(undo) = &steps[*place].undo else { return false };
            let is_kept = forth.contains(&undo.until) && !fails.contains(&undo.until);
            forth.contains(place) && !is_kept
        };
        let expected: Vec<usize> = (0..steps.len()).rev().filter(is_half_done).collect();
        assert_eq!(back, expected, "seed {seed}: {log:?}");
        assert_eq!(is_right, forth.is_disjoint(&fails), "seed {seed}");
    }
}

/// What was done in which order, and whether nothing failed. A step that only waits succeeds at once, so
/// that none is left behind.
fn walked(mut steps: Vec<Step<Work>>, fails: &BTreeSet<usize>) -> (Vec<Work>, bool) {
    for step in steps.iter_mut().filter(|step| step.kind == StepKind::Wait) {
        step.kind = StepKind::Stop;
    }
    let log = Arc::new(Mutex::new(Vec::new()));
    let (seen, fails) = (Arc::clone(&log), fails.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let result = runtime.block_on(async {
        let mut interrupt = Interrupt::listen().expect("signals");
        let perform = move |work: &Work| {
            seen.lock().expect("lock").push(*work);
            match work {
                Work::Forth(place) if fails.contains(place) => Err(*place),
                _ => Ok(()),
            }
        };
        apply(steps, 3, &mut interrupt, perform).await
    });
    let is_right = !matches!(result, Err(Stopped::Failed(_) | Stopped::Interrupted(_)));
    let log = log.lock().expect("lock").clone();
    (log, is_right)
}
