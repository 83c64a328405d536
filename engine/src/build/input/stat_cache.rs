//! Content digests of files by their metadata, so that an unchanged context is not read again.
//!
//! ```text
//! build/content    "lighter content 2\n", then entries of 72 bytes sorted by device and inode:
//!                  device u64  inode u64  size u64  mtime i64 ns  ctime i64 ns  sha256 [32]
//! ```
//! Any change of a file's bytes, mode or attributes moves its ctime, which nobody can set. A file
//! that changed so shortly ago that a second change could bear the same time is not remembered,
//! as git does with racy index entries.

use super::attribute::attributes;
use crate::sys::Carrier;
use nix::sys::stat::{FileStat, fstat};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const MAGIC: &[u8] = b"lighter content 2\n";
const ENTRY_BYTES: usize = 72;
const KEY_BYTES: usize = 16;
/// More than a tick of any kernel's clock (10 ms at HZ=100).
const SETTLED: Duration = Duration::from_millis(50);
/// How often a file that changes while it is read is read again.
const ATTEMPTS: usize = 3;
/// Entries no build asked for are dropped when they outnumber the others by this factor.
const STALE_FACTOR: usize = 4;

/// A SHA-256 digest.
pub(in crate::build) type ContentDigest = [u8; 32];

type Key = [u8; KEY_BYTES];

/// The remembered digests.
#[derive(Debug)]
pub(in crate::build) struct StatCache {
    path: PathBuf,
    /// The entries on disk, as they lie there.
    stored: Vec<u8>,
    /// Entries asked for in this build.
    used: BTreeMap<Key, [u8; ENTRY_BYTES]>,
    is_changed: bool,
}

impl StatCache {
    /// Reads the cache; a missing or damaged one is empty.
    pub(in crate::build) fn load(path: PathBuf) -> Self {
        let text = fs::read(&path).unwrap_or_default();
        let stored = text.strip_prefix(MAGIC).filter(|entries| entries.len() % ENTRY_BYTES == 0);
        Self { stored: stored.unwrap_or_default().to_vec(), path, used: BTreeMap::new(), is_changed: false }
    }

    /// The digest of a file that has not changed since it was remembered.
    pub(in crate::build) fn known(&mut self, stat: &FileStat) -> Option<ContentDigest> {
        let key = key(stat);
        let entry = self.find(&key).filter(|entry| entry[..40] == head(stat))?;
        self.used.insert(key, entry);
        Some(digest_of(&entry))
    }

    fn find(&self, key: &Key) -> Option<[u8; ENTRY_BYTES]> {
        if let Some(entry) = self.used.get(key) {
            return Some(*entry);
        }
        let entries = self.stored.as_chunks::<ENTRY_BYTES>().0;
        let index = entries.binary_search_by(|entry| entry[..KEY_BYTES].cmp(key)).ok()?;
        Some(entries[index])
    }

    /// Remembers the digest of a file, unless it changed a moment ago.
    pub(in crate::build) fn remember(&mut self, stat: &FileStat, digest: &ContentDigest) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let limit = i64::try_from(now.saturating_sub(SETTLED).as_nanos()).unwrap_or(i64::MAX);
        let latest = nanoseconds(stat.st_mtime, stat.st_mtime_nsec)
            .max(nanoseconds(stat.st_ctime, stat.st_ctime_nsec));
        if latest >= limit {
            return;
        }
        let mut entry = [0; ENTRY_BYTES];
        entry[..40].copy_from_slice(&head(stat));
        entry[40..].copy_from_slice(digest);
        self.used.insert(key(stat), entry);
        self.is_changed = true;
    }

    /// Writes what was learnt, if anything was. It is only a cache: it is not synced.
    pub(in crate::build) fn save(&mut self) -> io::Result<()> {
        if !self.is_changed {
            return Ok(());
        }
        let mut entries = std::mem::take(&mut self.used);
        let stored = self.stored.as_chunks::<ENTRY_BYTES>().0;
        if stored.len() <= entries.len().saturating_mul(STALE_FACTOR) {
            for entry in stored {
                let mut key = [0; KEY_BYTES];
                key.copy_from_slice(&entry[..KEY_BYTES]);
                entries.entry(key).or_insert(*entry);
            }
        }
        let mut text = MAGIC.to_vec();
        entries.values().for_each(|entry| text.extend_from_slice(entry));
        let temporary = self.path.with_extension(std::process::id().to_string());
        self.is_changed = false;
        let written = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, &self.path));
        written.inspect_err(|_| drop(fs::remove_file(&temporary)))
    }

    /// Where the cache of an installation lies below its build folder.
    pub(in crate::build) fn path_in(build: &Path) -> PathBuf {
        build.join("content")
    }
}

/// Reads the file that `open` gives: its digest, and its metadata if it stayed the same meanwhile.
pub(in crate::build) fn read<E: From<io::Error>>(
    open: impl Fn() -> Result<File, E>,
) -> Result<(ContentDigest, Option<FileStat>), E> {
    for _ in 1..ATTEMPTS {
        if let Some((digest, stat)) = read_unchanged(open()?)? {
            return Ok((digest, Some(stat)));
        }
    }
    // A file that never rests is taken as it is at one moment.
    Ok((hash(&mut open()?)?, None))
}

