//! Stamps: what a thing was made from, so that it is made again only when that changes.

use crate::program::read_if_there;
use crate::workspace;
use anyhow::Result;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The digest of the inputs of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp(String);

impl Stamp {
    /// The stamp of `inputs`, in their order.
    pub(crate) fn of<I: AsRef<[u8]>>(inputs: impl IntoIterator<Item = I>) -> Self {
        let mut hash = Sha256::new();
        for input in inputs {
            let input = input.as_ref();
            // The length keeps neighbours apart: "ab", "c" is not "a", "bc".
            hash.update((input.len() as u64).to_le_bytes());
            hash.update(input);
        }
        let mut text = String::new();
        for byte in hash.finalize() {
            write!(text, "{byte:02x}").expect("writing to a String never fails");
        }
        Self(text)
    }

    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what `name` stands for in `folder` was made from the same inputs.
    pub(crate) fn is_current(&self, folder: &Path, name: &str) -> Result<bool> {
        Ok(read_if_there(&file(folder, name))?.as_deref() == Some(self.as_str()))
    }

    /// Remembers that `name` has been made from these inputs.
    pub(crate) fn put(&self, folder: &Path, name: &str) -> Result<()> {
        let file = file(folder, name);
        workspace::make_folder(file.parent().expect("a stamp lies in a folder"))?;
        Ok(std::fs::write(file, self.as_str())?)
    }
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join("stamps").join(name)
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn differs_when_a_boundary_moves() {
        assert_ne!(Stamp::of(["ab", "c"]), Stamp::of(["a", "bc"]));
    }

    #[test]
    fn is_the_same_for_the_same_inputs() {
        assert_eq!(Stamp::of(["a", "b"]), Stamp::of(["a", "b"]));
    }
}
