//! What the command line of `run` says instead of the file, read by the same loader as the file.
//!
//! The flags become a service of their own in a Compose file that exists only here, so that a volume,
//! a port or a variable means on the command line what it means in the file.

use crate::error::CommandError;
use crate::files::HostFiles;
use crate::session::Session;
use clap::Args;
use compose::load::Depth;
use compose::model::{Project, Service};
use compose::{Files, LoadOptions};
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};

/// The name of the service that the flags describe.
const SERVICE: &str = "run";

/// Options that replace or add attributes of the service.
#[derive(Debug, Default, Args)]
pub(super) struct Overrides {
    /// Set a variable; without a value it is taken from the environment
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Set the variables of a file
    #[arg(long, value_name = "FILE")]
    env_from_file: Vec<PathBuf>,
    /// Add a label
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    label: Vec<String>,
    /// Run as this user
    #[arg(short, long, value_name = "NAME|UID[:GROUP|GID]")]
    user: Option<String>,
    /// Run in this folder
    #[arg(short, long, value_name = "FOLDER")]
    workdir: Option<String>,
    /// Replace the entrypoint, and leave out the service's command
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<String>,
    /// Mount a volume or a folder of the host
    #[arg(short, long, value_name = "[SOURCE:]TARGET[:OPTIONS]")]
    volume: Vec<String>,
    /// Publish a port of the container on the host
    #[arg(short, long, value_name = "[[IP:]HOST:]CONTAINER[/PROTOCOL]", conflicts_with = "service_ports")]
    publish: Vec<String>,
    /// Add a capability
    #[arg(long, value_name = "NAME")]
    cap_add: Vec<String>,
    /// Take a capability away
    #[arg(long, value_name = "NAME")]
    cap_drop: Vec<String>,
}

impl Overrides {
    /// The service that the flags describe, as the loader understands it.
    pub(super) fn service(&self, session: &Session, project: &Project) -> Result<Service, CommandError> {
        let here = std::env::current_dir().map_err(CommandError::CurrentFolder)?;
        let described =
            Described { path: project.working_dir.join("lighter-run.json"), text: self.text(project, &here) };
        let options = LoadOptions {
            files: vec![described.path.clone()],
            project_directory: Some(project.working_dir.clone()),
            project_name: Some(project.name.to_string()),
            ..session.load_options(Depth::Contents)?
        };
        let loaded = compose::load(&options, &described)?;
        Ok(loaded.project.service(SERVICE).cloned().unwrap_or_default())
    }

    fn text(&self, project: &Project, here: &Path) -> String {
        let files: Vec<_> =
            self.env_from_file.iter().map(|file| literal(&here.join(file).to_string_lossy())).collect();
        let mut service = json!({
            "image": "none",
            "environment": literals(&self.env),
            "env_file": files,
            "labels": literals(&self.label),
            "volumes": self.volume.iter().map(|volume| literal(&from_here(volume, here))).collect::<Vec<_>>(),
            "ports": literals(&self.publish),
            "cap_add": literals(&self.cap_add),
            "cap_drop": literals(&self.cap_drop),
        });
        for (key, value) in
            [("user", &self.user), ("working_dir", &self.workdir), ("entrypoint", &self.entrypoint)]
        {
            if let Some(value) = value {
                service[key] = literal(value);
            }
        }
        // Every volume that a flag may name is declared; which one is meant, the project knows.
        let names = self.volume.iter().filter_map(|volume| volume.split_once(':')).map(|(source, _)| source);
        let volumes: serde_json::Map<String, Value> = names
            .filter(|source| !source.starts_with(['.', '/', '~']))
            .map(|source| (source.to_owned(), declared(project, source)))
            .collect();
        json!({ "services": { SERVICE: service }, "volumes": volumes }).to_string()
    }
}

/// A volume that the project does not have is one of the engine.
fn declared(project: &Project, source: &str) -> Value {
    if project.volumes.contains_key(source) { json!({}) } else { json!({ "external": true }) }
}

/// Relative paths are meant from where the command runs, not from the project's folder.
fn from_here(volume: &str, here: &Path) -> String {
    match volume.split_once(':') {
        Some((source, rest)) if source.starts_with('.') => format!("{}:{rest}", here.join(source).display()),
        _ => volume.to_owned(),
    }
}

/// The loader expands variables, the shell has done so already.
fn literal(text: &str) -> Value {
    Value::String(text.replace('$', "$$"))
}

fn literals(texts: &[String]) -> Vec<Value> {
    texts.iter().map(|text| literal(text)).collect()
}

/// The host's files, and one that exists only here.
struct Described {
    path: PathBuf,
    text: String,
}

impl Files for Described {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == self.path { Ok(self.text.clone().into_bytes()) } else { HostFiles.read(path) }
    }

    fn exists(&self, path: &Path) -> bool {
        path == self.path || HostFiles.exists(path)
    }
}
