//! How a container is asked to end, and made to when it does not.

use super::deaf;
use super::launch::Launched;
use crate::container::Signal;
use crate::state::container::ContainerRecord;
use crate::sys;
use engine_spec::{ContainerSpec, ImageConfig};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

const GRACE_PERIOD: Duration = Duration::from_secs(10);
/// How long a container must stay deaf before it is killed early: time for a program that has just
/// been started to set up its handler.
const STILL_DEAF: Duration = Duration::from_millis(50);

/// A container on its way to its end.
#[derive(Debug)]
pub(super) struct Stopping {
    signal: Signal,
    /// When it is killed whatever it does.
    deadline: Option<Instant>,
    /// When it is looked at once more, for having missed the signal.
    second_look: Option<Instant>,
    /// Why.
    pub(super) cause: Cause,
}

/// Why a container is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody asked for it.
    User,
    /// Somebody sent it the signal that ends it, and left it alone.
    Kill,
    /// The machine is shut down.
    Shutdown,
    /// Its probes fail, and it shall be started again.
    Unhealthy,
}

impl Stopping {
    /// Sends the stop signal.
    pub(super) fn begin(run: &Launched, signal: Signal, grace: Duration, cause: Cause, now: Instant) -> Self {
        let mut stopping = Self { signal, deadline: Some(now + grace), second_look: None, cause };
        if grace.is_zero() {
            stopping.kill(run);
        } else {
            // Deaf before and after, it has missed the signal. Deaf after alone, it may be at work: a
            // handler that leaves the next signal to the kernel is common.
            let was_deaf = is_deaf(run, signal);
            stopping.send_signal(run);
            stopping.second_look = (was_deaf && is_deaf(run, signal)).then(|| now + STILL_DEAF);
        }
        stopping
    }

    /// A process that has just ended is noticed by its descriptor.
    fn send_signal(&self, run: &Launched) {
        let _ = sys::pidfd_send_signal(run.pidfd.as_fd(), self.signal.number());
    }

    /// A shorter grace period counts from now on; a longer one is too late. Who stops it now takes
    /// precedence over a restart that was meant before.
    pub(super) fn hurry(&mut self, grace: Duration, cause: Cause, now: Instant) {
        if self.cause == Cause::Unhealthy {
            self.cause = cause;
        }
        self.deadline = self.deadline.map(|deadline| deadline.min(now + grace));
    }

    /// When [`Self::advance`] has to be called.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadline.into_iter().chain(self.second_look).min()
    }

    /// Kills the container when its time is over, or early if it cannot hear. One that has learnt to hear
    /// since it missed the signal is sent it again.
    pub(super) fn advance(&mut self, run: &Launched, now: Instant) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.kill(run);
        } else if self.second_look.is_some_and(|look| look <= now) {
            self.second_look = None;
            if is_deaf(run, self.signal) {
                self.kill(run);
            } else {
                self.send_signal(run);
            }
        }
    }

    /// The control group holds every process; the descriptor is for the case that it fails.
    fn kill(&mut self, run: &Launched) {
        (self.deadline, self.second_look) = (None, None);
        if run.description.cgroup.kill().is_err() {
            let _ = sys::pidfd_send_signal(run.pidfd.as_fd(), Signal::KILL.number());
        }
    }
}

/// The container's own choice, else its image's, else Docker's.
pub(super) fn signal_of(spec: &ContainerSpec, image: &ImageConfig) -> Signal {
    let named = spec.stop.signal.as_deref().or(image.stop_signal.as_deref());
    named.and_then(|name| name.parse().ok()).unwrap_or(Signal::TERM)
}

/// Whether a signal is one by which a container is meant to end: SIGKILL, or its stop signal. Any other,
/// such as a SIGHUP to read its configuration again, leaves its restart policy in force.
pub(super) fn ends(record: &ContainerRecord, signal: i32) -> bool {
    [Signal::KILL, signal_of(&record.spec, &record.image)].iter().any(|end| end.number() == signal)
}

/// The container's own choice, else Docker's.
pub(super) fn grace_of(spec: &ContainerSpec) -> Duration {
    spec.stop.grace_period.unwrap_or(GRACE_PERIOD)
}

fn is_deaf(run: &Launched, signal: Signal) -> bool {
    let is_alone = run.description.cgroup.pids().is_ok_and(|pids| pids == [run.init.pid()]);
    is_alone && deaf::is_deaf(run.init.pid, signal)
}
