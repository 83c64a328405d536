//! What an archive may unpack to before it counts as a bomb.

use super::ExtractError;

/// The most that an archive may be unpacked to.
///
/// The default is far above what images have; `largest-layer` and `largest-ratio` in registries.toml change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the archive when decompressed, and of its files with their holes.
    pub bytes: u64,
    /// Files, folders and links.
    pub entries: u64,
    /// Bytes of the archive for each byte of its compressed form, once there are [`Limits::HARMLESS`].
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        // Gzip has 1,032 at best, and an honest file of zeros comes close to it.
        Self { bytes: 256 << 30, entries: 8_000_000, ratio: 2000 }
    }
}

impl Limits {
    /// So many bytes any host can take, whatever they came from: small files of zeros are common.
    pub const HARMLESS: u64 = 1 << 30;

    /// Whether so many bytes may have come out of so few.
    pub(super) fn check_ratio(self, compressed: u64, bytes: u64) -> Result<(), ExtractError> {
        let is_bomb = bytes > Self::HARMLESS.min(self.bytes / 2) && bytes / self.ratio.max(1) > compressed;
        if is_bomb { Err(ExtractError::Bomb(self.ratio)) } else { Ok(()) }
    }

    pub(super) fn check(self, entries: u64, bytes: u64) -> Result<(), ExtractError> {
        if entries > self.entries {
            return Err(ExtractError::TooMany(self.entries));
        }
        if bytes > self.bytes { Err(ExtractError::TooLarge(self.bytes)) } else { Ok(()) }
    }
}
