//! What an archive may unpack to before it counts as a bomb.

use super::ExtractError;

/// The largest archive and the most entries that are unpacked.
///
/// The default is far above what images have; `largest-layer` in registries.toml changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the archive when decompressed, and of its files with their holes.
    pub bytes: u64,
    /// Files, folders and links.
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 << 30, entries: 8_000_000 }
    }
}

impl Limits {
    pub(super) fn check(self, entries: u64, bytes: u64) -> Result<(), ExtractError> {
        if entries > self.entries {
            return Err(ExtractError::TooMany(self.entries));
        }
        if bytes > self.bytes { Err(ExtractError::TooLarge(self.bytes)) } else { Ok(()) }
    }
}
