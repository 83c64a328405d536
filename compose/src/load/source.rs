//! Reading the texts that a project is made of, and finding them.

use super::environment::Variables;
use super::{Files, LoadOptions, path};
use crate::diagnostic::Diagnostic;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The default names, in order of preference.
pub(super) const FILE_NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// Files merged on top of a default one, in order of preference.
const OVERRIDE_NAMES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// The files with the folder that paths are shown from.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) current_directory: &'a Path,
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub(super) struct ReadError {
    pub(super) path: PathBuf,
    #[source]
    pub(super) source: io::Error,
}

impl ReadError {
    /// The error for a file of the named kind.
    pub(super) fn diagnostic(&self, kind: &str) -> Diagnostic {
        Diagnostic::error(format!("cannot read {kind} {}: {}", self.path.display(), self.source))
    }

    pub(super) fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

impl Reader<'_> {
    /// A path as messages show it: from the current folder if it lies below.
    pub(super) fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.current_directory).unwrap_or(path).to_owned()
    }

    pub(super) fn bytes(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.files.read(path).map_err(|source| ReadError { path: self.shown(path), source })
    }

    pub(super) fn text(&self, path: &Path) -> Result<String, ReadError> {
        String::from_utf8(self.bytes(path)?).map_err(|_| ReadError {
            path: self.shown(path),
            source: io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8 text"),
        })
    }
}

/// The Compose files of a project, absolute, and its folder.
pub(super) struct Discovered {
    pub(super) files: Vec<PathBuf>,
    pub(super) folder: PathBuf,
    pub(super) warnings: Vec<Diagnostic>,
}

/// Finds the Compose files: the options', else `COMPOSE_FILE`'s, else the default ones.
pub(super) fn discover(
    options: &LoadOptions,
    variables: &Variables,
    files: &dyn Files,
) -> Result<Discovered, Diagnostic> {
    let current = &options.current_directory;
    let mut warnings = Vec::new();
    let mut found = named_files(options, variables, files)?;
    if found.is_empty() {
        let start = options
            .project_directory
            .as_deref()
            .map_or(current.clone(), |path| absolute(path, current, variables.get("HOME")));
        found = default_files(&start, files, &mut warnings)?;
    }
    let from_file = found.iter().find(|path| !is_stdin(path)).and_then(|path| path.parent());
    let folder = match &options.project_directory {
        Some(folder) => absolute(folder, current, variables.get("HOME")),
        None => from_file.unwrap_or(current).to_owned(),
    };
    Ok(Discovered { files: found, folder, warnings })
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// A path of the command line, made absolute; `-` stays.
pub(super) fn absolute(path: &Path, current: &Path, home: Option<&str>) -> PathBuf {
    if is_stdin(path) {
        return path.to_owned();
    }
    path::absolute(&path.to_string_lossy(), current, home)
}

fn named_files(
    options: &LoadOptions,
    variables: &Variables,
    files: &dyn Files,
) -> Result<Vec<PathBuf>, Diagnostic> {
    let named = variables.get("COMPOSE_FILE").filter(|list| options.files.is_empty() && !list.is_empty());
    let names: Vec<PathBuf> = match named {
        Some(list) => {
            let separator =
                variables.get("COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty()).unwrap_or(":");
            list.split(separator).map(PathBuf::from).collect()
        }
        None => options.files.clone(),
    };
    let local = |name: &PathBuf| {
        let path = absolute(name, &options.current_directory, variables.get("HOME"));
        let name = name.to_string_lossy();
        if path::is_fetched(&name) && !files.is_file(&path) {
            return Err(Diagnostic::error(not_here("read", &name)).hint(FETCH_FIRST));
        }
        Ok(path)
    };
    names.iter().map(local).collect()
}

/// What to do about a Compose file that is elsewhere.
pub(super) const FETCH_FIRST: &str = "fetch the files, and name those on the disk";

/// Says that Compose files are not fetched; `attempt` is what the file is wanted for.
pub(super) fn not_here(attempt: &str, file: &str) -> String {
    format!("cannot {attempt} {file}: it is not on this machine")
}

/// The default file here or in a folder above, with its override.
fn default_files(
    start: &Path,
    files: &dyn Files,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Vec<PathBuf>, Diagnostic> {
    let present = |folder: &Path, names: &[&str]| -> Vec<PathBuf> {
        names.iter().map(|name| folder.join(name)).filter(|path| files.is_file(path)).collect()
    };
    for folder in start.ancestors() {
        let mut candidates = present(folder, &FILE_NAMES).into_iter();
        let Some(main) = candidates.next() else { continue };
        if let Some(other) = candidates.next() {
            let message = format!("found both {} and {}; using the first", main.display(), other.display());
            warnings.push(Diagnostic::warning(message).hint("remove one of them"));
        }
        let mut overriding = present(folder, &OVERRIDE_NAMES).into_iter();
        let first = overriding.next();
        if let (Some(first), Some(other)) = (&first, overriding.next()) {
            let message = format!("found both {} and {}; using the first", first.display(), other.display());
            warnings.push(Diagnostic::warning(message).hint("remove one of them"));
        }
        return Ok(std::iter::once(main).chain(first).collect());
    }
    let message = format!("no configuration file in {} or a folder above it", start.display());
    Err(Diagnostic::error(message).hint(format!("name one with -f, or write {}", FILE_NAMES[0])))
}

/// The administrator's folder: `/etc/lighter`, or `etc` of an installation of its own.
pub(super) fn administration(environment: &BTreeMap<String, String>) -> PathBuf {
    match environment.get("LIGHTER_ROOT").filter(|root| !root.is_empty()) {
        Some(root) => Path::new(root).join("etc"),
        None => PathBuf::from("/etc/lighter"),
    }
}
