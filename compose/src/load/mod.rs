//! Compose files to a [`Project`].
//!
//! ```text
//! discover -> parse -> interpolate -> shape -> include, extend -> merge   per file, trees with spans
//!                                                                 |
//!       defaults -> normalize -> env files -> check -> decode -> contents the project
//! ```
//!
//! Everything up to the check happens on the tree, in which each value knows where it stands and how it
//! came there: that is what diagnostics point at, and what [`Configuration`] prints and explains.

mod assemble;
mod compose_file;
mod configuration;
mod consistency;
mod contents;
mod decode;
mod document;
mod dotenv;
mod environment;
mod explain;
mod extends;
mod finish;
mod identity;
mod include;
mod interpolate;
mod merge;
mod name;
mod node;
mod normalize;
mod origin;
mod path;
mod places;
mod print;
mod repetition;
mod report;
mod scalar;
mod schema;
mod service_files;
mod shape;
mod short;
mod signal;
mod source;
mod template;
#[cfg(test)]
mod tests;
mod words;

pub use configuration::{Configuration, Explanation, NoSuchPath, VariableUse};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Project;
use compose_file::{FILE, Included, Loader, Scope};
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

    /// Whether something is there that can be read, and not a folder.
    fn is_file(&self, path: &Path) -> bool {
        self.exists(path)
    }

    /// The path without symbolic links; as it is where it does not exist.
    fn real_path(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
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
    /// `--compatibility`, which `COMPOSE_COMPATIBILITY` asks for as well: names have `_` between their parts.
    pub compatibility: bool,
    /// What to read besides the Compose files.
    pub depth: Depth,
    /// What is left out, for who wants to see the files as they are.
    pub skip: Skip,
}

/// Steps of loading that are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each `--no-…` option of `config`")]
pub struct Skip {
    /// Variables stay as they are written.
    pub interpolation: bool,
    /// Relative paths stay relative.
    pub paths: bool,
    /// Nothing is filled in.
    pub normalization: bool,
    /// Contradictions and references to nothing are let pass.
    pub consistency: bool,
    /// Env files are not read.
    pub env_files: bool,
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
#[derive(Debug)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// Worth showing, in the order of the files.
    pub warnings: Vec<Diagnostic>,
    /// The document that the project was read from.
    pub configuration: Configuration,
}

/// Loads a project.
///
/// # Errors
/// Everything that is wrong with the files, each with its place.
pub fn load(options: &LoadOptions, files: &dyn Files) -> Result<Loaded, Diagnostics> {
    let Merged { mut configuration, included, name, discovered } = merged(options, files)?;
    let profiles = configuration.profiles.clone();
    let is_active = |service: &Node| is_active(service, &profiles);
    let report = &mut configuration.report;
    let contents = (options.depth >= Depth::Contents).then(|| {
        let reader = Reader { files, current_directory: &options.current_directory };
        let variables = contents::Seen { project: &configuration.variables, included: &included };
        let external = &source::administration(&options.environment);
        let mut context = contents::Context { reader, variables, external, report };
        contents::read(&configuration.tree, &mut context)
    });
    if report.has_errors() {
        return Err(failed(report));
    }
    let mut project = assemble::assemble(&configuration.tree, name, &is_active, report);
    if let Some(platform) = configuration.variables.default_platform() {
        project.services.values_mut().chain(project.disabled.values_mut()).for_each(|service| {
            service.platform.get_or_insert_with(|| platform.to_owned());
        });
    }
    project.separator = environment::separator(options, &configuration.variables);
    project.working_dir = discovered.folder;
    project.files = discovered.files;
    project.environment_files = environment::chosen_files(options);
    project.environment =
        configuration.environment().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if let Some(contents) = contents {
        contents.give(&mut project);
    }
    project.places = places::places(&configuration.tree, &project.working_dir, &configuration.report);
    let warnings = configuration.report.finish()?;
    Ok(Loaded { project, warnings, configuration })
}

/// Loads the files as a document only, which need not become a project: their variables may be left in.
///
/// # Errors
/// Everything that is wrong with the files, each with its place.
pub fn configure(options: &LoadOptions, files: &dyn Files) -> Result<Configuration, Diagnostics> {
    let mut configuration = merged(options, files)?.configuration;
    configuration.warnings = configuration.report.finish()?;
    Ok(configuration)
}

/// The files of a project as one document, with all that was found to say about them.
struct Merged {
    configuration: Configuration,
    included: Vec<Included>,
    name: ProjectName,
    discovered: Discovered,
}

