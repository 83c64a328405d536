//! Numbers nobody can guess, for the ids of forwarded questions.

use std::hash::{BuildHasher, RandomState};

/// SipHash of a counter, under a key the standard library drew from the kernel: as hard to foresee
/// as the hash is, and no system call per number.
#[derive(Debug)]
pub(super) struct Random {
    key: RandomState,
    count: u64,
}

impl Random {
    pub(super) fn new() -> Self {
        Self { key: RandomState::new(), count: 0 }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.count += 1;
        self.key.hash_one(self.count)
    }
}
