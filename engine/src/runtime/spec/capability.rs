//! Capabilities by name: Docker's default set, and how `cap_add`, `cap_drop` and `privileged` change it.

/// A set of capabilities, one bit each (capabilities(7)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CapabilitySet(u64);

impl CapabilitySet {
    /// The set with these bits.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// One bit per capability.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }
}
