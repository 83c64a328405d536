//! Where the attributes of a project stand in its files, for those who say what changed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, as it was found.
    pub file: Arc<PathBuf>,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Location {
    /// `file:line`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// The places of a project's attributes by path: the keys with dots between (`services.web.image`).
/// An item of a list has the key of what it is called: its target, source or text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, Location>);

impl Places {
    /// Notes where an attribute stands.
    pub(crate) fn insert(&mut self, path: String, location: Location) {
        self.0.insert(path, location);
    }

    /// Where an attribute stands.
    #[must_use]
    pub fn exact(&self, path: &str) -> Option<&Location> {
        self.0.get(path)
    }

    /// Where an attribute stands, else the nearest one around it that is in a file.
    #[must_use]
    pub fn nearest(&self, path: &str) -> Option<&Location> {
        let mut path = path;
        loop {
            if let Some(location) = self.0.get(path) {
                return Some(location);
            }
            path = path.rsplit_once('.')?.0;
        }
    }
}
