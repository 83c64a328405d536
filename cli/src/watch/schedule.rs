//! What is done when, for one service. Pure: time and results come in, starts and ends go out.
//!
//! ```text
//!                 copies at once, whatever else goes on
//! rebuild asked ──150 ms of quiet, at most 1 s──> building ──> built: restarts and commands are done for
//!                                                    │  ^
//!                                                    └──┴── asked again: this one is broken off
//! restart, command asked ──50 ms of quiet──> restarting, running     (never beside a build)
//! ```

use super::batch::{Copy, Work};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long files must rest before an image is built: a save of all files is one build.
const BUILD_QUIET: Duration = Duration::from_millis(150);
/// When a build begins although files do not rest.
const BUILD_PATIENCE: Duration = Duration::from_secs(1);
/// How long files must rest before containers are restarted or entered.
const RESTART_QUIET: Duration = Duration::from_millis(50);

/// What goes on in one service.
#[derive(Debug, Default)]
pub(super) struct Lane {
    rebuild: Option<Asked>,
    restart: Option<Asked>,
    exec: BTreeSet<usize>,
    running: Option<Task>,
}

/// Something asked for that has not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    files: BTreeSet<PathBuf>,
    first: Instant,
    last: Instant,
}

/// Something that takes its time, one at a time for each service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Build the image and replace the containers.
    Rebuild {
        /// What for.
        files: BTreeSet<PathBuf>,
    },
    /// Restart the containers.
    Restart {
        /// What for.
        files: BTreeSet<PathBuf>,
    },
    /// Run the commands of these rules in the containers.
    Exec {
        /// Which rules, by number.
        rules: BTreeSet<usize>,
    },
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Copy files.
    Copy(BTreeSet<Copy>),
    /// Begin.
    Start(Task),
    /// Break off what runs.
    Cancel,
}

impl Lane {
    /// Changed files ask for `work`.
    pub(super) fn ask(&mut self, work: Work, now: Instant) -> Vec<Step> {
        let mut steps = Vec::new();
        if !work.copies.is_empty() {
            steps.push(Step::Copy(work.copies));
        }
        if !work.rebuild.is_empty() {
            // A build of older files is of no use any more.
            if let Some(Task::Rebuild { files }) = &self.running {
                ask(&mut self.rebuild, files.clone(), now);
                steps.push(Step::Cancel);
            }
            ask(&mut self.rebuild, work.rebuild, now);
        }
        if !work.restart.is_empty() {
            ask(&mut self.restart, work.restart, now);
        }
        if !work.exec.is_empty() {
            self.exec.extend(work.exec);
            ask(&mut self.restart, BTreeSet::new(), now);
        }
        steps.extend(self.begin(now));
        steps
    }

    /// What runs has ended; `is_done` unless it failed or was broken off.
    pub(super) fn ended(&mut self, is_done: bool, now: Instant) -> Vec<Step> {
        let task = self.running.take();
        // New containers have started with everything that was copied.
        if is_done && matches!(task, Some(Task::Rebuild { .. })) && self.rebuild.is_none() {
            self.restart = None;
            self.exec.clear();
        }
        self.begin(now)
    }

    /// Begins what has waited long enough.
    pub(super) fn begin(&mut self, now: Instant) -> Vec<Step> {
        if self.running.is_some() || self.next().is_none_or(|due| due > now) {
            return Vec::new();
        }
        let task = if let Some(asked) = self.rebuild.take() {
            Task::Rebuild { files: asked.files }
        } else {
            let files = self.restart.take().map(|asked| asked.files).unwrap_or_default();
            let rules = std::mem::take(&mut self.exec);
            if files.is_empty() {
                Task::Exec { rules }
            } else {
                // Commands come after the restart.
                self.exec = rules;
                if !self.exec.is_empty() {
                    self.restart = Some(Asked { files: BTreeSet::new(), first: now, last: now });
                }
                Task::Restart { files }
            }
        };
        self.running = Some(task.clone());
        vec![Step::Start(task)]
    }

    /// When to call [`Self::begin`] again; nothing while something runs or nothing is asked.
    pub(super) fn next(&self) -> Option<Instant> {
        if self.running.is_some() {
            return None;
        }
        match (&self.rebuild, &self.restart) {
            (Some(asked), _) => Some((asked.last + BUILD_QUIET).min(asked.first + BUILD_PATIENCE)),
            (None, Some(asked)) => Some(asked.last + RESTART_QUIET),
            (None, None) => None,
        }
    }
}

