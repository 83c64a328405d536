//! When a container that ended is started again, and after how long (Docker's restart manager).

use super::stop::Cause;
use engine_spec::{RestartPace, RestartPolicy};
use std::time::{Duration, Instant};

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// A run of this length was no failure to start, so the next delay begins anew.
const LONG_RUN: Duration = Duration::from_secs(10);

/// What a container asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'a> {
    pub(super) policy: RestartPolicy,
    pub(super) pace: &'a RestartPace,
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// The exit code, if somebody saw it.
    pub(super) exit_code: Option<i32>,
    /// Why it was stopped, if it was.
    pub(super) cause: Option<Cause>,
    /// How long it ran.
    pub(super) ran_for: Duration,
}

/// The restarts of a container since somebody started it.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    count: u32,
    /// The last wait.
    delay: Option<Duration>,
    /// When those were that may still lie within the window.
    recent: Vec<Instant>,
}

impl Restarts {
    /// Those of a container whose supervisor died.
    pub(super) fn taken_over(count: u32) -> Self {
        Self { count, ..Self::default() }
    }

    /// How many there were.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Counts one that begins now.
    pub(super) fn begin(&mut self, now: Instant) {
        self.count += 1;
        self.recent.push(now);
    }

    /// The wait before the next one; `None` if the container stays as it is.
    pub(super) fn after(&mut self, rule: &Rule<'_>, ending: Ending, now: Instant) -> Option<Duration> {
        let attempts = match rule.pace.window {
            Some(window) => {
                self.recent.retain(|begun| now.duration_since(*begun) <= window);
                u32::try_from(self.recent.len()).unwrap_or(u32::MAX)
            }
            None => {
                self.recent.clear();
                self.count
            }
        };
        let wanted = applies(rule, ending, attempts);
        let wait = rule.pace.delay.unwrap_or_else(|| match self.delay {
            Some(previous) if ending.ran_for < LONG_RUN => (previous * 2).min(LONGEST_DELAY),
            _ => FIRST_DELAY,
        });
        self.delay = wanted.then_some(wait);
        self.delay
    }
}

fn applies(rule: &Rule<'_>, ending: Ending, attempts: u32) -> bool {
    let has_attempts = rule.pace.max_attempts.is_none_or(|most| attempts < most);
    match (ending.cause, rule.policy) {
        (Some(Cause::User | Cause::Kill | Cause::Shutdown), _) => false,
        // Asked for by name, so it needs no policy besides.
        (Some(Cause::Unhealthy), _) => has_attempts,
        (None, RestartPolicy::No) => false,
        (None, RestartPolicy::Always | RestartPolicy::UnlessStopped) => has_attempts,
        (None, RestartPolicy::OnFailure { max_attempts }) => {
            ending.exit_code != Some(0) && has_attempts && max_attempts.is_none_or(|most| attempts < most)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILURE: Ending = Ending { exit_code: Some(1), cause: None, ran_for: Duration::from_secs(1) };
    const DOCKERS: RestartPace = RestartPace { delay: None, max_attempts: None, window: None };

    fn rule(policy: RestartPolicy) -> Rule<'static> {
        Rule { policy, pace: &DOCKERS }
    }

    fn delay(policy: RestartPolicy, ending: Ending, restarts: u32) -> Option<Duration> {
        Restarts::taken_over(restarts).after(&rule(policy), ending, Instant::now())
    }

    /// How many starts follow when each run ends `between` after the last.
    fn starts(pace: &RestartPace, between: Duration) -> usize {
        let rule = Rule { policy: RestartPolicy::Always, pace };
        let (mut restarts, mut now) = (Restarts::default(), Instant::now());
        let goes_on = |_: &usize| {
            now += between;
            let wanted = restarts.after(&rule, FAILURE, now).is_some();
            restarts.begin(now);
            wanted
        };
        (0..100).take_while(goes_on).count()
    }

    #[test]
    fn delays_double_up_to_a_minute() {
        let mut restarts = Restarts::default();
        let delays: Vec<_> = (0..12)
            .map(|_| restarts.after(&rule(RestartPolicy::Always), FAILURE, Instant::now()))
            .map(|delay| delay.expect("restarted").as_millis())
            .collect();
        assert_eq!(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]);
    }

    #[test]
    fn a_long_run_resets_the_delay() {
        let mut restarts = Restarts { delay: Some(LONGEST_DELAY), ..Restarts::default() };
        let ending = Ending { ran_for: LONG_RUN, ..FAILURE };
        assert_eq!(restarts.after(&rule(RestartPolicy::Always), ending, Instant::now()), Some(FIRST_DELAY));
    }

    #[test]
    fn what_a_user_stopped_or_killed_stays_stopped() {
        for cause in [Cause::User, Cause::Kill] {
            let ending = Ending { cause: Some(cause), ..FAILURE };
            assert_eq!(delay(RestartPolicy::Always, ending, 0), None);
        }
    }

    #[test]
    fn what_was_stopped_as_unhealthy_starts_again_without_a_policy() {
        let ending = Ending { cause: Some(Cause::Unhealthy), ..FAILURE };
        assert_eq!(delay(RestartPolicy::No, ending, 0), Some(FIRST_DELAY));
    }

    #[test]
    fn on_failure_counts_attempts_and_ignores_success() {
        let policy = RestartPolicy::OnFailure { max_attempts: Some(2) };
        assert!(delay(policy, FAILURE, 1).is_some());
        assert_eq!(delay(policy, FAILURE, 2), None);
        assert_eq!(delay(policy, Ending { exit_code: Some(0), ..FAILURE }, 0), None);
        assert!(delay(policy, Ending { exit_code: None, ..FAILURE }, 0).is_some());
    }

    #[test]
    fn a_fixed_delay_does_not_grow() {
        let pace = RestartPace { delay: Some(Duration::from_secs(3)), ..DOCKERS };
        let rule = Rule { policy: RestartPolicy::Always, pace: &pace };
        let mut restarts = Restarts::default();
        for _ in 0..3 {
            assert_eq!(restarts.after(&rule, FAILURE, Instant::now()), Some(Duration::from_secs(3)));
        }
    }

    #[test]
    fn only_attempts_within_the_window_count() {
        let window = Some(Duration::from_secs(10));
        let pace = RestartPace { max_attempts: Some(3), window, ..DOCKERS };
        assert_eq!(starts(&pace, Duration::from_secs(1)), 3);
        assert_eq!(starts(&pace, Duration::from_secs(6)), 100);
        assert_eq!(starts(&RestartPace { window: None, ..pace }, Duration::from_secs(6)), 3);
    }
}
