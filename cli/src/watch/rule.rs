//! The rules of a project's services, ready to be held against paths.

use super::filter::Filter;
use super::tree::counts;
use compose::model::{Build, Hook, MountKind, Project, Service, WatchAction, WatchRule};
use engine::build::{ContextError, Ignore, IgnoreError, ignore_of};
use engine_spec::ServiceName;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One rule of one service.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// Whose containers follow; none for the project's own files, by which everything is decided anew.
    pub(super) service: Option<ServiceName>,
    /// The file or folder that is watched, with links resolved as far as it is there.
    pub(super) path: PathBuf,
    pub(super) action: WatchAction,
    /// Where in the container files go; for actions that copy.
    pub(super) target: Option<PathBuf>,
    pub(super) initial_sync: bool,
    /// What is run in the containers after files were copied.
    pub(super) exec: Option<Hook>,
    pub(super) filter: Filter,
}

/// What was found in the files.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    /// Worth telling: rules that do nothing.
    pub(super) warnings: Vec<String>,
}

/// A rule that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuleError {
    /// Its patterns are wrong.
    #[error("cannot watch {} for service {service}", path.display())]
    Patterns {
        /// Whose rule.
        service: ServiceName,
        /// What it watches.
        path: PathBuf,
        /// Which line.
        #[source]
        source: IgnoreError,
    },
    /// The service's `.dockerignore` cannot be used.
    #[error("cannot tell what the build of service {service} leaves out")]
    Context {
        /// Whose build.
        service: ServiceName,
        /// Why.
        #[source]
        source: Box<ContextError>,
    },
    /// Nothing can be built.
    #[error(
        "service {service} has a watch rule that rebuilds it, but no `build`: add one, or use another action"
    )]
    NoBuild {
        /// Whose rule.
        service: ServiceName,
    },
}

impl Rules {
    /// Collects the rules of `services`, or of all that have any.
    ///
    /// # Errors
    /// Names the rule that cannot be followed.
    pub(super) fn of(project: &Project, services: &[ServiceName]) -> Result<Self, RuleError> {
        let mut rules = Self::default();
        for (name, service) in &project.services {
            if services.is_empty() || services.contains(name) {
                rules.add(name, service)?;
            }
        }
        if !rules.rules.is_empty() {
            rules.rules.extend(project_files(project).into_iter().map(project_rule));
        }
        Ok(rules)
    }

    fn add(&mut self, name: &ServiceName, service: &Service) -> Result<(), RuleError> {
        let Some(develop) = service.develop.as_ref().filter(|develop| !develop.watch.is_empty()) else {
            return Ok(());
        };
        let context = context(name, service)?;
        for rule in &develop.watch {
            if rule.action == WatchAction::Rebuild && service.build.is_none() {
                return Err(RuleError::NoBuild { service: name.clone() });
            }
            if let Some(bound) = bound(service, rule) {
                self.warnings.push(format!(
                    "{name}: {} is mounted into the container as part of {}, so it is not copied",
                    rule.path.display(),
                    bound.display()
                ));
                continue;
            }
            self.rules.push(compile(name, rule, context.clone())?);
        }
        Ok(())
    }
}

/// The files by which the project is what it is.
fn project_files(project: &Project) -> BTreeSet<PathBuf> {
    let of_services = project.services.values().flat_map(|service| &service.env_file);
    let mut files: BTreeSet<PathBuf> = of_services.map(|file| file.path.clone()).collect();
    files.extend(project.files.iter().chain(&project.environment_files).cloned());
    files.insert(project.working_dir.join(".env"));
    files.into_iter().filter(|file| file.is_absolute()).collect()
}

fn project_rule(file: PathBuf) -> Rule {
    let path = resolved(&file);
    let filter = Filter::everything(&path);
    let (action, target, exec) = (WatchAction::Restart, None, None);
    Rule { service: None, path, action, target, initial_sync: false, exec, filter }
}

impl Rule {
    /// Whether one of the changed paths counts.
    pub(super) fn counts_any(&self, changed: &BTreeSet<PathBuf>) -> bool {
        changed.iter().any(|path| counts(self, path))
    }
}

fn compile(
    service: &ServiceName,
    rule: &WatchRule,
    context: Option<(PathBuf, Ignore)>,
) -> Result<Rule, RuleError> {
    let path = resolved(&rule.path);
    let filter = Filter::new(&path, &rule.ignore, &rule.include, context);
    let filter = filter.map_err(|source| RuleError::Patterns {
        service: service.clone(),
        path: rule.path.clone(),
        source,
    })?;
    Ok(Rule {
        service: Some(service.clone()),
        path,
        action: rule.action,
        target: rule.target.clone().filter(|_| rule.action.syncs()),
        initial_sync: rule.initial_sync,
        exec: rule.exec.clone().filter(|_| rule.action == WatchAction::SyncExec),
        filter,
    })
}

/// The folder of the service's build and what it leaves out, where the folder is one of this host.
fn context(name: &ServiceName, service: &Service) -> Result<Option<(PathBuf, Ignore)>, RuleError> {
    let Some(build) = service.build.as_ref().filter(|build| build.context.starts_with('/')) else {
        return Ok(None);
    };
    let folder = resolved(Path::new(&build.context));
    let ignore = ignore_of(&folder, dockerfile(build, &folder).as_deref());
    let ignore =
        ignore.map_err(|source| RuleError::Context { service: name.clone(), source: Box::new(source) })?;
    Ok(Some((folder, ignore)))
}

/// The Dockerfile of a build, if it is a file.
pub(super) fn dockerfile(build: &Build, context: &Path) -> Option<PathBuf> {
    if build.dockerfile_inline.is_some() {
        return None;
    }
    Some(context.join(build.dockerfile.as_deref().unwrap_or("Dockerfile")))
}

/// The bind mount through which the container sees the rule's path anyhow.
fn bound(service: &Service, rule: &WatchRule) -> Option<PathBuf> {
    if !rule.action.syncs() || rule.action == WatchAction::SyncExec {
        return None;
    }
    service.volumes.iter().find_map(|mount| match &mount.kind {
        MountKind::Bind { source, .. } if rule.path.starts_with(source) => Some(PathBuf::from(source)),
        _ => None,
    })
}

/// `path` with the links of what is there of it resolved.
pub(super) fn resolved(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    }
}