fn ask(slot: &mut Option<Asked>, files: BTreeSet<PathBuf>, now: Instant) {
    let asked = slot.get_or_insert_with(|| Asked { files: BTreeSet::new(), first: now, last: now });
    asked.files.extend(files);
    asked.last = now;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> BTreeSet<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    fn rebuild(names: &[&str]) -> Work {
        Work { rebuild: files(names), ..Work::default() }
    }

    fn started(names: &[&str]) -> Vec<Step> {
        vec![Step::Start(Task::Rebuild { files: files(names) })]
    }

    #[test]
    fn a_burst_is_one_build() {
        let (mut lane, start) = (Lane::default(), Instant::now());
        assert_eq!(lane.ask(rebuild(&["a"]), start), []);
        assert_eq!(lane.ask(rebuild(&["b"]), start + Duration::from_millis(100)), []);
        assert_eq!(lane.begin(start + Duration::from_millis(200)), [], "not quiet for long enough");
        assert_eq!(lane.begin(start + Duration::from_millis(250)), started(&["a", "b"]));
    }

    #[test]
    fn a_build_begins_although_files_never_rest() {
        let (mut lane, start) = (Lane::default(), Instant::now());
        for tenth in 0..10 {
            assert_eq!(lane.ask(rebuild(&["a"]), start + Duration::from_millis(tenth * 100)), []);
        }
        assert_eq!(lane.begin(start + BUILD_PATIENCE), started(&["a"]));
    }

    #[test]
    fn a_newer_change_breaks_off_a_build_and_keeps_its_files() {
        let (mut lane, start) = (Lane::default(), Instant::now());
        lane.ask(rebuild(&["a"]), start);
        let later = start + BUILD_QUIET;
        assert_eq!(lane.begin(later), started(&["a"]));
        assert_eq!(lane.ask(rebuild(&["b"]), later), [Step::Cancel]);
        assert_eq!(lane.ended(false, later), [], "quiet again first");
        assert_eq!(lane.begin(later + BUILD_QUIET), started(&["a", "b"]));
    }

    #[test]
    fn copies_go_on_beside_a_build() {
        let (mut lane, start) = (Lane::default(), Instant::now());
        lane.ask(rebuild(&["a"]), start);
        lane.begin(start + BUILD_QUIET);
        let copy = Copy { target: "/app".into(), path: "b".into(), source: "/p/b".into() };
        let work = Work { copies: BTreeSet::from([copy.clone()]), ..Work::default() };
        assert_eq!(lane.ask(work, start + BUILD_QUIET), [Step::Copy(BTreeSet::from([copy]))]);
    }

    #[test]
    fn a_build_that_is_done_makes_a_restart_needless_and_a_failed_one_does_not() {
        for is_done in [true, false] {
            let (mut lane, start) = (Lane::default(), Instant::now());
            lane.ask(rebuild(&["a"]), start);
            let later = start + BUILD_QUIET;
            lane.begin(later);
            lane.ask(Work { restart: files(&["b"]), ..Work::default() }, later);
            let steps = lane.ended(is_done, later + RESTART_QUIET);
            let restart = vec![Step::Start(Task::Restart { files: files(&["b"]) })];
            assert_eq!(steps, if is_done { Vec::new() } else { restart });
        }
    }

    #[test]
    fn a_failed_build_is_tried_again_with_the_next_save() {
        let (mut lane, start) = (Lane::default(), Instant::now());
        lane.ask(rebuild(&["a"]), start);
        lane.begin(start + BUILD_QUIET);
        assert_eq!(lane.ended(false, start + BUILD_QUIET), []);
        lane.ask(rebuild(&["a"]), start + BUILD_PATIENCE);
        assert_eq!(lane.begin(start + BUILD_PATIENCE + BUILD_QUIET), started(&["a"]));
    }

    #[test]
    fn commands_run_after_the_restart() {
        let (mut lane, start) = (Lane::default(), Instant::now());
        lane.ask(Work { restart: files(&["a"]), exec: BTreeSet::from([3]), ..Work::default() }, start);
        let later = start + RESTART_QUIET;
        assert_eq!(lane.begin(later), [Step::Start(Task::Restart { files: files(&["a"]) })]);
        let steps = lane.ended(true, later + RESTART_QUIET);
        assert_eq!(steps, [Step::Start(Task::Exec { rules: BTreeSet::from([3]) })]);
    }
}
