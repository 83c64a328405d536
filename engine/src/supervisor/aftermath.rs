//! What comes after a container's first process has ended: another start, or the supervisor's own end.

use super::custody;
use super::detach;
use super::ending::{self, End};
use super::restart::{self, Ending};
use super::run::Supervisor;
use super::state::State;
use super::step::Stream;
use super::stop::Cause;
use super::{Supervised, launch, message, presence};
use crate::container;
use crate::state::record::RecordError;
use engine_spec::{ContainerAction, Status};
use std::os::fd::AsFd;
use std::time::{Duration, Instant, SystemTime};

impl Supervisor {
    /// The first process has ended: takes the last of its output, and decides what comes next.
    pub(super) fn ended(&mut self) {
        let Some(run) = self.state.run() else { return };
        let how = ending::of(run.launched.init, run.launched.pidfd.as_fd());
        let oom_killed = run.launched.description.cgroup.oom_kills().is_ok_and(|kills| kills > 0);
        let end = End { how, started_at: Some(run.started_at), finished_at: SystemTime::now(), oom_killed };
        let cause = run.cause();
        let end = if cause.is_some() { end.by_us() } else { end };
        let (ran_for, custodian) = (run.started.elapsed(), run.launched.custodian);
        self.take_output(Stream::Stdout);
        self.take_output(Stream::Stderr);
        self.take_terminal();
        let _ = self.files.log.flush(SystemTime::now());
        custodian.into_iter().for_each(custody::end);
        self.settle(end, ran_for, cause);
    }

    /// Cleans up, and decides between another start and none. `cause` is why it was stopped, if it was.
    pub(super) fn settle(&mut self, end: End, ran_for: Duration, cause: Option<Cause>) {
        self.is_clean = launch::clean(&self.supervised).is_ok();
        if end.oom_killed {
            self.supervised.event(ContainerAction::Oom);
        }
        let exit_code = end.exit_code();
        self.supervised.event(ContainerAction::Die { exit_code });
        self.supervised.disconnected();
        if cause == Some(Cause::User) {
            self.supervised.event(ContainerAction::Stop);
        }
        let spec = &self.supervised.record.spec;
        // Who waits for a container that goes with its end is told when it has gone.
        if !spec.remove_on_exit {
            self.attached.end(exit_code);
        }
        let rule = restart::Rule { policy: spec.restart, pace: &spec.restart_pace };
        let now = Instant::now();
        match self.restarts.after(&rule, Ending { exit_code, cause, ran_for }, now) {
            Some(delay) => {
                self.state = State::Waiting { until: now + delay, end };
                self.publish_status();
                let _ = self.keep_status();
            }
            None => self.state = State::Over(end.status(matches!(cause, Some(Cause::User | Cause::Kill)))),
        }
    }

    /// The wait is over.
    pub(super) fn start_again(&mut self) {
        self.restarts.begin(Instant::now());
        // Why it failed is kept in the status.
        if self.launch().is_ok() {
            self.supervised.event(ContainerAction::Restart);
        }
    }

    /// Removes a container that was to go when it ended. One that cannot be removed now is removed by
    /// repair, whose attention its run folder has.
    fn is_removed(&mut self) -> bool {
        let Supervised { layout, record, .. } = &self.supervised;
        if !record.spec.remove_on_exit || !matches!(self.state, State::Over(Status::Exited { .. })) {
            return false;
        }
        let removed = container::remove_ended(layout, record, true);
        self.is_clean &= removed.is_ok();
        removed.is_ok()
    }

    /// Leaves: keeps how the container ended, removes the run folder, answers who waits for that.
    pub(super) fn leave(mut self) -> Result<(), RecordError> {
        let status = self.status();
        self.keep_status()?;
        let is_removed = self.is_removed();
        if is_removed {
            // Its folders are gone, and with them all that could be found of it.
        } else if self.is_clean {
            // A folder that stays is removed by repair.
            let _ = presence::remove_run_folder(&self.supervised.folder);
        } else {
            self.publish_status();
        }
        self.tell_watchers(status);
        drop(self.presence);
        for stopper in &self.stoppers {
            let _ = message::send(stopper, &message::Answer::Done, &[]);
        }
        if let State::Over(Status::Exited { exit_code, .. }) = self.state {
            self.attached.end(exit_code);
        }
        // Who is connected may take its time, and nobody else waits for this process any more.
        let _ = self.attached.finish();
        if is_removed {
            detach::leave_group(&self.supervised.layout);
        }
        Ok(())
    }
}
