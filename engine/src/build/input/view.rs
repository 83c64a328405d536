//! A file tree as a build reads it: layers merged as overlayfs would merge them, or the context
//! behind its `.dockerignore`.
//!
//! Nothing is mounted: a name is looked up layer by layer, whiteouts and opaque folders hide what
//! lies below (kernel documentation, overlayfs.rst). Symbolic links are followed by hand and start
//! again from the tree's root, so no path leads out of it.

use super::ignore::{Ignore, Verdict};
use crate::sys::{Carrier, xattr};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, open, openat2, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// As many links as the kernel follows in one path (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// A path of a tree could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The kernel refused.
    #[error("cannot read {path}")]
    Read {
        /// The path, from the tree's root.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file stands where a folder is needed.
    #[error("{0} is not a folder")]
    NotAFolder(PathBuf),
    /// Links lead to links without end.
    #[error("too many symbolic links on the way to {0}")]
    LinkLoop(PathBuf),
}

/// A tree.
#[derive(Debug)]
pub(in crate::build) struct View {
    /// Its layers, topmost first; the context is one.
    roots: Vec<Root>,
    /// What is hidden from it; `None` for layers, which hide by whiteouts.
    ignore: Option<Ignore>,
}

#[derive(Debug)]
struct Root {
    path: PathBuf,
    folder: OwnedFd,
}

/// Something in a tree.
#[derive(Debug, Clone)]
pub(in crate::build) struct Entry {
    /// Its path below the root, links resolved; empty for the root.
    pub(in crate::build) path: PathBuf,
    /// What it is.
    pub(in crate::build) kind: Kind,
    /// Its metadata, from the topmost layer that has it.
    pub(in crate::build) stat: FileStat,
    /// The layers it is made of: all that a folder merges, one for anything else.
    places: Vec<usize>,
    verdict: Verdict,
    /// What is left out of what lies below it.
    exclusion: Option<Exclusion>,
}

/// Patterns that count from a folder on (`--exclude`), and what they say of one place below it.
#[derive(Debug, Clone)]
struct Exclusion {
    patterns: Arc<Ignore>,
    /// Where the path below that folder starts.
    start: usize,
    verdict: Verdict,
}

impl Exclusion {
    /// The same for a child; `None` if it is left out.
    fn child(&self, path: &str, kind: Kind) -> Option<Self> {
        let below = path.get(self.start..).unwrap_or_default();
        let verdict = self.patterns.judge(&self.verdict, below);
        let is_kept =
            !verdict.is_excluded || (kind == Kind::Folder && self.patterns.may_include_below(below));
        is_kept.then(|| Self { verdict, ..self.clone() })
    }
}

impl Entry {
    /// The same, without what `patterns` leave out of what lies below it.
    pub(in crate::build) fn without(self, patterns: &Arc<Ignore>) -> Self {
        let length = self.path.to_string_lossy().len();
        let start = if length == 0 { 0 } else { length + 1 };
        let exclusion = Exclusion { patterns: Arc::clone(patterns), start, verdict: Verdict::default() };
        Self { exclusion: Some(exclusion), ..self }
    }
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::build) enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A socket, pipe or device.
    Special,
}

/// What a path leads to.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "looked at and dropped at once, and nearly always an entry")]
pub(in crate::build) enum Found {
    /// Something.
    Entry(Entry),
    /// Nothing: the path with all links resolved that exist.
    Missing(PathBuf),
}

impl View {
    /// Merges `layers`, topmost first.
    pub(in crate::build) fn of_layers(layers: &[PathBuf]) -> Result<Self, ViewError> {
        let roots = layers.iter().map(|path| Root::open(path)).collect::<Result<_, _>>()?;
        Ok(Self { roots, ignore: None })
    }

    /// The folder `context` without what `ignore` leaves out.
    pub(in crate::build) fn of_context(context: &Path, ignore: Ignore) -> Result<Self, ViewError> {
        Ok(Self { roots: vec![Root::open(context)?], ignore: Some(ignore) })
    }

    /// Whether files come from the host, whose owners mean nothing in an image.
    pub(in crate::build) fn is_context(&self) -> bool {
        self.ignore.is_some()
    }

    /// The folder of a context.
    pub(in crate::build) fn folder(&self) -> Option<&Path> {
        self.roots.first().filter(|_| self.is_context()).map(|root| root.path.as_path())
    }

