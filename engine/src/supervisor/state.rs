//! What a supervised container does, and the words for it that others read.

use super::ending::{End, Ended};
use super::failure::Failure;
use super::launch::{Launched, StartFailure};
use super::probe::HealthWatch;
use super::stop::{Cause, Stopping};
use engine_spec::{Health, Status};
use std::time::{Instant, SystemTime};

/// What the container does.
#[derive(Debug)]
pub(super) enum State {
    /// Its process runs.
    Running(Box<Run>),
    /// Its policy will start it again.
    Waiting { until: Instant, end: End },
    /// It has ended for good.
    Over(Status),
}

/// One run of the container.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) launched: Launched,
    pub(super) started_at: SystemTime,
    pub(super) started: Instant,
    pub(super) health: Option<HealthWatch>,
    pub(super) stopping: Option<Stopping>,
    /// Whether somebody sent it the signal that ends it, so that its policy does not start it again.
    pub(super) is_killed: bool,
    /// Whether it is frozen.
    pub(super) is_paused: bool,
}

impl Run {
    /// Why it is stopped, if it is. Who kills it takes precedence over a restart that was meant before.
    pub(super) fn cause(&self) -> Option<Cause> {
        match self.stopping.as_ref().map(|stopping| stopping.cause) {
            None | Some(Cause::Unhealthy) if self.is_killed => Some(Cause::Kill),
            cause => cause,
        }
    }

    /// The health check and what it looks at, unless the container is frozen: so would the probe be.
    pub(super) fn checked(&mut self) -> Option<(&mut HealthWatch, &Launched)> {
        self.health.as_mut().filter(|_| !self.is_paused).map(|health| (health, &self.launched))
    }
}

impl State {
    /// The run, while there is one.
    pub(super) fn run(&self) -> Option<&Run> {
        match self {
            Self::Running(run) => Some(run),
            Self::Waiting { .. } | Self::Over(_) => None,
        }
    }

    /// The same to change.
    pub(super) fn run_mut(&mut self) -> Option<&mut Run> {
        match self {
            Self::Running(run) => Some(run),
            Self::Waiting { .. } | Self::Over(_) => None,
        }
    }

    /// The same as others see it.
    pub(super) fn status(&self, restarts: u32) -> Status {
        match self {
            Self::Running(run) if run.is_paused => {
                Status::Paused { pid: run.launched.init.pid, started_at: run.started_at }
            }
            Self::Running(run) => Status::Running {
                pid: run.launched.init.pid,
                started_at: run.started_at,
                health: run.health.as_ref().map(|health| health.progress.health),
                restarts,
            },
            Self::Waiting { end, .. } => Status::Restarting {
                exit_code: end.exit_code().unwrap_or(UNSEEN),
                signal: end.how.and_then(Ended::signal),
                oom_killed: end.oom_killed,
                started_at: end.started_at,
                finished_at: end.finished_at,
                restarts,
            },
            Self::Over(status) => status.clone(),
        }
    }
}

/// Stands for an exit code that nobody saw, while a container waits for its next start.
const UNSEEN: i32 = 255;

/// It could not be started.
pub(super) fn not_started(failure: &StartFailure) -> Status {
    let text = Failure::of(failure, None).in_one_line();
    Status::Exited {
        exit_code: Some(failure.exit_code()),
        signal: None,
        started_at: None,
        finished_at: SystemTime::now(),
        oom_killed: false,
        stopped_by_user: false,
        error: Some(text),
    }
}

/// The word for a verdict in events.
pub(super) fn word(health: Health) -> &'static str {
    match health {
        Health::Starting => "starting",
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
    }
}
