//! Compose files to a [`Project`].
//!
//! ```text
//! discover -> parse -> interpolate -> shape -> include, extend -> merge     per file, trees with spans
//!                                                                 |
//!                decode -> normalize -> check -> read env files, contents   the project
//! ```

mod assemble;
mod compose_file;
mod consistency;
mod contents;
mod decode;
mod document;
mod dotenv;
mod environment;
mod finish;
mod identity;
mod interpolate;
mod merge;
mod name;
mod node;
mod normalize;
mod path;
mod places;
mod report;
mod scalar;
mod schema;
mod shape;
mod short;
mod source;
#[cfg(test)]
mod tests;
mod words;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Project;
use compose_file::{FILE, Loader, Scope};
use engine_spec::ProjectName;
use environment::Variables;
use node::Node;
use source::{Discovered, Reader};
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
    let reader = Reader { files, current_directory: &options.current_directory };
    let mut loader = Loader::new(reader);
    let (mut variables, discovered) = locate(options, &mut loader)?;
    let parsed: Vec<_> = discovered.files.iter().map(|file| (file, loader.parse(file, None))).collect();
    let name = project_name(options, &variables, &parsed, &discovered.folder)?;
    variables.insert("COMPOSE_PROJECT_NAME".to_owned(), name.to_string());

    let scope = Scope { variables: &variables, folder: &discovered.folder };
    let mut tree: Option<Node> = None;
    for (file, documents) in parsed {
        let Some(next) = loader.complete(documents, file, &scope) else { continue };
        match &mut tree {
            Some(tree) => merge::merge(tree, next, &FILE),
            None => tree = Some(next),
        }
    }
    let mut report = loader.report;
    let Some(mut tree) = tree else { return Err(failed(report)) };
    merge::prune(&mut tree);
    let profiles = active_profiles(options, &variables);
    let Some(mut project) = assemble::assemble(&tree, name, &profiles, &mut report) else {
        return Err(failed(report));
    };
    project.working_dir = discovered.folder.clone();
    project.files = discovered.files;
    project.environment_files = environment::chosen_files(options);
    normalize::normalize(&mut project);
    consistency::check(&project, &tree, &mut report);
    contents::read(
        &mut project,
        &tree,
        options.depth,
        &mut contents::Context {
            reader,
            variables: &variables,
            external: &source::administration(&options.environment),
            report: &mut report,
        },
    );
    project.places = places::places(&tree, &project.working_dir, &report);
    Ok(Loaded { project, warnings: report.finish()? })
}

/// The report's errors; called where it is known to have some.
fn failed(report: report::Report) -> Diagnostics {
    report.finish().err().unwrap_or_else(|| Diagnostic::error("the project has no configuration").into())
}

/// The environment and the files: each can say something about the other.
fn locate(options: &LoadOptions, loader: &mut Loader<'_>) -> Result<(Variables, Discovered), Diagnostics> {
    let mut variables = options.environment.clone();
    let reader = loader.reader;
    let chosen = environment::chosen_files(options);
    let is_default = chosen.is_empty() && !variables.contains_key("COMPOSE_DISABLE_ENV_FILE");
    let start = match &options.project_directory {
        Some(folder) => source::absolute(folder, &options.current_directory, &variables),
        None => options.current_directory.clone(),
    };
    environment::add_files(&mut variables, &chosen, &reader, &mut loader.report);
    if is_default {
        environment::add_default(&mut variables, &start, &reader, &mut loader.report);
    }
    let mut discovered = source::discover(options, &variables, reader.files)?;
    discovered.warnings.drain(..).for_each(|warning| loader.report.note(warning));
    if is_default && discovered.folder != start {
        environment::add_default(&mut variables, &discovered.folder, &reader, &mut loader.report);
    }
    Ok((variables, discovered))
}

fn project_name(
    options: &LoadOptions,
    variables: &Variables,
    parsed: &[(&PathBuf, Vec<Node>)],
    folder: &Path,
) -> Result<ProjectName, Diagnostics> {
    if let Some(name) = name::given(options, variables)? {
        return Ok(name);
    }
    let documents = parsed.iter().flat_map(|(_, documents)| documents);
    let template = documents.filter_map(|document| document.text_at("name")).next_back();
    let lookup = |name: &str| variables.get(name).cloned();
    // A template that cannot be expanded is reported with its place when the file is interpolated.
    let written = template.and_then(|template| interpolate::expand(template, &lookup, &mut |_| {}).ok());
    Ok(name::derived(written.as_deref(), folder)?)
}

/// The profiles that the command line names, else `COMPOSE_PROFILES`.
fn active_profiles(options: &LoadOptions, variables: &Variables) -> Vec<String> {
    if !options.profiles.is_empty() {
        return options.profiles.clone();
    }
    let named = variables.get("COMPOSE_PROFILES").map_or("", String::as_str);
    named.split(',').map(str::trim).filter(|profile| !profile.is_empty()).map(str::to_owned).collect()
}

/// The project's name as far as it is known without a file: `-p`, else `COMPOSE_PROJECT_NAME`.
///
/// # Errors
/// The name breaks the rule of project names.
pub fn name_without_files(options: &LoadOptions) -> Result<Option<ProjectName>, Diagnostics> {
    Ok(name::given(options, &options.environment)?)
}