    /// Whether the ignore file hides `path` and all that may lie below it.
    pub(in crate::build) fn hides(&self, path: &str) -> bool {
        let Some(ignore) = &self.ignore else { return false };
        let ends = path.match_indices('/').map(|(slash, _)| slash).chain([path.len()]);
        let verdict = ends.fold(Verdict::default(), |above, end| ignore.judge(&above, &path[..end]));
        !path.is_empty() && verdict.is_excluded && !ignore.may_include_below(path)
    }

    /// The tree's root, which only a tree without layers lacks.
    pub(in crate::build) fn root(&self) -> Result<Option<Entry>, ViewError> {
        let Some(first) = self.roots.first() else { return Ok(None) };
        let stat =
            fstatat(&first.folder, ".", AtFlags::AT_SYMLINK_NOFOLLOW).map_err(read_error(Path::new("/")))?;
        let places = (0..self.roots.len()).collect();
        Ok(Some(Entry {
            path: PathBuf::new(),
            kind: Kind::Folder,
            stat,
            places,
            verdict: Verdict::default(),
            exclusion: None,
        }))
    }

    /// Follows `path` from the root to its end, links included.
    pub(in crate::build) fn resolve(&self, path: &Path) -> Result<Found, ViewError> {
        let Some(root) = self.root()? else { return Ok(Found::Missing(lexical(path))) };
        let mut folders = vec![root];
        let mut pending = names_backwards(path);
        let mut links = 0;
        while let Some(name) = pending.pop() {
            let Some(folder) = folders.last() else { break };
            if name == ".." {
                folders.truncate((folders.len() - 1).max(1));
                continue;
            }
            let Some(entry) = self.child(folder, &name)? else {
                let rest: PathBuf = pending.iter().rev().collect();
                return Ok(Found::Missing(lexical(&folder.path.join(name).join(rest))));
            };
            match entry.kind {
                Kind::Folder => folders.push(entry),
                Kind::Link if links == MAX_LINKS => return Err(ViewError::LinkLoop(path.to_owned())),
                Kind::Link => {
                    links += 1;
                    let target = self.link_target(&entry)?;
                    if target.is_absolute() {
                        folders.truncate(1);
                    }
                    pending.extend(names_backwards(&target));
                }
                _ if pending.is_empty() => return Ok(Found::Entry(entry)),
                _ => return Err(ViewError::NotAFolder(entry.path)),
            }
        }
        Ok(folders.pop().map_or_else(|| Found::Missing(PathBuf::new()), Found::Entry))
    }

    /// What `folder` has under `name`, links not followed.
    pub(in crate::build) fn child(&self, folder: &Entry, name: &OsStr) -> Result<Option<Entry>, ViewError> {
        let path = folder.path.join(name);
        let mut merged = Merged::default();
        for &place in &folder.places {
            match fstatat(&self.roots[place].folder, &path, AtFlags::AT_SYMLINK_NOFOLLOW) {
                Err(Errno::ENOENT | Errno::ENOTDIR) => continue,
                Err(errno) => return Err(read_error(&path)(errno)),
                Ok(stat) => self.add(&mut merged, place, &path, stat),
            }
            if merged.is_closed {
                break;
            }
        }
        Ok(self.visible(folder, path, merged))
    }

    /// Everything in `folder`, sorted by name.
    pub(in crate::build) fn children(&self, folder: &Entry) -> Result<Vec<Entry>, ViewError> {
        let mut merged: BTreeMap<OsString, Merged> = BTreeMap::new();
        for &place in &folder.places {
            let fail = |errno| read_error(&folder.path)(errno);
            let mut opened =
                Dir::from_fd(self.open_at(place, &folder.path, OFlag::O_DIRECTORY)?).map_err(fail)?;
            let names: Vec<OsString> = opened
                .iter()
                .filter_map(|entry| name_of(entry).transpose())
                .collect::<Result<_, _>>()
                .map_err(fail)?;
            for name in names {
                let found = merged.entry(name.clone()).or_default();
                if found.is_closed {
                    continue;
                }
                match fstatat(&opened, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
                    Err(Errno::ENOENT) => {} // gone since it was listed
                    Err(errno) => return Err(read_error(&folder.path.join(name))(errno)),
                    Ok(stat) => self.add(found, place, &folder.path.join(name), stat),
                }
            }
        }
        Ok(merged
            .into_iter()
            .filter_map(|(name, found)| self.visible(folder, folder.path.join(name), found))
            .collect())
    }

