//! The project's name: `-p`, else `COMPOSE_PROJECT_NAME`, else the file's `name`, else the folder's.

use super::LoadOptions;
use super::environment::Variables;
use crate::diagnostic::Diagnostic;
use engine_spec::ProjectName;
use std::path::Path;

/// The name that the command line or the environment gives; it must be valid as it is.
pub(super) fn given(options: &LoadOptions, variables: &Variables) -> Result<Option<ProjectName>, Diagnostic> {
    let name = options.project_name.as_deref().or_else(|| variables.get("COMPOSE_PROJECT_NAME"));
    match name.filter(|name| !name.is_empty()) {
        Some(name) => Ok(Some(ProjectName::new(name).map_err(|error| Diagnostic::error(error.to_string()))?)),
        None => Ok(None),
    }
}

/// The name made of the file's `name` or of the folder's, with what a name cannot have left out.
pub(super) fn derived(file: Option<&str>, folder: &Path) -> Result<ProjectName, Diagnostic> {
    let folder_name = folder.file_name().map(|name| name.to_string_lossy());
    let text = file.filter(|name| !name.is_empty()).or(folder_name.as_deref()).unwrap_or("");
    ProjectName::new(normalize(text)).map_err(|_| {
        Diagnostic::error(format!("no project name can be made of `{text}`"))
            .hint("give one with -p or `name:`")
    })
}

fn normalize(text: &str) -> String {
    let lower = text.to_lowercase();
    let kept: String = lower
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}
