//! The variables that interpolation sees: the process's own, then those of environment files.

use super::dotenv::{self, Assignment};
use super::interpolate::Lookup;
use super::node::Span;
use super::origin::{Used, VariableSource};
use super::report::Report;
use super::source::{self, Reader};
use crate::diagnostic::{Diagnostic, nearest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Variables by name, each with where it comes from.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables(BTreeMap<String, Variable>);

/// The platform of images for services that name none.
pub(super) const DEFAULT_PLATFORM: &str = "DOCKER_DEFAULT_PLATFORM";

/// A value and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) value: String,
    pub(super) source: VariableSource,
}

impl Variables {
    /// The platform of services that name none, if the environment has one.
    pub(super) fn default_platform(&self) -> Option<&str> {
        self.get(DEFAULT_PLATFORM).filter(|platform| !platform.is_empty())
    }

    /// Those of the process.
    pub(super) fn of_process(environment: &BTreeMap<String, String>) -> Self {
        let variable = |(name, value): (&String, &String)| {
            (name.clone(), Variable { value: value.clone(), source: VariableSource::Process })
        };
        Self(environment.iter().map(variable).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|variable| variable.value.as_str())
    }

    /// Sets a variable that is not the user's.
    pub(super) fn give(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), Variable { value, source: VariableSource::Given });
    }

    /// The value of a variable and where it comes from.
    pub(super) fn used(&self, name: &str) -> (Option<&str>, Used) {
        let variable = self.0.get(name);
        let source = variable.map_or(VariableSource::Unset, |variable| variable.source);
        (variable.map(|variable| variable.value.as_str()), Used { name: name.to_owned(), source })
    }

    /// A variable that may be meant by a name that is not set.
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.0.keys().map(String::as_str))
    }

    /// All of them by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Variable)> {
        self.0.iter()
    }

    /// Takes what is not known yet from `other`.
    fn add(&mut self, other: Self) {
        for (name, variable) in other.0 {
            self.0.entry(name).or_insert(variable);
        }
    }

    /// Takes all of `other`, which wins.
    pub(super) fn replace(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Adds what the files say to `variables`, which win; a later file wins over an earlier one.
pub(super) fn add_files(
    variables: &mut Variables,
    paths: &[PathBuf],
    reader: &Reader<'_>,
    report: &mut Report,
) {
    let mut added = Variables::default();
    for path in paths {
        let known = |name: &str| variables.get(name).or_else(|| added.get(name)).map(str::to_owned);
        match read(path, &known, reader, report) {
            Ok(values) => added.replace(values),
            Err(diagnostic) => report.note(*diagnostic),
        }
    }
    variables.add(added);
}

/// Adds `.env` of a folder, if there is one.
pub(super) fn add_default(
    variables: &mut Variables,
    folder: &Path,
    reader: &Reader<'_>,
    report: &mut Report,
) {
    let path = folder.join(".env");
    if reader.files.is_file(&path) {
        add_files(variables, &[path], reader, report);
    }
}

/// The environment files that take the place of `.env`: the options', else `COMPOSE_ENV_FILES`.
pub(super) fn chosen_files(options: &super::LoadOptions) -> Vec<PathBuf> {
    let named = options.environment.get("COMPOSE_ENV_FILES").filter(|names| !names.is_empty());
    let names = match named {
        Some(names) if options.env_files.is_empty() => names.split(',').map(PathBuf::from).collect(),
        _ => options.env_files.clone(),
    };
    let home = options.environment.get("HOME").map(String::as_str);
    names.iter().map(|path| source::absolute(path, &options.current_directory, home)).collect()
}

/// Whether `COMPOSE_DISABLE_ENV_FILE` says that no `.env` is read.
pub(super) fn is_default_disabled(environment: &BTreeMap<String, String>) -> bool {
    is_yes(environment.get("COMPOSE_DISABLE_ENV_FILE").map(String::as_str))
}

/// The separator of names: `_` if the option or `COMPOSE_COMPATIBILITY` asks for it.
pub(super) fn separator(options: &super::LoadOptions, variables: &Variables) -> char {
    if options.compatibility || is_yes(variables.get("COMPOSE_COMPATIBILITY")) { '_' } else { '-' }
}

fn is_yes(value: Option<&str>) -> bool {
    value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "t" | "true"))
}

/// Reads one environment file.
pub(super) fn read(
    path: &Path,
    lookup: &Lookup<'_>,
    reader: &Reader<'_>,
    report: &mut Report,
) -> Result<Variables, Box<Diagnostic>> {
    read_as(path, reader, report, |text| dotenv::parse(text, lookup))
}

/// Reads one environment file in docker's own format, without quotes and variables.
pub(super) fn read_raw(
    path: &Path,
    lookup: &Lookup<'_>,
    reader: &Reader<'_>,
    report: &mut Report,
) -> Result<Variables, Box<Diagnostic>> {
    read_as(path, reader, report, |text| Ok(dotenv::parse_raw(text, lookup)))
}

fn unreadable(error: &source::ReadError) -> Diagnostic {
    if !error.is_missing() {
        return error.diagnostic("env file");
    }
    Diagnostic::error(format!("couldn't find env file {}", error.path.display()))
        .hint("create it, or name another with --env-file")
}

fn read_as(
    path: &Path,
    reader: &Reader<'_>,
    report: &mut Report,
    parse: impl FnOnce(&str) -> Result<BTreeMap<String, Assignment>, dotenv::DotenvError>,
) -> Result<Variables, Box<Diagnostic>> {
    let text = reader.text(path).map_err(|error| Box::new(unreadable(&error)))?;
    if !report.has_room() {
        return Err(Box::new(Diagnostic::error("more than 65,000 files")));
    }
    let parsed = parse(&text);
    let source = report.add_confidential(&reader.shown(path), text);
    let span = |line: usize| {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Span { source, line, column: 1, length: 0 }
    };
    let values = parsed.map_err(|error| {
        let mut diagnostic = Diagnostic::error(error.to_string()).at(report.place(span(error.line)));
        diagnostic.hint = error.hint().map(str::to_owned);
        Box::new(diagnostic)
    })?;
    let variable = |(name, Assignment { value, line }): (String, Assignment)| {
        (name, Variable { value, source: VariableSource::File(span(line)) })
    };
    Ok(Variables(values.into_iter().map(variable).collect()))
}
