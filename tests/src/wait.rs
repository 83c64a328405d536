//! Waiting for something to become true, never for time to pass.

use std::time::{Duration, Instant};

/// How long anything may take before it counts as never: time fails no test.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What `look` returns as soon as it returns something, or nothing after a minute.
///
/// A slow machine may ask for a multiple of it with `LIGHTER_TEST_PATIENCE`.
pub fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let factor = std::env::var("LIGHTER_TEST_PATIENCE").ok().and_then(|factor| factor.parse().ok());
    let deadline = Instant::now() + PATIENCE * factor.unwrap_or(1);
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Waits until `is_true`.
///
/// # Panics
/// If it does not become true; the message names `what`.
#[track_caller]
pub fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let found = eventually(|| is_true().then_some(()));
    assert!(found.is_some(), "it never was so: {what}");
}
