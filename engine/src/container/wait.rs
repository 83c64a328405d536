//! Waiting until a container has come so far. The supervisor tells each change; nothing is polled.

use super::folder::Folder;
use super::{NoSuchContainer, find};
use crate::state::record::RecordError;
use crate::state::{Layout, container};
use crate::supervisor::message::{self, Answer, Request};
use crate::supervisor::spawn::{self, Mode};
use crate::supervisor::{SpawnError, presence};
use engine_spec::{Condition, ContainerId, ContainerName, Health, Status};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// A container did not come as far as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// It ended.
    #[error("container {name} exited ({})", exit_code.map_or("unknown".to_owned(), |code| code.to_string()))]
    Exited {
        /// Which.
        name: ContainerName,
        /// How.
        exit_code: Option<i32>,
    },
    /// It was not started.
    #[error("container {name} is not started")]
    NotStarted {
        /// Which.
        name: ContainerName,
    },
    /// Its probes fail.
    #[error("container {name} is unhealthy")]
    Unhealthy {
        /// Which.
        name: ContainerName,
    },
    /// Its health was asked for, and it has no health check.
    #[error("container {name} has no healthcheck configured")]
    NoHealthCheck {
        /// Which.
        name: ContainerName,
    },
    /// It did not come so far in time.
    #[error("container {name} is not ready in time")]
    Deadline {
        /// Which.
        name: ContainerName,
    },
    /// What it does could not be read.
    #[error("cannot read what container {name} does")]
    Status {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// Its supervisor could not be listened to.
    #[error("cannot listen to the supervisor of container {name}")]
    Listen {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its supervisor was killed, and no other could take over.
    #[error("cannot take over container {name} from its dead supervisor")]
    Adopt {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: SpawnError,
    },
}

impl WaitError {
    /// The container that did not come so far, where there is one.
    #[must_use]
    pub fn container(&self) -> Option<&ContainerName> {
        match self {
            Self::Unknown(_) => None,
            Self::Exited { name, .. }
            | Self::NotStarted { name }
            | Self::Unhealthy { name }
            | Self::NoHealthCheck { name }
            | Self::Deadline { name }
            | Self::Status { name, .. }
            | Self::Listen { name, .. }
            | Self::Adopt { name, .. } => Some(name),
        }
    }
}

/// What a status means to someone who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Judgement {
    Reached,
    NotYet,
    Never(Obstacle),
}

/// Why it will never come so far.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Obstacle {
    Exited(Option<i32>),
    NotStarted,
    Unhealthy,
    NoHealthCheck,
}

/// Waits until a container has come as far as `condition`.
///
/// A container whose policy starts it again is waited for.
///
/// # Errors
/// Says why it never will, or that the deadline has passed.
pub fn wait(
    layout: &Layout,
    name: &ContainerName,
    condition: Condition,
    deadline: Option<Instant>,
) -> Result<(), WaitError> {
    let id = find(layout, name)?;
    let Condition::Steady(duration) = condition else {
        return until(layout, name, &id, deadline, |status| judge(status, condition));
    };
    let end = Instant::now() + duration;
    match until(layout, name, &id, Some(end), |status| judge(status, condition)) {
        Err(WaitError::Deadline { .. }) => Ok(()),
        result => result,
    }
}

/// Waits until a container has ended for good and returns its exit code, `None` if nobody saw it.
///
/// # Errors
/// Says why its state could not be read.
pub fn wait_exit(layout: &Layout, name: &ContainerName) -> Result<Option<i32>, WaitError> {
    let id = find(layout, name)?;
    let ended = until(layout, name, &id, None, |status| match status {
        Status::Exited { exit_code, .. } => Judgement::Never(Obstacle::Exited(*exit_code)),
        Status::Created => Judgement::Never(Obstacle::NotStarted),
        Status::Running { .. } | Status::Paused { .. } | Status::Restarting { .. } => Judgement::NotYet,
    });
    match ended {
        Err(WaitError::Exited { exit_code, .. }) => Ok(exit_code),
        Err(error) => Err(error),
        Ok(()) => Ok(None),
    }
}

