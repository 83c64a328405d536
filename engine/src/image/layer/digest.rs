//! Content digests as they are computed.

use engine_spec::Digest;
use sha2::{Digest as _, Sha256, Sha512};
use std::io::{self, Read, Write};

/// A digest in the making, by the algorithm of the digest it is to be compared with.
#[derive(Debug, Clone)]
pub(crate) enum Hasher {
    /// SHA-256, what everybody uses.
    Sha256(Sha256),
    /// SHA-512, the only other registered algorithm.
    Sha512(Box<Sha512>),
}

impl Hasher {
    /// Starts a digest by SHA-256.
    pub(crate) fn new() -> Self {
        Self::Sha256(Sha256::new())
    }

    /// Starts a digest by the algorithm of `like`.
    pub(crate) fn of(like: &Digest) -> Self {
        match like.algorithm() {
            "sha512" => Self::Sha512(Box::default()),
            _ => Self::new(),
        }
    }

    /// The SHA-256 digest of a text.
    pub(crate) fn sha256(text: &[u8]) -> Digest {
        Digest::from_sha256(Sha256::digest(text).into())
    }

    /// The digest of a text by the algorithm of `like`.
    pub(crate) fn digest_like(like: &Digest, text: &[u8]) -> Digest {
        let mut hasher = Self::of(like);
        hasher.update(text);
        hasher.finish()
    }

    /// Takes in more bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all bytes taken in.
    pub(crate) fn finish(self) -> Digest {
        match self {
            Self::Sha256(hasher) => Digest::from_sha256(hasher.finalize().into()),
            Self::Sha512(hasher) => {
                let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                format!("sha512:{hex}").parse().expect("64 bytes are 128 hex digits")
            }
        }
    }
}

/// Hashes and counts what is read through it.
#[derive(Debug)]
pub(crate) struct HashingReader<R> {
    reader: R,
    hasher: Hasher,
    count: u64,
}

impl<R> HashingReader<R> {
    /// Reads from `reader`, hashing by `hasher`.
    pub(crate) fn new(reader: R, hasher: Hasher) -> Self {
        Self { reader, hasher, count: 0 }
    }

    /// The digest and number of the bytes read, and the reader.
    pub(crate) fn finish(self) -> (Digest, u64, R) {
        (self.hasher.finish(), self.count, self.reader)
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

/// Hashes and counts what is written through it.
#[derive(Debug)]
pub(crate) struct HashingWriter<W> {
    sink: W,
    hasher: Hasher,
    count: u64,
}

impl<W: Write> HashingWriter<W> {
    /// Writes to `sink`, hashing by SHA-256.
    pub(crate) fn new(sink: W) -> Self {
        Self { sink, hasher: Hasher::new(), count: 0 }
    }

    /// The digest and number of the bytes written.
    pub(crate) fn finish(mut self) -> io::Result<(Digest, u64)> {
        self.sink.flush()?;
        Ok((self.hasher.finish(), self.count))
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.write_all(bytes)?;
        self.hasher.update(bytes);
        self.count += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_algorithm_is_that_of_the_expected_digest() {
        let like: Digest = format!("sha512:{}", "0".repeat(128)).parse().expect("valid");
        assert!(Hasher::digest_like(&like, b"").as_str().starts_with("sha512:cf83e1357eefb8bd"));
        assert!(Hasher::sha256(b"").as_str().starts_with("sha256:e3b0c44298fc1c14"));
    }
}
