//! The keys that leave a process: Docker's `--detach-keys`.

use std::str::FromStr;

/// A sequence of keys; empty for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachKeys(Vec<u8>);

impl DetachKeys {
    /// No keys: nothing leaves the process but its end.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }
}

/// A text that is no sequence of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a key: give letters and `ctrl-` with a letter or one of @[\\]^_, separated by commas")]
pub struct DetachKeysError(String);

/// Ctrl-P, Ctrl-Q.
impl Default for DetachKeys {
    fn default() -> Self {
        Self(vec![0x10, 0x11])
    }
}

impl FromStr for DetachKeys {
    type Err = DetachKeysError;

    /// Reads `ctrl-p,ctrl-q` or `a,b`; an empty text is no key at all.
    fn from_str(text: &str) -> Result<Self, DetachKeysError> {
        if text.is_empty() {
            return Ok(Self::none());
        }
        text.split(',').map(key).collect::<Result<_, _>>().map(Self)
    }
}

fn key(text: &str) -> Result<u8, DetachKeysError> {
    let refused = || DetachKeysError(text.to_owned());
    let single = |text: &str| match text.as_bytes() {
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err(refused()),
    };
    match text.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case("ctrl-")) {
        Some(_) => match single(&text[5..])?.to_ascii_uppercase() {
            // The codes of control characters are those of these, less 64 (ascii(7)).
            byte @ b'@'..=b'_' => Ok(byte - b'@'),
            _ => Err(refused()),
        },
        None => single(text),
    }
}

/// Looks for the sequence in what a user types.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    keys: &'a DetachKeys,
    /// How many of the keys were typed, and are held back.
    typed: usize,
}

/// What to do with what was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Pass this on.
    Input(Vec<u8>),
    /// Leave, after passing this on.
    Detach(Vec<u8>),
}

impl<'a> Watch<'a> {
    pub(super) fn new(keys: &'a DetachKeys) -> Self {
        Self { keys, typed: 0 }
    }

    /// Holds back what may be the beginning of the sequence, until it is clear that it is not.
    pub(super) fn look(&mut self, bytes: &[u8]) -> Typed {
        let keys = &self.keys.0;
        if keys.is_empty() {
            return Typed::Input(bytes.to_vec());
        }
        let mut passed = Vec::with_capacity(bytes.len());
        for byte in bytes {
            if *byte != keys[self.typed] {
                passed.extend_from_slice(&keys[..self.typed]);
                self.typed = 0;
            }
            if *byte == keys[self.typed] {
                self.typed += 1;
            } else {
                passed.push(*byte);
            }
            if self.typed == keys.len() {
                return Typed::Detach(passed);
            }
        }
        Typed::Input(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> DetachKeys {
        text.parse().expect("keys")
    }

    #[test]
    fn keys_are_read_as_docker_reads_them() {
        assert_eq!(keys("ctrl-p,ctrl-q"), DetachKeys::default());
        assert_eq!(keys("ctrl-@,CTRL-a,x"), DetachKeys(vec![0, 1, b'x']));
        assert_eq!(keys("ctrl-\\"), DetachKeys(vec![28]));
        assert_eq!(keys(""), DetachKeys(Vec::new()));
        for text in ["ctrl-", "ctrl-1", "ab", "a,,b", "é"] {
            assert!(text.parse::<DetachKeys>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_sequence_is_found_across_reads_and_everything_else_passes() {
        let keys = keys("ctrl-p,ctrl-q");
        let mut watch = Watch::new(&keys);
        assert_eq!(watch.look(b"ab\x10"), Typed::Input(b"ab".to_vec()));
        assert_eq!(watch.look(b"c\x10\x10"), Typed::Input(b"\x10c\x10".to_vec()));
        assert_eq!(watch.look(b"\x11rest"), Typed::Detach(Vec::new()));
    }

    #[test]
    fn without_keys_nothing_is_held_back() {
        let keys = keys("");
        assert_eq!(Watch::new(&keys).look(b"\x10\x11"), Typed::Input(b"\x10\x11".to_vec()));
    }
}
