//! Which process a record means, so that a process id used again is never mistaken for it.

use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;

/// A process by its id and the time it was started (proc_pid_stat(5), fields 1 and 22).
///
/// Both are meaningful only within one boot; records that hold one lie under the run folder, which
/// [`Layout::prepare`](super::Layout::prepare) empties after a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRef {
    /// Process id in the host's namespace.
    pub pid: i32,
    /// Start time in clock ticks since boot.
    pub start_time: u64,
}

/// Field 22, counted from field 3, which is the first after the command's name.
const START_TIME_AFTER_NAME: usize = 22 - 3;

impl ProcessRef {
    /// The process that has `pid` now.
    ///
    /// # Errors
    /// Fails where there is none, or `/proc` cannot be read.
    pub fn of(pid: Pid) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (_, start_time) = parse_stat(&stat).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { pid: pid.as_raw(), start_time })
    }

    /// This process.
    ///
    /// # Errors
    /// Fails where `/proc` cannot be read.
    pub fn this() -> io::Result<Self> {
        Self::of(nix::unistd::getpid())
    }

    /// Whether it still exists and is more than a zombie.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid));
        let parsed = stat.ok().as_deref().and_then(parse_stat);
        parsed.is_some_and(|(state, start_time)| start_time == self.start_time && !matches!(state, 'Z' | 'X'))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.pid)
    }
}

/// The name is in parentheses and may hold any byte, so fields are counted after the last one.
fn parse_stat(stat: &str) -> Option<(char, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let start_time = fields.nth(START_TIME_AFTER_NAME - 1)?.parse().ok()?;
    Some((state, start_time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let fields = (4..22).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        let stat = format!("12 (a) S (b)) S {fields} 4242 23 24");
        assert_eq!(parse_stat(&stat), Some(('S', 4242)));
    }

    #[test]
    fn this_process_is_alive_and_another_start_time_is_not() {
        let this = ProcessRef::this().expect("read");
        assert!(this.is_alive());
        let other = ProcessRef { start_time: this.start_time + 1, ..this };
        assert!(!other.is_alive());
    }
}