    /// Takes in what one layer has at `path`; layers below no longer count once it is closed.
    fn add(&self, merged: &mut Merged, place: usize, path: &Path, stat: FileStat) {
        let kind = kind_of(&stat);
        let is_whiteout = self.ignore.is_none() && is_whiteout(&stat);
        let is_first = merged.stat.is_none();
        if kind == Kind::Folder {
            merged.places.push(place);
            merged.stat.get_or_insert(stat);
            let has_more_below = place + 1 < self.roots.len();
            merged.is_closed = has_more_below && self.is_opaque(place, path);
        } else {
            if is_first && !is_whiteout {
                merged.places.push(place);
                merged.stat = Some(stat);
            }
            merged.is_closed = true;
        }
    }

    /// The entry at `path`, unless there is none or the ignore file hides it.
    fn visible(&self, folder: &Entry, path: PathBuf, merged: Merged) -> Option<Entry> {
        let stat = merged.stat?;
        let kind = kind_of(&stat);
        let exclusion = match &folder.exclusion {
            Some(exclusion) => Some(exclusion.child(&path.to_string_lossy(), kind)?),
            None => None,
        };
        let verdict = match &self.ignore {
            Some(ignore) => {
                let text = path.to_string_lossy();
                let verdict = ignore.judge(&folder.verdict, &text);
                let is_hidden =
                    verdict.is_excluded && !(kind == Kind::Folder && ignore.may_include_below(&text));
                if is_hidden {
                    return None;
                }
                verdict
            }
            None => Verdict::default(),
        };
        Some(Entry { path, kind, stat, places: merged.places, verdict, exclusion })
    }

    /// Opens a file or folder for reading.
    pub(in crate::build) fn open(&self, entry: &Entry) -> Result<File, ViewError> {
        let place = entry.places.first().copied().unwrap_or_default();
        self.open_at(place, &entry.path, OFlag::O_NOFOLLOW).map(File::from)
    }

    /// The path in the one layer, so that a link swapped in meanwhile is not followed.
    fn open_at(&self, place: usize, path: &Path, flags: OFlag) -> Result<OwnedFd, ViewError> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let how = OpenHow::new()
            .flags(flags | OFlag::O_RDONLY | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
        openat2(&self.roots[place].folder, path, how).map_err(read_error(path))
    }

    /// Where a link points to.
    pub(in crate::build) fn link_target(&self, link: &Entry) -> Result<PathBuf, ViewError> {
        let place = link.places.first().copied().unwrap_or_default();
        readlinkat(&self.roots[place].folder, &link.path).map(PathBuf::from).map_err(read_error(&link.path))
    }

    fn is_opaque(&self, place: usize, path: &Path) -> bool {
        let full = self.roots[place].path.join(path).into_os_string().into_vec();
        let Ok(full) = CString::new(full) else { return false };
        let value = xattr(Carrier::Path(&full), c"trusted.overlay.opaque");
        value.is_ok_and(|value| value == b"y")
    }
}

/// One name as seen so far, from the top layer down.
#[derive(Debug, Default)]
struct Merged {
    stat: Option<FileStat>,
    places: Vec<usize>,
    is_closed: bool,
}

impl Root {
    fn open(path: &Path) -> Result<Self, ViewError> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let folder = open(path, flags, Mode::empty()).map_err(read_error(path))?;
        Ok(Self { path: path.to_owned(), folder })
    }
}

fn read_error(path: &Path) -> impl FnOnce(Errno) -> ViewError + use<> {
    let path = path.to_owned();
    move |errno| ViewError::Read { path, source: errno.into() }
}

fn kind_of(stat: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => Kind::File,
        SFlag::S_IFDIR => Kind::Folder,
        SFlag::S_IFLNK => Kind::Link,
        _ => Kind::Special,
    }
}

/// A character device 0:0 hides the name in all layers below.
fn is_whiteout(stat: &FileStat) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFCHR && stat.st_rdev == 0
}

fn name_of(entry: nix::Result<nix::dir::Entry>) -> nix::Result<Option<OsString>> {
    let entry = entry?;
    let name = entry.file_name().to_bytes();
    Ok((name != b"." && name != b"..").then(|| OsStr::from_bytes(name).to_owned()))
}

/// The names of `path`, last first.
fn names_backwards(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    names.collect::<Vec<_>>().into_iter().rev().collect()
}

/// `path` with `..` taken as text, for what does not exist and so has no links.
fn lexical(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for name in names_backwards(path).into_iter().rev() {
        if name == ".." {
            result.pop();
        } else {
            result.push(name);
        }
    }
    result
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