/// Waits until a container does not run, or is gone.
pub(super) fn ended(
    layout: &Layout,
    name: &ContainerName,
    id: &ContainerId,
    deadline: Instant,
) -> Result<(), WaitError> {
    until(layout, name, id, Some(deadline), |status| match status {
        Status::Exited { .. } | Status::Created => Judgement::Reached,
        Status::Running { .. } | Status::Paused { .. } | Status::Restarting { .. } => Judgement::NotYet,
    })
}

/// Waits until a container that somebody else starts runs.
pub(super) fn running(layout: &Layout, name: &ContainerName, id: &ContainerId) -> Result<(), WaitError> {
    until(layout, name, id, None, |status| match status {
        Status::Running { .. } | Status::Paused { .. } => Judgement::Reached,
        Status::Restarting { .. } => Judgement::NotYet,
        Status::Created => Judgement::Never(Obstacle::NotStarted),
        Status::Exited { exit_code, .. } => Judgement::Never(Obstacle::Exited(*exit_code)),
    })
}

fn judge(status: &Status, condition: Condition) -> Judgement {
    match status {
        Status::Created => Judgement::Never(Obstacle::NotStarted),
        Status::Exited { exit_code, .. } => match (exit_code, condition) {
            (Some(0), Condition::CompletedSuccessfully | Condition::Settled) => Judgement::Reached,
            _ => Judgement::Never(Obstacle::Exited(*exit_code)),
        },
        Status::Restarting { exit_code, .. } => match condition {
            Condition::Steady(_) => Judgement::Never(Obstacle::Exited(Some(*exit_code))),
            _ => Judgement::NotYet,
        },
        Status::Paused { .. } => Judgement::NotYet,
        Status::Running { health, .. } => match (condition, health) {
            (Condition::CompletedSuccessfully, _) => Judgement::NotYet,
            (Condition::Steady(_), Some(Health::Unhealthy)) => Judgement::Never(Obstacle::Unhealthy),
            (Condition::Steady(_), _) => Judgement::NotYet,
            (Condition::Healthy, None) => Judgement::Never(Obstacle::NoHealthCheck),
            (Condition::RunningOrHealthy | Condition::Settled, None) => Judgement::Reached,
            (Condition::Healthy | Condition::RunningOrHealthy | Condition::Settled, Some(health)) => {
                judge_health(*health)
            }
        },
    }
}

fn judge_health(health: Health) -> Judgement {
    match health {
        Health::Starting => Judgement::NotYet,
        Health::Healthy => Judgement::Reached,
        Health::Unhealthy => Judgement::Never(Obstacle::Unhealthy),
    }
}

/// Judges each status of the container until one settles it.
fn until(
    layout: &Layout,
    name: &ContainerName,
    id: &ContainerId,
    deadline: Option<Instant>,
    judge: impl Fn(&Status) -> Judgement,
) -> Result<(), WaitError> {
    loop {
        let mut settled = |status: &Status| settle(name, judge(status));
        if let Some(result) = listen(layout, name, id, deadline, &mut settled)? {
            return result;
        }
        // Without a supervisor nothing changes any more, unless it was killed.
        let status = container::status(layout, id);
        let status =
            status.map_err(|source| WaitError::Status { name: name.clone(), source: Box::new(source) })?;
        if let Some(result) = settled(&status.status) {
            return result;
        }
        spawn::supervisor(layout, id, Mode::Adopt)
            .map_err(|source| WaitError::Adopt { name: name.clone(), source })?;
    }
}

fn settle(name: &ContainerName, judgement: Judgement) -> Option<Result<(), WaitError>> {
    let name = name.clone();
    match judgement {
        Judgement::NotYet => None,
        Judgement::Reached => Some(Ok(())),
        Judgement::Never(obstacle) => Some(Err(match obstacle {
            Obstacle::Exited(exit_code) => WaitError::Exited { name, exit_code },
            Obstacle::NotStarted => WaitError::NotStarted { name },
            Obstacle::Unhealthy => WaitError::Unhealthy { name },
            Obstacle::NoHealthCheck => WaitError::NoHealthCheck { name },
        })),
    }
}

