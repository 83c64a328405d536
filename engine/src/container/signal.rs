//! Signals as users and images name them.

use nix::libc;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A signal by its number; real-time signals too, which systemd as PID 1 is stopped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal(i32);

/// A text that names no signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a signal")]
pub struct SignalError(String);

/// The kernel's number of the first real-time signal, of which the C library keeps two to itself.
const FIRST_REAL_TIME: i32 = 34;
const LAST: i32 = 64;

impl Signal {
    /// Asks a process to end.
    pub const TERM: Self = Self(libc::SIGTERM);
    /// Ends a process.
    pub const KILL: Self = Self(libc::SIGKILL);

    /// The signal of that number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        (1..=LAST).contains(&number).then_some(Self(number))
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }
}

impl From<nix::sys::signal::Signal> for Signal {
    fn from(signal: nix::sys::signal::Signal) -> Self {
        Self(signal as i32)
    }
}

impl FromStr for Signal {
    type Err = SignalError;

    /// Reads `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3` or `RTMAX-1`, in any case.
    fn from_str(text: &str) -> Result<Self, SignalError> {
        let upper = text.trim().to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let number = name.parse().ok().or_else(|| real_time(name)).or_else(|| {
            let signal = nix::sys::signal::Signal::from_str(&format!("SIG{name}")).ok()?;
            Some(signal as i32)
        });
        let number = number.filter(|number| (1..=LAST).contains(number));
        number.map(Self).ok_or_else(|| SignalError(text.to_owned()))
    }
}

fn real_time(name: &str) -> Option<i32> {
    let offset = |rest: &str| if rest.is_empty() { Some(0) } else { rest.parse::<i32>().ok() };
    match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(rest), _) => offset(rest).map(|offset| FIRST_REAL_TIME + offset),
        (_, Some(rest)) => offset(rest).map(|offset| LAST + offset),
        (None, None) => None,
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match nix::sys::signal::Signal::try_from(self.0) {
            Ok(signal) => f.pad(signal.as_str()),
            Err(_) => write!(f, "signal {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_means_the_same_signal() {
        for text in ["SIGTERM", "TERM", "sigterm", "15"] {
            assert_eq!(text.parse(), Ok(Signal::TERM), "{text}");
        }
        assert_eq!("SIGRTMIN+3".parse::<Signal>().map(Signal::number), Ok(37));
        assert_eq!("RTMAX-1".parse::<Signal>().map(Signal::number), Ok(63));
    }

    #[test]
    fn what_is_no_signal_is_refused() {
        for text in ["", "0", "65", "SIGNOTHING", "RTMIN+99", "-9"] {
            assert!(text.parse::<Signal>().is_err(), "{text}");
        }
    }
}