/// Device and inode, in an order that sorts as bytes.
fn key(stat: &FileStat) -> Key {
    let mut key = [0; KEY_BYTES];
    key[..8].copy_from_slice(&stat.st_dev.to_be_bytes());
    key[8..].copy_from_slice(&stat.st_ino.to_be_bytes());
    key
}

/// All of an entry but the digest.
fn head(stat: &FileStat) -> [u8; 40] {
    let mut head = [0; 40];
    head[..KEY_BYTES].copy_from_slice(&key(stat));
    head[16..24].copy_from_slice(&stat.st_size.to_be_bytes());
    head[24..32].copy_from_slice(&nanoseconds(stat.st_mtime, stat.st_mtime_nsec).to_be_bytes());
    head[32..40].copy_from_slice(&nanoseconds(stat.st_ctime, stat.st_ctime_nsec).to_be_bytes());
    head
}

fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

fn digest_of(entry: &[u8; ENTRY_BYTES]) -> ContentDigest {
    let mut digest = [0; 32];
    digest.copy_from_slice(&entry[40..]);
    digest
}

/// The digest and metadata of a file that did not change while it was read, else `None`.
fn read_unchanged(mut file: File) -> io::Result<Option<(ContentDigest, FileStat)>> {
    let before = fstat(&file)?;
    let digest = hash(&mut file)?;
    let after = fstat(&file)?;
    Ok((head(&before) == head(&after)).then_some((digest, after)))
}

/// The digest of a file's bytes, and of its extended attributes if it has some that count.
fn hash(file: &mut File) -> io::Result<ContentDigest> {
    let content = hash_bytes(file)?;
    let attributes = attributes(Carrier::File(file.as_fd()))?;
    if attributes.is_empty() {
        return Ok(content);
    }
    let mut hasher = Sha256::new_with_prefix(content);
    for (name, value) in attributes {
        for part in [name.to_bytes(), &value] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    Ok(hasher.finalize().into())
}

fn hash_bytes(file: &mut File) -> io::Result<ContentDigest> {
    const BUFFER_BYTES: usize = 1 << 17;
    let mut hasher = Sha256::new();
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut buffer = vec![0; size.saturating_add(1).min(BUFFER_BYTES)];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::scratch::Scratch;
    use std::cell::Cell;

    /// Digests `path` and tells whether it was read.
    fn digest(cache: &mut StatCache, path: &Path) -> (ContentDigest, bool) {
        let file = File::open(path).expect("opened");
        let is_read = Cell::new(false);
        let open = || {
            is_read.set(true);
            File::open(path)
        };
        if let Some(digest) = cache.known(&fstat(&file).expect("read")) {
            return (digest, false);
        }
        let (digest, stat) = read::<io::Error>(open).expect("digested");
        stat.into_iter().for_each(|stat| cache.remember(&stat, &digest));
        (digest, is_read.get())
    }

    /// Waits until the file's change is old enough to be remembered.
    fn settle(path: &Path) {
        while fs::metadata(path).and_then(|data| data.modified()).expect("read").elapsed().unwrap_or_default()
            <= SETTLED
        {
            std::thread::yield_now();
        }
    }

    #[test]
    fn an_unchanged_file_is_read_once_across_builds() {
        let scratch = Scratch::new();
        let file = scratch.tree("t", &[("f", "one")]).join("f");
        settle(&file);
        let mut cache = StatCache::load(scratch.path().join("cache"));
        let (first, is_read) = digest(&mut cache, &file);
        assert!(is_read);
        cache.save().expect("saved");

        let mut cache = StatCache::load(scratch.path().join("cache"));
        assert_eq!(digest(&mut cache, &file), (first, false));
    }

    #[test]
    fn a_change_of_the_same_size_is_seen() {
        let scratch = Scratch::new();
        let file = scratch.tree("t", &[("f", "one")]).join("f");
        settle(&file);
        let mut cache = StatCache::load(scratch.path().join("cache"));
        let (first, _) = digest(&mut cache, &file);
        fs::write(&file, "two").expect("written");
        let (second, is_read) = digest(&mut cache, &file);
        assert!(is_read && first != second);
    }

    #[test]
    fn a_file_changed_just_now_is_not_trusted() {
        let scratch = Scratch::new();
        let file = scratch.tree("t", &[("f", "one")]).join("f");
        let later = SystemTime::now() + Duration::from_secs(3600);
        File::options().write(true).open(&file).and_then(|file| file.set_modified(later)).expect("set");
        let mut cache = StatCache::load(scratch.path().join("cache"));
        assert!(digest(&mut cache, &file).1);
        assert!(digest(&mut cache, &file).1, "its time may still be reached by another change");
    }

    #[test]
    fn a_damaged_cache_is_an_empty_one() {
        let scratch = Scratch::new();
        let folder = scratch.tree("t", &[("cache", "lighter content 2\nshort")]);
        assert!(StatCache::load(folder.join("cache")).stored.is_empty());
    }
}
