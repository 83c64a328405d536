//! When a container that ended is started again, and after how long (Docker's restart manager).

use engine_spec::RestartPolicy;
use std::time::Duration;

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// A run of this length was no failure to start, so the next delay begins anew.
const LONG_RUN: Duration = Duration::from_secs(10);

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// The exit code, if somebody saw it.
    pub(super) exit_code: Option<i32>,
    /// Whether a user asked for it.
    pub(super) stopped_by_user: bool,
    /// How long it ran.
    pub(super) ran_for: Duration,
}

/// The wait before the next start; `None` if the container stays as it is.
///
/// `restarts` counts the starts that the policy has caused so far, `previous` is the last wait.
pub(super) fn delay(
    policy: RestartPolicy,
    ending: Ending,
    restarts: u32,
    previous: Option<Duration>,
) -> Option<Duration> {
    if ending.stopped_by_user || !applies(policy, ending.exit_code, restarts) {
        return None;
    }
    Some(match previous {
        Some(previous) if ending.ran_for < LONG_RUN => (previous * 2).min(LONGEST_DELAY),
        _ => FIRST_DELAY,
    })
}

fn applies(policy: RestartPolicy, exit_code: Option<i32>, restarts: u32) -> bool {
    match policy {
        RestartPolicy::No => false,
        RestartPolicy::Always | RestartPolicy::UnlessStopped => true,
        RestartPolicy::OnFailure { max_attempts } => {
            exit_code != Some(0) && max_attempts.is_none_or(|most| restarts < most)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILURE: Ending =
        Ending { exit_code: Some(1), stopped_by_user: false, ran_for: Duration::from_secs(1) };

    #[test]
    fn delays_double_up_to_a_minute() {
        let mut previous = None;
        let mut delays = Vec::new();
        for _ in 0..12 {
            previous = delay(RestartPolicy::Always, FAILURE, 0, previous);
            delays.push(previous.expect("restarted").as_millis());
        }
        assert_eq!(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]);
    }

    #[test]
    fn a_long_run_resets_the_delay() {
        let ending = Ending { ran_for: LONG_RUN, ..FAILURE };
        assert_eq!(delay(RestartPolicy::Always, ending, 9, Some(LONGEST_DELAY)), Some(FIRST_DELAY));
    }

    #[test]
    fn what_a_user_stopped_stays_stopped() {
        let ending = Ending { stopped_by_user: true, ..FAILURE };
        assert_eq!(delay(RestartPolicy::Always, ending, 0, None), None);
    }

    #[test]
    fn on_failure_counts_attempts_and_ignores_success() {
        let policy = RestartPolicy::OnFailure { max_attempts: Some(2) };
        assert!(delay(policy, FAILURE, 1, None).is_some());
        assert_eq!(delay(policy, FAILURE, 2, None), None);
        assert_eq!(delay(policy, Ending { exit_code: Some(0), ..FAILURE }, 0, None), None);
        assert!(delay(policy, Ending { exit_code: None, ..FAILURE }, 0, None).is_some());
    }
}
