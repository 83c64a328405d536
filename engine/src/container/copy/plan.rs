//! What a copy means: where things go and what they are called there. Docker's rules, decided from what is
//! there on both sides; nothing is touched here.
//!
//! ```text
//! source        destination         what happens
//! file          folder              goes into it under its own name
//! file          file, or nothing    takes its place under its name
//! file          nothing, `x/`       refused: there is no such folder
//! folder        folder              goes into it; with `/.` at its end, its content does
//! folder        nothing             becomes it
//! folder        file                refused
//! anything      device              refused
//! ```

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// A path as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    /// The folder it lies in, as typed.
    pub(super) folder: Vec<u8>,
    /// Its last part; `.` for the content of `folder`.
    pub(super) name: Vec<u8>,
    /// Whether its end says that it is a folder.
    pub(super) is_folder: bool,
}

impl Typed {
    /// Splits a path at its last slash but those at its end.
    pub(super) fn new(path: &Path) -> Self {
        let text = path.as_os_str().as_bytes();
        let is_content = text == b"." || text.ends_with(b"/.");
        let is_folder = is_content || text.ends_with(b"/") || text == b".." || text.ends_with(b"/..");
        if is_content || text.ends_with(b"..") {
            return Self { folder: text.to_vec(), name: b".".to_vec(), is_folder };
        }
        let trimmed = match text.iter().rposition(|byte| *byte != b'/') {
            Some(last) => &text[..=last],
            None => return Self { folder: b"/".to_vec(), name: b".".to_vec(), is_folder: true },
        };
        let slash = trimmed.iter().rposition(|byte| *byte == b'/');
        let (folder, name) = match slash {
            Some(slash) => (trimmed[..=slash].to_vec(), trimmed[slash + 1..].to_vec()),
            None => (b".".to_vec(), trimmed.to_vec()),
        };
        Self { folder, name, is_folder }
    }

    /// The folder as a path.
    pub(super) fn folder_path(&self) -> std::path::PathBuf {
        OsString::from_vec(self.folder.clone()).into()
    }
}

/// What lies at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Folder,
    /// Such as `/dev/null`, which must stay what it is.
    Device,
    Other,
    Nothing,
}

/// Where things go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goes {
    /// Into the destination itself, under this name; `.` is its content only.
    Into(Vec<u8>),
    /// Into the folder that the destination lies in, under its name.
    Beside,
}

/// Why nothing can be copied so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A folder does not fit into a file.
    #[error("cannot copy a folder to a file")]
    FolderToFile,
    /// Copying replaces files, and nobody wants a device replaced.
    #[error("it is a device")]
    Device,
    /// A slash at the end promises a folder.
    #[error("no such folder")]
    NoFolder,
    /// A slash at the end promises a folder.
    #[error("not a folder")]
    NotAFolder,
}

/// Decides where `source` goes.
pub(super) fn decide(
    source: &Typed,
    source_is_folder: bool,
    destination: &Typed,
    existing: Existing,
) -> Result<Goes, Refusal> {
    match (existing, source_is_folder) {
        _ if source.is_folder && !source_is_folder => Err(Refusal::NotAFolder),
        (Existing::Folder, _) => Ok(Goes::Into(source.name.clone())),
        (Existing::Device, _) => Err(Refusal::Device),
        (Existing::Other, _) if destination.is_folder => Err(Refusal::NotAFolder),
        (Existing::Other, true) => Err(Refusal::FolderToFile),
        (Existing::Nothing, false) if destination.is_folder => Err(Refusal::NoFolder),
        (Existing::Other, false) | (Existing::Nothing, _) => Ok(Goes::Beside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, is_folder: bool, to: (&str, Existing), expected: Result<Goes, Refusal>) {
        let decided = decide(&Typed::new(Path::new(source)), is_folder, &Typed::new(Path::new(to.0)), to.1);
        assert_eq!(decided, expected, "{source} to {}", to.0);
    }

    #[test]
    fn what_goes_where_is_dockers_rule() {
        let into = |name: &str| Ok(Goes::Into(name.as_bytes().to_vec()));
        check("a/file", false, ("dir", Existing::Folder), into("file"));
        check("a/file", false, ("other", Existing::Other), Ok(Goes::Beside));
        check("a/file", false, ("new", Existing::Nothing), Ok(Goes::Beside));
        check("a/file", false, ("new/", Existing::Nothing), Err(Refusal::NoFolder));
        check("a/file/", false, ("dir", Existing::Folder), Err(Refusal::NotAFolder));
        check("a/dir", true, ("dir", Existing::Folder), into("dir"));
        check("a/dir/", true, ("dir", Existing::Folder), into("dir"));
        check("a/dir/.", true, ("dir", Existing::Folder), into("."));
        check("a/dir/.", true, ("new", Existing::Nothing), Ok(Goes::Beside));
        check("a/dir", true, ("new/", Existing::Nothing), Ok(Goes::Beside));
        check("a/dir", true, ("file", Existing::Other), Err(Refusal::FolderToFile));
        check("a/file", false, ("/dev/null", Existing::Device), Err(Refusal::Device));
    }

    #[test]
    fn paths_are_split_at_their_last_part() {
        let split = |text: &str| {
            let typed = Typed::new(Path::new(text));
            (String::from_utf8(typed.folder).expect("text"), String::from_utf8(typed.name).expect("text"))
        };
        assert_eq!(split("/etc/hosts"), ("/etc/".into(), "hosts".into()));
        assert_eq!(split("/etc//"), ("/".into(), "etc".into()));
        assert_eq!(split("file"), (".".into(), "file".into()));
        assert_eq!(split("/"), ("/".into(), ".".into()));
        assert_eq!(split("dir/."), ("dir/.".into(), ".".into()));
        assert_eq!(split(".."), ("..".into(), ".".into()));
    }
}
