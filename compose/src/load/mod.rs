//! Compose files to a [`Project`].

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Project;
use engine_spec::ProjectName;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Where files come from. The only way in which this crate sees the host.
pub trait Files {
    /// The bytes of a file. The path `-` is standard input.
    ///
    /// # Errors
    /// As reading a file fails; [`io::ErrorKind::NotFound`] for a missing one.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Whether a file is there.
    fn exists(&self, path: &Path) -> bool;
}

/// What the command line and the environment say about loading.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `-f`; empty means `COMPOSE_FILE`, else the default names here and in the folders above.
    pub files: Vec<PathBuf>,
    /// `--project-directory`.
    pub project_directory: Option<PathBuf>,
    /// `-p`.
    pub project_name: Option<String>,
    /// `--env-file`; empty means `COMPOSE_ENV_FILES`, else `.env`.
    pub env_files: Vec<PathBuf>,
    /// `--profile`; empty means `COMPOSE_PROFILES`.
    pub profiles: Vec<String>,
    /// The variables of the process.
    pub environment: BTreeMap<String, String>,
    /// The folder the command runs in, absolute.
    pub current_directory: PathBuf,
    /// What to read besides the Compose files.
    pub depth: Depth,
}

/// What is read besides the Compose files themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Nothing: for `ps`, `logs`, `down` and others that must work when such a file is missing.
    Structure,
    /// The services' env files: for `config`.
    Environment,
    /// These, and the contents of configs and secrets: for whatever makes containers.
    #[default]
    Contents,
}

/// A project and what may be wrong with it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// Worth showing, in the order of the files.
    pub warnings: Vec<Diagnostic>,
}

/// Loads a project.
///
/// # Errors
/// Everything that is wrong with the files, each with its place.
pub fn load(options: &LoadOptions, files: &dyn Files) -> Result<Loaded, Diagnostics> {
    let _ = (options, files);
    todo!()
}

/// The project's name as far as it is known without a file: `-p`, else `COMPOSE_PROJECT_NAME`.
///
/// # Errors
/// The name breaks the rule of project names.
pub fn name_without_files(options: &LoadOptions) -> Result<Option<ProjectName>, Diagnostics> {
    let _ = options;
    todo!()
}
