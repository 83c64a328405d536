//! What happened, line by line, and what follows from all lines.

use crate::watch::batch::whole;
use engine_spec::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

/// A thing that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    /// This was copied into containers of an image.
    Copied { image: Digest, entry: Entry },
    /// A build began.
    BuildBegan,
    /// It ended; `image` is what containers have since, if it is a new one.
    BuildEnded { image: Option<Digest> },
}

/// What follows from all lines.
#[derive(Debug, Default)]
pub(super) struct State {
    image: Option<Digest>,
    pub(super) base: Entries,
    pub(super) fresh: Entries,
    is_building: bool,
}

/// What was copied, by the path inside the container.
pub(super) type Entries = BTreeMap<PathBuf, Entry>;

/// A path that was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) target: PathBuf,
    pub(super) path: PathBuf,
    pub(super) kept: Kept,
}

/// What was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kept {
    File { number: u64, mode: u32, modified: SystemTime },
    Link(PathBuf),
    Folder { mode: u32 },
    Nothing,
}

impl Line {
    /// The number of the file that this keeps.
    pub(super) fn file(&self) -> Option<u64> {
        match self {
            Self::Copied { entry: Entry { kept: Kept::File { number, .. }, .. }, .. } => Some(*number),
            _ => None,
        }
    }
}

impl State {
    /// Takes in what happened next.
    pub(super) fn follow(&mut self, line: Line) {
        match line {
            Line::Copied { image, entry } => {
                if self.image.as_ref() != Some(&image) && !self.is_building {
                    self.base.clear();
                    self.image = Some(image);
                }
                let entries = if self.is_building { &mut self.fresh } else { &mut self.base };
                let path = whole(&entry.target, &entry.path);
                // What was in a folder that is gone is gone with it.
                if entry.kept == Kept::Nothing {
                    let inside: Vec<PathBuf> = entries
                        .range(path.clone()..)
                        .map(|(below, _)| below.clone())
                        .take_while(|below| below.starts_with(&path))
                        .collect();
                    inside.iter().for_each(|below| drop(entries.remove(below)));
                }
                entries.insert(path, entry);
            }
            Line::BuildBegan => {
                self.is_building = true;
                self.base.append(&mut self.fresh);
            }
            Line::BuildEnded { image } => {
                self.is_building = false;
                if image.is_some() && image != self.image {
                    self.image = image;
                    self.base = std::mem::take(&mut self.fresh);
                } else {
                    self.base.append(&mut self.fresh);
                }
            }
        }
    }

    /// What a container of `image` has to be given, in order.
    pub(super) fn due(&self, image: &Digest) -> impl Iterator<Item = &Entry> {
        let base = (self.image.as_ref() == Some(image)).then_some(&self.base);
        base.into_iter().flat_map(Entries::values).chain(self.fresh.values())
    }

    /// The shortest lines from which the same follows, as long as nothing is built.
    pub(super) fn lines(&self) -> Vec<Line> {
        let entries = self.base.values().chain(self.fresh.values());
        let copied = |image: &Digest| {
            let line = |entry: &Entry| Line::Copied { image: image.clone(), entry: entry.clone() };
            entries.map(line).collect()
        };
        self.image.as_ref().map(copied).unwrap_or_default()
    }
}
