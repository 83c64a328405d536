//! The variables that interpolation sees: the process's own, then those of environment files.

use super::dotenv;
use super::node::Span;
use super::report::Report;
use super::source::{self, Reader};
use crate::diagnostic::Diagnostic;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Variables by name.
pub(super) type Variables = BTreeMap<String, String>;

/// Adds what the files say to `variables`, which win; a later file wins over an earlier one.
pub(super) fn add_files(
    variables: &mut Variables,
    paths: &[PathBuf],
    reader: &Reader<'_>,
    report: &mut Report,
) {
    let mut added = Variables::new();
    for path in paths {
        let known = |name: &str| variables.get(name).or_else(|| added.get(name)).cloned();
        match read(path, &known, reader, report) {
            Ok(values) => added.extend(values),
            Err(diagnostic) => report.note(*diagnostic),
        }
    }
    for (key, value) in added {
        variables.entry(key).or_insert(value);
    }
}

/// Adds `.env` of a folder, if there is one.
pub(super) fn add_default(
    variables: &mut Variables,
    folder: &Path,
    reader: &Reader<'_>,
    report: &mut Report,
) {
    let path = folder.join(".env");
    if reader.files.exists(&path) {
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
    names
        .iter()
        .map(|path| source::absolute(path, &options.current_directory, &options.environment))
        .collect()
}

/// Reads one environment file.
pub(super) fn read(
    path: &Path,
    lookup: &super::interpolate::Lookup<'_>,
    reader: &Reader<'_>,
    report: &mut Report,
) -> Result<Variables, Box<Diagnostic>> {
    let text = reader.text(path).map_err(|error| Box::new(error.diagnostic("environment file")))?;
    let values = dotenv::parse(&text, lookup);
    values.map_err(|error| {
        let id = report.add_source(&reader.shown(path), text, true);
        let line = u32::try_from(error.line).unwrap_or(u32::MAX);
        let span = Span { source: id, line, column: 1, length: 0 };
        Box::new(Diagnostic::error(error.to_string()).at(report.place(span)))
    })
}
