//! Versioned records as files: JSON, written beside their place and renamed into it.
//!
//! ```text
//! {"kind":"container","version":1,"record":{…}}
//! ```

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A value that is kept as a file of its own.
pub trait Record: Serialize + DeserializeOwned {
    /// What it is, in one word; a file of another kind is refused.
    const KIND: &'static str;
    /// Raised when an older program could misread it.
    const VERSION: u32;
}

/// A record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file could not be read.
    #[error("cannot read the {kind} record {path}")]
    Read {
        /// What it should hold.
        kind: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file could not be written; what was there before is unchanged.
    #[error("cannot write the {kind} record {path}")]
    Write {
        /// What it should hold.
        kind: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is no record of this kind.
    #[error("the {kind} record {path} is damaged")]
    Damaged {
        /// What it should hold.
        kind: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The file is of a version this program does not know.
    #[error(
        "the {kind} record {path} has version {found}, this program knows {known}: use the version of lighter that wrote it, or a newer one"
    )]
    UnknownVersion {
        /// What it holds.
        kind: &'static str,
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The value has no JSON form.
    #[error("cannot write the {kind} record {path} as JSON")]
    Encode {
        /// What it should hold.
        kind: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A finished stage could not be brought to disk.
    #[error("cannot bring the changes in {path} to disk")]
    Sync {
        /// The data folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

#[derive(Serialize)]
struct Envelope<'a, R> {
    kind: &'a str,
    version: u32,
    record: &'a R,
}

#[derive(Deserialize)]
struct Opened<R> {
    version: u32,
    record: R,
}

#[derive(Deserialize)]
struct Header {
    version: u32,
}

/// Writes a record that must survive power loss; it and its folder are on disk when this returns.
///
/// # Errors
/// Says why the file could not be written; a file that was there before is unchanged.
pub fn write_durable<R: Record>(path: &Path, record: &R) -> Result<(), RecordError> {
    replace(path, record, |file, folder| {
        file.sync_all()?;
        Ok(Some(File::open(folder)?))
    })
}

/// Writes a record whose stage is synced as a whole by [`sync_stage`], or that need not survive.
///
/// # Errors
/// Says why the file could not be written; a file that was there before is unchanged.
pub fn write_volatile<R: Record>(path: &Path, record: &R) -> Result<(), RecordError> {
    replace(path, record, |_, _| Ok(None))
}

/// Reads a record; `None` where there is no file.
///
/// # Errors
/// Says why the file could not be read or is not what it should be.
pub fn read<R: Record>(path: &Path) -> Result<Option<R>, RecordError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(RecordError::Read { kind: R::KIND, path: path.to_owned(), source }),
    };
    match serde_json::from_slice::<Opened<R>>(&text) {
        Ok(opened) if opened.version == R::VERSION => Ok(Some(opened.record)),
        Ok(opened) => Err(unknown_version::<R>(path, opened.version)),
        Err(source) => Err(match serde_json::from_slice::<Header>(&text) {
            Ok(header) if header.version != R::VERSION => unknown_version::<R>(path, header.version),
            _ => RecordError::Damaged { kind: R::KIND, path: path.to_owned(), source },
        }),
    }
}

/// Brings everything a finished stage wrote under `data` to disk, before success is reported.
///
/// One `syncfs(2)` is one journal commit, where an `fsync(2)` a record would be one each.
///
/// # Errors
/// Says why the file system could not be synced.
pub fn sync_stage(data: &Path) -> Result<(), RecordError> {
    let fail = |source| RecordError::Sync { path: data.to_owned(), source };
    let folder = File::open(data).map_err(fail)?;
    nix::unistd::syncfs(&folder).map_err(|errno| fail(errno.into()))
}

fn unknown_version<R: Record>(path: &Path, found: u32) -> RecordError {
    RecordError::UnknownVersion { kind: R::KIND, path: path.to_owned(), found, known: R::VERSION }
}

/// `settle` may sync the new file before the rename and return the folder to sync after it.
fn replace<R: Record>(
    path: &Path,
    record: &R,
    settle: impl FnOnce(&File, &Path) -> io::Result<Option<File>>,
) -> Result<(), RecordError> {
    let envelope = Envelope { kind: R::KIND, version: R::VERSION, record };
    let text = serde_json::to_vec(&envelope).map_err(|source| RecordError::Encode {
        kind: R::KIND,
        path: path.to_owned(),
        source,
    })?;
    let temporary = temporary_beside(path);
    let written = write_then_rename(&temporary, path, &text, settle);
    written.map_err(|source| {
        let _ = fs::remove_file(&temporary);
        RecordError::Write { kind: R::KIND, path: path.to_owned(), source }
    })
}

fn write_then_rename(
    temporary: &Path,
    path: &Path,
    text: &[u8],
    settle: impl FnOnce(&File, &Path) -> io::Result<Option<File>>,
) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.write_all(text)?;
    let folder = settle(&file, path.parent().unwrap_or(Path::new(".")))?;
    fs::rename(temporary, path)?;
    folder.map_or(Ok(()), |folder| folder.sync_all())
}

/// Unique among the writers of this machine: process, then count within the process.
fn temporary_beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{count}.tmp", std::process::id()));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    impl Record for Note {
        const KIND: &'static str = "note";
        const VERSION: u32 = 2;
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("lighter-record-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("created");
        folder
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = folder("round");
        let path = folder.join("note.json");
        assert_eq!(read::<Note>(&path).expect("no file"), None);
        write_durable(&path, &Note { text: "a".into() }).expect("written");
        write_volatile(&path, &Note { text: "b".into() }).expect("replaced");
        assert_eq!(read(&path).expect("read"), Some(Note { text: "b".into() }));
        assert_eq!(fs::read_dir(&folder).expect("listed").count(), 1, "no temporary file is left");
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn an_unknown_version_is_named_even_if_the_content_differs() {
        let folder = folder("version");
        let path = folder.join("note.json");
        fs::write(&path, r#"{"kind":"note","version":9,"record":{"words":[]}}"#).expect("written");
        let error = read::<Note>(&path).expect_err("refused").to_string();
        assert!(error.contains("has version 9, this program knows 2"), "{error}");
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn half_a_file_is_damage_and_not_a_missing_record() {
        let folder = folder("damage");
        let path = folder.join("note.json");
        fs::write(&path, r#"{"kind":"note","version":2,"rec"#).expect("written");
        assert!(matches!(read::<Note>(&path), Err(RecordError::Damaged { .. })));
        fs::remove_dir_all(folder).expect("removed");
    }
}
