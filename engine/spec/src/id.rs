//! Identities that the engine makes: container ids and content digests.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that is not an id or digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not 64 lower-case hex digits.
    #[error("`{0}` is not a container id: expected 64 hex digits")]
    Container(String),
    /// Not `sha256:` with 64 or `sha512:` with 128 lower-case hex digits.
    #[error("`{0}` is not a digest: expected sha256:<64 hex digits> or sha512:<128 hex digits>")]
    Digest(String),
}

/// How much of an id people see.
const SHORT_DIGITS: usize = 12;

/// 32 random bytes as 64 lower-case hex digits, as Docker prints them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerId(String);

impl ContainerId {
    /// Makes an id of random bytes that the caller drew.
    ///
    /// The short id always has a letter: it is the default host name, and gethostbyname(3) takes digits
    /// alone for an address, so that one container in 281 would not know its own name (moby #3869).
    #[must_use]
    pub fn from_random(mut bytes: [u8; 32]) -> Self {
        let is_decimal = |byte: &u8| byte >> 4 < 10 && byte & 0xf < 10;
        if bytes[..SHORT_DIGITS / 2].iter().all(is_decimal) {
            bytes[0] |= 0xa0;
        }
        Self(hex(&bytes))
    }

    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits: what people see, and the default host name.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..SHORT_DIGITS]
    }
}

impl TryFrom<String> for ContainerId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        if is_hex(&text, 64) { Ok(Self(text)) } else { Err(IdError::Container(text)) }
    }
}

impl From<ContainerId> for String {
    fn from(id: ContainerId) -> Self {
        id.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A content digest, `algorithm:hex` (OCI image specification, descriptor.md).
///
/// Parsed strictly, because both halves become path components of the content store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// The digest of 32 bytes of SHA-256 output.
    #[must_use]
    pub fn from_sha256(hash: [u8; 32]) -> Self {
        Self(format!("sha256:{}", hex(&hash)))
    }

    /// `algorithm:hex`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the colon.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        self.0.split_once(':').map_or("", |(algorithm, _)| algorithm)
    }

    /// The part after the colon.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// The first 12 hex digits, as image lists show them.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }
}

impl TryFrom<String> for Digest {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        let is_valid = match text.split_once(':') {
            Some(("sha256", hex)) => is_hex(hex, 64),
            Some(("sha512", hex)) => is_hex(hex, 128),
            _ => false,
        };
        if is_valid { Ok(Self(text)) } else { Err(IdError::Digest(text)) }
    }
}

impl std::str::FromStr for Digest {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::try_from(text.to_owned())
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_with_path_characters_is_refused() {
        for text in ["sha256:../../etc/passwd", "sha256:", "md5:00", &format!("sha256:{}", "A".repeat(64))] {
            assert!(text.parse::<Digest>().is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn short_id_is_the_first_twelve_digits() {
        let id = ContainerId::from_random([0xab; 32]);
        assert_eq!(id.short(), "abababababab");
    }

    #[test]
    fn short_id_is_never_a_number() {
        for byte in 0..=u8::MAX {
            let id = ContainerId::from_random([byte; 32]);
            assert!(id.short().bytes().any(|digit| digit.is_ascii_alphabetic()), "{}", id.short());
        }
        assert_eq!(ContainerId::from_random([0x12; 32]).short(), "b21212121212");
    }
}
