//! Projects made of texts, for tests.

use crate::load::{Files, LoadOptions, Loaded, load};
use crate::model::Project;
use crate::{Diagnostic, Diagnostics};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Files by name within the folder `/app`.
struct Texts<'a>(&'a [(&'a str, &'a str)]);

impl Files for Texts<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // Standard input has a name only.
        let is_meant = |name: &str| Path::new("/app").join(name) == path || Path::new(name) == path;
        let found = self.0.iter().find(|(name, _)| is_meant(name));
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn exists(&self, path: &Path) -> bool {
        self.read(path).is_ok()
    }
}

/// Options for the folder `/app` with one variable, `USER=me`.
pub(crate) fn options() -> LoadOptions {
    LoadOptions {
        current_directory: PathBuf::from("/app"),
        environment: BTreeMap::from([("USER".to_owned(), "me".to_owned())]),
        ..LoadOptions::default()
    }
}

/// Loads `compose.yaml` and what lies beside it.
pub(crate) fn load_files(files: &[(&str, &str)], options: &LoadOptions) -> Result<Loaded, Diagnostics> {
    load(options, &Texts(files))
}

/// Loads one file that must be right.
pub(crate) fn project(text: &str) -> Project {
    match load_files(&[("compose.yaml", text)], &options()) {
        Ok(loaded) => loaded.project,
        Err(errors) => panic!("{errors}"),
    }
}

/// Diagnostics as `place: message [hint]`, one a line.
pub(crate) fn brief(diagnostics: &[Diagnostic]) -> String {
    let line = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let hint = diagnostic.hint.as_ref().map(|hint| format!(" [{hint}]")).unwrap_or_default();
        format!("{place}{}{hint}", diagnostic.message)
    };
    diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}
