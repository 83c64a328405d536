//! Staying awake for who asks one question after the other.
//!
//! To fall asleep and be woken on another processor takes longer than all else that an answer needs. A client
//! that asks again as soon as it has its answer therefore finds us awake, for a moment at a time:
//!
//! ```text
//! question ── answer ── (asks again within LINGER) ── question ── answer ── linger ── question ── answer ── …
//!                                                                             └── nothing for LINGER: sleep
//! ```
//! Who asks now and then is never waited for, and nobody is waited for who needs our processor to go on.

use crate::sys;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// What a client needs, woken on another processor, to ask again.
const LINGER: Duration = Duration::from_micros(50);

/// Whether somebody asks one question after the other.
#[derive(Debug, Default)]
pub(super) struct Linger {
    answered_at: Option<Instant>,
    is_brisk: bool,
}

impl Linger {
    /// A question has come.
    pub(super) fn asked(&mut self, now: Instant) {
        self.is_brisk = self.is_recent(now);
    }

    /// It has been answered, or passed on.
    pub(super) fn answered(&mut self, now: Instant) {
        self.answered_at = Some(now);
    }

    /// Whether to look again instead of going to sleep.
    pub(super) fn is_worthwhile(&self, now: Instant, socket: &UdpSocket) -> bool {
        self.is_brisk && self.is_recent(now) && !is_asked_from_here(socket)
    }

    fn is_recent(&self, now: Instant) -> bool {
        self.answered_at.is_some_and(|answered| now.duration_since(answered) < LINGER)
    }
}

/// Whether the last question was sent from the processor we run on, and who asks goes on only when we sleep:
/// on loopback a datagram is received where it is sent.
fn is_asked_from_here(socket: &UdpSocket) -> bool {
    let theirs = sys::incoming_processor(socket.as_fd());
    let ours = nix::sched::sched_getcpu();
    matches!((theirs, ours), (Ok(theirs), Ok(ours)) if theirs == ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_again_at_once_is_waited_for() {
        let (mut linger, start) = (Linger::default(), Instant::now());
        let at = |microseconds| start + Duration::from_micros(microseconds);
        linger.asked(at(0));
        linger.answered(at(10));
        assert!(!linger.is_brisk, "the first question");
        linger.asked(at(40));
        linger.answered(at(50));
        assert!(linger.is_brisk && linger.is_recent(at(99)) && !linger.is_recent(at(100)));
        linger.asked(at(5000));
        assert!(!linger.is_brisk, "now and then");
    }
}