/// Hears the supervisor out; `None` if there is none any more.
fn listen(
    layout: &Layout,
    name: &ContainerName,
    id: &ContainerId,
    deadline: Option<Instant>,
    settled: &mut impl FnMut(&Status) -> Option<Result<(), WaitError>>,
) -> Result<Option<Result<(), WaitError>>, WaitError> {
    let folder = Folder::of(layout, id);
    if !presence::is_present(&folder) {
        return Ok(None);
    }
    let asked = message::call(folder.run())
        .and_then(|supervisor| message::send(&supervisor, &Request::Watch, &[]).map(|()| supervisor));
    // It may have left just now.
    let Ok(supervisor) = asked else { return Ok(None) };
    let failed = |source| WaitError::Listen { name: name.clone(), source };
    loop {
        if !is_readable(&supervisor, deadline).map_err(failed)? {
            return Err(WaitError::Deadline { name: name.clone() });
        }
        match message::receive::<Answer>(&supervisor).map_err(failed)? {
            Some((Answer::Status(status), _)) => {
                if let Some(result) = settled(&status.status) {
                    return Ok(Some(result));
                }
            }
            Some(_) | None => return Ok(None),
        }
    }
}

/// Waits for an answer; false where the deadline came first.
fn is_readable(supervisor: &OwnedFd, deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = left.map_or(PollTimeout::NONE, |left| {
            let rounded_up = left + Duration::from_nanos(999_999);
            PollTimeout::try_from(rounded_up.as_millis()).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut [PollFd::new(supervisor.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) if left == Some(Duration::ZERO) => return Ok(false),
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn running(health: Option<Health>) -> Status {
        Status::Running { pid: 1, started_at: SystemTime::UNIX_EPOCH, health, restarts: 0 }
    }

    fn exited(code: i32) -> Status {
        Status::Exited {
            exit_code: Some(code),
            signal: None,
            started_at: None,
            finished_at: SystemTime::UNIX_EPOCH,
            oom_killed: false,
            stopped_by_user: false,
            error: None,
        }
    }

    #[test]
    fn health_settles_who_waits_for_health() {
        let judge = |health| judge(&running(health), Condition::Healthy);
        assert_eq!(judge(Some(Health::Starting)), Judgement::NotYet);
        assert_eq!(judge(Some(Health::Healthy)), Judgement::Reached);
        assert_eq!(judge(Some(Health::Unhealthy)), Judgement::Never(Obstacle::Unhealthy));
        assert_eq!(judge(None), Judgement::Never(Obstacle::NoHealthCheck));
    }

    #[test]
    fn running_is_enough_without_a_health_check() {
        assert_eq!(judge(&running(None), Condition::RunningOrHealthy), Judgement::Reached);
        assert_eq!(judge(&running(Some(Health::Starting)), Condition::RunningOrHealthy), Judgement::NotYet);
    }

    #[test]
    fn who_waits_for_steadiness_minds_every_end() {
        let steady = Condition::Steady(Duration::from_secs(1));
        assert_eq!(judge(&running(Some(Health::Healthy)), steady), Judgement::NotYet);
        assert_eq!(judge(&running(Some(Health::Unhealthy)), steady), Judgement::Never(Obstacle::Unhealthy));
        assert_eq!(judge(&exited(0), steady), Judgement::Never(Obstacle::Exited(Some(0))));
    }

    #[test]
    fn work_that_is_done_is_settled() {
        assert_eq!(judge(&exited(0), Condition::Settled), Judgement::Reached);
        assert_eq!(judge(&exited(1), Condition::Settled), Judgement::Never(Obstacle::Exited(Some(1))));
        assert_eq!(judge(&running(None), Condition::Settled), Judgement::Reached);
    }

    #[test]
    fn only_exit_code_zero_completes() {
        assert_eq!(judge(&running(None), Condition::CompletedSuccessfully), Judgement::NotYet);
        assert_eq!(judge(&exited(0), Condition::CompletedSuccessfully), Judgement::Reached);
        let failed = judge(&exited(3), Condition::CompletedSuccessfully);
        assert_eq!(failed, Judgement::Never(Obstacle::Exited(Some(3))));
        assert_eq!(judge(&exited(0), Condition::Healthy), Judgement::Never(Obstacle::Exited(Some(0))));
    }
}
