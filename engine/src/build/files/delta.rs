//! A small change of a large COPY: a layer of what differs, over the layer of the earlier copy.
//!
//! ```text
//! build/copies/<key>    the last whole copy of a folder to a place: its layer, what it lay on, what was in it
//! ```
//! A copy that was made whole is remembered with the marks of all its files. When few of them have
//! changed, the next one writes those only, over that same layer: never over another delta, so an image
//! gets one layer more and no longer a chain. Where overlayfs could not show what a whole copy would
//! give, or where much changed, the copy is made whole again.
//!
//! The layer below still holds what was changed or removed, so it is for this machine: the image store
//! makes both layers one before an image leaves it ([`crate::image::Store::whole`]). Builds that say what
//! their result is to be bit by bit (`SOURCE_DATE_EPOCH`), or that it leaves (`cache_to`), have no deltas.

use super::copy::Target;
use super::fingerprint::Listed;
use crate::build::input::view::{Found, Kind, View, ViewError};
use crate::state::record::Record;
use engine_spec::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A smaller copy is as quickly made whole.
const SMALLEST: usize = 256;
/// One file of so many may differ.
const SHARE: usize = 10;

/// A copy of a folder, made whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::build) struct WholeCopy {
    /// What it made.
    pub(in crate::build) layer: Digest,
    /// The layers it was made on, bottom first.
    pub(in crate::build) below: Vec<Digest>,
    /// The mark of all that was copied, by path.
    marks: BTreeMap<String, String>,
}

impl Record for WholeCopy {
    const KIND: &'static str = "copied folder";
    const VERSION: u32 = 1;
}

/// What a copy must do that lies over an earlier one.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::build) struct Changes {
    /// What is new or differs, and the folders on the way to it.
    wanted: BTreeSet<PathBuf>,
    /// What is no longer there, without what was in it.
    pub(in crate::build) removed: Vec<PathBuf>,
}

impl WholeCopy {
    /// Remembers a copy, if a delta over it could ever pay.
    pub(in crate::build) fn new(layer: &Digest, below: &[Digest], listing: &[Listed]) -> Option<Self> {
        let marks = (listing.len() >= SMALLEST).then(|| marks(listing)).flatten()?;
        Some(Self { layer: layer.clone(), below: below.to_owned(), marks })
    }

    /// What has changed since; `None` if the copy must be made whole.
    pub(in crate::build) fn changes(&self, listing: &[Listed]) -> Option<Changes> {
        let mut gone: BTreeSet<&str> = self.marks.keys().map(String::as_str).collect();
        let mut changed = Vec::new();
        for listed in listing {
            let path = listed.path.to_str()?;
            gone.remove(path);
            let (before, now) = (self.marks.get(path), mark(listed));
            if before != Some(&now) {
                let is_other_kind = before.is_some_and(|before| before.as_bytes()[0] != now.as_bytes()[0]);
                let has_other_names = listed.kind != Kind::Folder && listed.names > 1;
                if is_other_kind || has_other_names {
                    return None;
                }
                changed.push(listed.path.as_path());
            }
        }
        if (changed.len() + gone.len()) * SHARE > listing.len() {
            return None;
        }
        let is_topmost =
            |path: &&Path| path.parent().and_then(Path::to_str).is_none_or(|parent| !gone.contains(parent));
        let removed: Vec<PathBuf> =
            gone.iter().map(Path::new).filter(is_topmost).map(Path::to_owned).collect();
        let all = changed.into_iter().chain(removed.iter().filter_map(|path| path.parent()));
        let wanted = all.flat_map(Path::ancestors).map(Path::to_owned).collect();
        Some(Changes { wanted, removed })
    }
}

impl Changes {
    /// Whether a path of the tree that is copied must be looked at.
    pub(in crate::build) fn want(&self, path: &Path) -> bool {
        self.wanted.contains(path)
    }