fn merged(options: &LoadOptions, files: &dyn Files) -> Result<Merged, Diagnostics> {
    let reader = Reader { files, current_directory: &options.current_directory };
    let mut loader = Loader::new(reader, options.skip);
    loader.report.is_lenient = options.depth < Depth::Contents;
    let (mut variables, discovered) = locate(options, &mut loader)?;
    let parsed: Vec<_> = discovered.files.iter().map(|file| (file, loader.parse(file, None))).collect();
    let name = project_name(options, &variables, &parsed, &discovered.folder);
    let name = name.map_err(|error| with_error(&mut loader.report, error))?;
    variables.give("COMPOSE_PROJECT_NAME", name.to_string());

    let folder = discovered.folder.as_path();
    let scope = Scope { variables: &variables, folder, base: (!options.skip.paths).then_some(folder) };
    let mut tree: Option<Node> = None;
    for (file, documents) in parsed {
        let Some(next) = loader.complete(documents, file, &scope) else { continue };
        match &mut tree {
            Some(tree) => merge::merge(tree, next, &FILE),
            None => tree = Some(next),
        }
    }
    let Some(mut tree) = tree else { return Err(failed(&mut loader.report)) };
    let profiles = active_profiles(options, &variables);
    complete(&mut tree, options, &mut loader, &Frame { scope, name: name.as_str(), profiles: &profiles });
    let Loader { report, templates, included, .. } = loader;
    let (skip, warnings) = (options.skip, Vec::new());
    let configuration = Configuration { tree, report, variables, profiles, templates, skip, warnings };
    Ok(Merged { configuration, included, name, discovered })
}

/// What the files of a project are completed with.
struct Frame<'a> {
    scope: Scope<'a>,
    name: &'a str,
    profiles: &'a [String],
}

/// Completes the merged tree, and checks whether its parts fit together.
fn complete(tree: &mut Node, options: &LoadOptions, loader: &mut Loader<'_>, frame: &Frame<'_>) {
    let Frame { scope, name, profiles } = frame;
    merge::prune(tree);
    repetition::settle(tree, &FILE, "the file", &mut loader.report);
    normalize::defaults(tree, scope.base);
    normalize::old_spellings(tree, &mut loader.report);
    if !options.skip.paths {
        normalize::resolve_links(tree, loader.reader.files);
    }
    normalize::identify(tree, name);
    if !options.skip.normalization {
        normalize::normalize(tree, name);
    }
    let is_active = |service: &Node| is_active(service, profiles);
    if options.depth >= Depth::Environment && !options.skip.env_files {
        let (reader, report) = (loader.reader, &mut loader.report);
        let Scope { variables, folder, .. } = *scope;
        service_files::ServiceFiles { reader, variables, folder, report }.read(tree, &is_active);
    }
    if !options.skip.consistency && !options.skip.interpolation {
        let default_platform = scope.variables.default_platform();
        consistency::check(tree, &is_active, default_platform, &mut loader.report);
    }
}

/// Whether a service has no profiles, or one that is active.
fn is_active(service: &Node, profiles: &[String]) -> bool {
    let mut own = service.items("profiles").filter_map(Node::as_text).peekable();
    own.peek().is_none() || own.any(|own| profiles.iter().any(|active| active == "*" || active == own))
}

/// The report's errors; called where it is known to have some.
fn failed(report: &mut report::Report) -> Diagnostics {
    report.finish().err().unwrap_or_else(|| Diagnostic::error("the project has no configuration").into())
}

/// What was found so far and one more error.
fn with_error(report: &mut report::Report, error: Diagnostics) -> Diagnostics {
    error.0.into_iter().for_each(|error| report.note(error));
    failed(report)
}

/// The environment and the files: each can say something about the other.
fn locate(options: &LoadOptions, loader: &mut Loader<'_>) -> Result<(Variables, Discovered), Diagnostics> {
    let mut variables = Variables::of_process(&options.environment);
    let reader = loader.reader;
    let chosen = environment::chosen_files(options);
    let is_default = chosen.is_empty() && !environment::is_default_disabled(&options.environment);
    let start = match &options.project_directory {
        Some(folder) => source::absolute(folder, &options.current_directory, variables.get("HOME")),
        None => options.current_directory.clone(),
    };
    environment::add_files(&mut variables, &chosen, &reader, &mut loader.report);
    if is_default {
        environment::add_default(&mut variables, &start, &reader, &mut loader.report);
    }
    let discovered = source::discover(options, &variables, reader.files);
    let mut discovered = discovered.map_err(|error| with_error(&mut loader.report, error.into()))?;
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
    let lookup = |name: &str| variables.get(name).map(str::to_owned);
    // A template that cannot be expanded is reported with its place when the file is interpolated.
    let written = template.and_then(|template| interpolate::expand(template, &lookup).ok());
    Ok(name::derived(written.as_deref(), folder)?)
}

/// The profiles that the command line names, else `COMPOSE_PROFILES`.
fn active_profiles(options: &LoadOptions, variables: &Variables) -> Vec<String> {
    if !options.profiles.is_empty() {
        return options.profiles.clone();
    }
    let named = variables.get("COMPOSE_PROFILES").unwrap_or("");
    named.split(',').map(str::trim).filter(|profile| !profile.is_empty()).map(str::to_owned).collect()
}

/// The project's name as far as it is known without a file: `-p`, else `COMPOSE_PROJECT_NAME`.
///
/// # Errors
/// The name breaks the rule of project names.
pub fn name_without_files(options: &LoadOptions) -> Result<Option<ProjectName>, Diagnostics> {
    Ok(name::given(options, &Variables::of_process(&options.environment))?)
}
