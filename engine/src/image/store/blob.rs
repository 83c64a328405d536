//! Blobs: files named by the digest of their content.

use super::{Staging, Store, StoreError};
use crate::image::layer::Hasher;
use crate::image::manifest::Descriptor;
use engine_spec::Digest;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// A blob being written and hashed on the way.
#[derive(Debug)]
pub(crate) struct BlobWriter {
    path: PathBuf,
    file: File,
    hasher: Hasher,
    size: u64,
    /// So many bytes are in the file before anything is written.
    already: u64,
    expected: (Digest, u64),
}

impl BlobWriter {
    /// Starts a blob that is to have this digest and size.
    pub(crate) fn create(staging: &Staging, digest: &Digest, size: u64) -> Result<Self, StoreError> {
        let path = staging.path(digest.hex());
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        let file = opened.map_err(StoreError::io("create", &path))?;
        let expected = (digest.clone(), size);
        Ok(Self { path, file, hasher: Hasher::of(digest), size: 0, already: 0, expected })
    }

    /// Goes on with a file that has `already` so many bytes; they are to be written first, once more, and
    /// are only hashed.
    pub(super) fn after(file: File, path: PathBuf, already: u64, blob: &Descriptor) -> Self {
        let (hasher, expected) = (Hasher::of(&blob.digest), (blob.digest.clone(), blob.size));
        Self { path, file, hasher, size: 0, already, expected }
    }

    /// Whether bytes are missing yet.
    pub(super) fn is_short(&self) -> bool {
        self.size < self.expected.1
    }

    /// Checks what was written; only then may the file at the returned path be published.
    pub(crate) fn finish(self) -> Result<PathBuf, StoreError> {
        let (digest, expected) = self.expected;
        if self.size != expected {
            return Err(StoreError::SizeMismatch { digest, expected, found: self.size });
        }
        let found = self.hasher.finish();
        if found != digest {
            return Err(StoreError::DigestMismatch { expected: digest, found });
        }
        Ok(self.path)
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.size += bytes.len() as u64;
        if self.size > self.expected.1 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the blob is longer than announced"));
        }
        self.hasher.update(bytes);
        let after = self.size - bytes.len() as u64;
        let known = usize::try_from(self.already.saturating_sub(after)).unwrap_or(usize::MAX);
        self.file.write_all(&bytes[known.min(bytes.len())..])?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Store {
    /// Whether a blob is here.
    pub(crate) fn has_blob(&self, digest: &Digest) -> bool {
        self.layout.blob(digest).exists()
    }

    /// Reads a configuration or manifest and checks that it is what its digest says.
    pub(crate) fn read_blob(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.layout.blob(digest);
        let text = fs::read(&path).map_err(StoreError::io("read", &path))?;
        let found = Hasher::digest_like(digest, &text);
        if found != *digest {
            return Err(StoreError::DigestMismatch { expected: digest.clone(), found });
        }
        Ok(text)
    }

    /// Adds a document to what is being published.
    pub(crate) fn stage_blob(
        &self,
        staging: &mut Staging,
        digest: &Digest,
        text: &[u8],
    ) -> Result<(), StoreError> {
        let mut writer = BlobWriter::create(staging, digest, text.len() as u64)?;
        writer.write_all(text).map_err(StoreError::io("write", &writer.path))?;
        staging.add(writer.finish()?, self.layout.blob(digest));
        Ok(())
    }
}