    /// Whether removing what is no longer there shows nothing of the layers `below` the earlier copy of `source`.
    pub(in crate::build) fn hide_nothing(
        &self,
        below: &View,
        (source, target): (&Path, &Target),
    ) -> Result<bool, ViewError> {
        if self.removed.is_empty() {
            return Ok(true);
        }
        let Found::Entry(folder) = below.resolve(&target.path)? else { return Ok(true) };
        for path in &self.removed {
            let mut at = Some(folder.clone());
            for name in path.strip_prefix(source).unwrap_or(path) {
                at = match at {
                    Some(folder) if folder.kind == Kind::Folder => below.child(&folder, name)?,
                    found => found,
                };
            }
            if at.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The marks of all files; `None` if a path cannot be written down.
fn marks(listing: &[Listed]) -> Option<BTreeMap<String, String>> {
    listing.iter().map(|listed| Some((listed.path.to_str()?.to_owned(), mark(listed)))).collect()
}

/// A letter for the kind, and a digest of all that a copy takes over.
fn mark(listed: &Listed) -> String {
    let letter = match listed.kind {
        Kind::File => 'f',
        Kind::Folder => 'd',
        Kind::Link => 'l',
        Kind::Special => 's',
    };
    let mut hasher = Sha256::new_with_prefix(listed.content);
    hasher.update(listed.mode.to_le_bytes());
    hasher.update(listed.modified.0.to_le_bytes());
    hasher.update(listed.modified.1.to_le_bytes());
    let digest = Digest::from_sha256(hasher.finalize().into());
    format!("{letter}{}", &digest.hex()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(path: &str, kind: Kind, content: u8) -> Listed {
        let (path, content) = (path.into(), [content; 32]);
        Listed { path, kind, mode: 0o644, modified: (1, 2), names: 1, content }
    }

    /// `count` files in a folder `d` beside the root.
    fn tree(count: usize) -> Vec<Listed> {
        let folders = ["", "d"].map(|path| listed(path, Kind::Folder, 0));
        let files = (0..count).map(|number| listed(&format!("d/{number}"), Kind::File, 1));
        folders.into_iter().chain(files).collect()
    }

    fn whole(listing: &[Listed]) -> Option<WholeCopy> {
        WholeCopy::new(&Digest::from_sha256([0; 32]), &[], listing)
    }

    fn paths(paths: &[&str]) -> BTreeSet<PathBuf> {
        paths.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn few_changes_are_told_with_the_folders_on_the_way() {
        let before = whole(&tree(300)).expect("large enough");
        let mut now = tree(300);
        now[2].content = [9; 32];
        now[3].modified = (5, 0);
        now.retain(|listed| listed.path != Path::new("d/77"));
        now.push(listed("new", Kind::File, 1));
        let changes = before.changes(&now).expect("few");
        assert_eq!(changes.wanted, paths(&["", "d", "d/0", "d/1", "new"]));
        assert_eq!(changes.removed, [Path::new("d/77")]);
    }

    #[test]
    fn a_removed_folder_is_one_removal() {
        let mut before = tree(300);
        before.extend([listed("old", Kind::Folder, 0), listed("old/f", Kind::File, 1)]);
        let changes = whole(&before).expect("large enough").changes(&tree(300)).expect("few");
        assert_eq!((changes.removed, changes.wanted), (vec![PathBuf::from("old")], paths(&[""])));
    }

    #[test]
    fn a_copy_is_made_whole_where_much_changed_or_a_layer_cannot_say_it() {
        assert!(whole(&tree(10)).is_none(), "small");
        let before = whole(&tree(300)).expect("large enough");
        let mut now = tree(300);
        now.iter_mut().skip(2).take(40).for_each(|listed| listed.content = [9; 32]);
        assert_eq!(before.changes(&now), None, "much changed");
        let mut now = tree(300);
        now[2].kind = Kind::Folder;
        assert_eq!(before.changes(&now), None, "a folder in a file's place");
        let mut now = tree(300);
        (now[2].content, now[2].names) = ([9; 32], 2);
        assert_eq!(before.changes(&now), None, "a file with other names");
    }
}
