//! Compose files that nobody wrote down: flags become attributes, so that each is understood, checked and
//! turned into what the engine does in one place, [`compose`].

use crate::error::CommandError;
use crate::files::HostFiles;
use crate::report;
use crate::session::Session;
use compose::load::Depth;
use compose::model::Project;
use compose::{Files, LoadOptions};
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};

/// What messages call the file.
const FILE: &str = "<command line>";

/// A text in which no variable is replaced.
pub(crate) fn literal(text: &str) -> Value {
    Value::String(text.replace('$', "$$"))
}

/// Reads `file` as a Compose file of the current folder.
pub(crate) fn load(session: &Session, file: &Value) -> Result<Project, CommandError> {
    const DISABLE_DOTENV: &str = "COMPOSE_DISABLE_ENV_FILE";
    let current_directory = std::env::current_dir().map_err(CommandError::CurrentFolder)?;
    let file = CommandLine { path: current_directory.join(FILE), text: serde_json::to_vec_pretty(file)? };
    let mut environment = session.environment.clone();
    environment.retain(|key, _| !key.starts_with("COMPOSE_"));
    environment.insert(DISABLE_DOTENV.to_owned(), "1".to_owned());
    let options = LoadOptions {
        files: vec![file.path.clone()],
        environment,
        current_directory,
        depth: Depth::Contents,
        ..LoadOptions::default()
    };
    let loaded = compose::load(&options, &file)?;
    report::warnings(&loaded.warnings, &session.terminal);
    Ok(loaded.project)
}

/// The host's files, and one that is only here.
struct CommandLine {
    path: PathBuf,
    text: Vec<u8>,
}

impl Files for CommandLine {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == self.path { Ok(self.text.clone()) } else { HostFiles.read(path) }
    }

    fn exists(&self, path: &Path) -> bool {
        path == self.path || HostFiles.exists(path)
    }
}
