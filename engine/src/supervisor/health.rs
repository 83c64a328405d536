//! What probes say of a container, decided without running any (Docker's rules).

use engine_spec::{Health, HealthSpec, HealthTest};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const START_INTERVAL: Duration = Duration::from_secs(5);
const RETRIES: u32 = 3;
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// A health check with every choice made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// What a probe runs.
    pub(super) arguments: Vec<String>,
    interval: Duration,
    /// After this time a probe has failed and is killed.
    pub(super) timeout: Duration,
    retries: u32,
    start_period: Duration,
    start_interval: Duration,
}

impl Check {
    /// What the container asks for, else its image, else Docker's defaults; `None` without a check.
    pub(super) fn resolve(
        asked: Option<&HealthSpec>,
        image: Option<&HealthSpec>,
        shell: Option<&[String]>,
    ) -> Option<Self> {
        let empty = HealthSpec::default();
        let (asked, image) = (asked.unwrap_or(&empty), image.unwrap_or(&empty));
        let positive = |time: Option<Duration>| time.filter(|time| !time.is_zero());
        Some(Self {
            arguments: arguments(asked.test.as_ref().or(image.test.as_ref())?, shell)?,
            interval: positive(asked.interval).or(positive(image.interval)).unwrap_or(INTERVAL),
            timeout: positive(asked.timeout).or(positive(image.timeout)).unwrap_or(TIMEOUT),
            retries: asked.retries.or(image.retries).filter(|count| *count > 0).unwrap_or(RETRIES),
            start_period: asked.start_period.or(image.start_period).unwrap_or_default(),
            start_interval: positive(asked.start_interval)
                .or(positive(image.start_interval))
                .unwrap_or(START_INTERVAL),
        })
    }
}

fn arguments(test: &HealthTest, shell: Option<&[String]>) -> Option<Vec<String>> {
    match test {
        HealthTest::None => None,
        HealthTest::Command(arguments) => Some(arguments.clone()).filter(|all| !all.is_empty()),
        HealthTest::Shell(line) => {
            let shell = shell.filter(|shell| !shell.is_empty());
            let mut arguments = shell.map_or_else(|| SHELL.map(str::to_owned).to_vec(), <[String]>::to_vec);
            arguments.push(line.clone());
            Some(arguments)
        }
    }
}

/// What the probes of one run of a container have said so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    started: Instant,
    /// The verdict.
    pub(super) health: Health,
    failures: u32,
    /// When the next probe is due.
    pub(super) next_probe: Instant,
}

impl Progress {
    /// A container that was started at `now`.
    pub(super) fn new(check: &Check, now: Instant) -> Self {
        let mut progress = Self { started: now, health: Health::Starting, failures: 0, next_probe: now };
        progress.schedule(check, now);
        progress
    }

    /// Counts one probe that ended at `now`; true if the verdict changed.
    pub(super) fn count(&mut self, check: &Check, succeeded: bool, now: Instant) -> bool {
        let before = self.health;
        if succeeded {
            self.failures = 0;
            self.health = Health::Healthy;
        } else if !self.is_starting_up(check, now) {
            self.failures += 1;
            if self.failures >= check.retries {
                self.health = Health::Unhealthy;
            }
        }
        self.schedule(check, now);
        self.health != before
    }

    /// The start period ends early with the first success.
    fn is_starting_up(&self, check: &Check, now: Instant) -> bool {
        self.health == Health::Starting && now.duration_since(self.started) < check.start_period
    }

    fn schedule(&mut self, check: &Check, now: Instant) {
        let starting = self.is_starting_up(check, now);
        self.next_probe = now + if starting { check.start_interval } else { check.interval };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(line: &str) -> HealthSpec {
        HealthSpec { test: Some(HealthTest::Shell(line.into())), ..HealthSpec::default() }
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn fields_left_open_are_the_images_then_dockers() {
        let asked = HealthSpec { retries: Some(7), ..HealthSpec::default() };
        let image = HealthSpec { interval: Some(seconds(2)), retries: Some(1), ..spec("true") };
        let check = Check::resolve(Some(&asked), Some(&image), None).expect("a check");
        assert_eq!(check.arguments, ["/bin/sh", "-c", "true"]);
        assert_eq!((check.interval, check.retries, check.timeout), (seconds(2), 7, TIMEOUT));
    }

    #[test]
    fn none_switches_the_images_check_off() {
        let none = HealthSpec { test: Some(HealthTest::None), ..HealthSpec::default() };
        assert_eq!(Check::resolve(Some(&none), Some(&spec("true")), None), None);
        assert_eq!(Check::resolve(None, None, None), None);
    }

    #[test]
    fn retries_in_a_row_make_it_unhealthy_and_one_success_healthy() {
        let now = Instant::now();
        let check = Check::resolve(Some(&spec("x")), None, None).expect("a check");
        let mut progress = Progress::new(&check, now);
        assert_eq!(progress.next_probe, now + INTERVAL);
        assert!(!progress.count(&check, false, now));
        assert!(!progress.count(&check, false, now));
        assert!(progress.count(&check, false, now));
        assert_eq!(progress.health, Health::Unhealthy);
        assert!(progress.count(&check, true, now));
        assert_eq!(progress.health, Health::Healthy);
    }

    #[test]
    fn failures_in_the_start_period_do_not_count_until_a_success() {
        let now = Instant::now();
        let asked = HealthSpec { start_period: Some(seconds(60)), retries: Some(1), ..spec("x") };
        let check = Check::resolve(Some(&asked), None, None).expect("a check");
        let mut progress = Progress::new(&check, now);
        assert_eq!(progress.next_probe, now + START_INTERVAL);
        assert!(!progress.count(&check, false, now + seconds(5)));
        assert!(progress.count(&check, true, now + seconds(10)));
        assert_eq!(progress.next_probe, now + seconds(10) + INTERVAL);
        assert!(progress.count(&check, false, now + seconds(40)));
        assert_eq!(progress.health, Health::Unhealthy);
    }
}
