//! A Compose file of a stranger: loading it ends, with a project or with diagnostics.

#![no_main]

use compose::{Files, LoadOptions};
use libfuzzer_sys::fuzz_target;
use std::io;
use std::path::{Path, PathBuf};

/// A folder with one file in it.
struct OneFile<'a>(&'a [u8]);

const FILE: &str = "/project/compose.yaml";

impl Files for OneFile<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if self.exists(path) { Ok(self.0.to_vec()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn exists(&self, path: &Path) -> bool {
        path == Path::new(FILE)
    }
}

fuzz_target!(|text: &[u8]| {
    let options = LoadOptions {
        files: vec![PathBuf::from(FILE)],
        project_name: Some("fuzz".to_owned()),
        current_directory: PathBuf::from("/project"),
        ..LoadOptions::default()
    };
    if let Err(diagnostics) = compose::load(&options, &OneFile(text)) {
        // Showing them must not fail either: they point into the hostile text.
        let _ = diagnostics.to_string();
    }
});
