//! What runs: variables, user, folder, terminal.

use super::error::FlagError;
use super::service::{Service, literal};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Flags of the process.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Process")]
pub(crate) struct ProcessFlags {
    /// Keep stdin open, and connect it
    #[arg(short, long)]
    pub(in super::super) interactive: bool,
    /// Give the process a terminal
    #[arg(short, long)]
    pub(in super::super) tty: bool,
    /// Set a variable; without a value it is taken from the environment
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Set the variables of a file
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// Run as this user
    #[arg(short, long, value_name = "NAME|UID[:GROUP|GID]")]
    user: Option<String>,
    /// Run in this folder
    #[arg(short, long, value_name = "FOLDER")]
    workdir: Option<String>,
    /// Replace the image's entrypoint; an empty one removes it
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<String>,
    /// Add the process to this group
    #[arg(long, value_name = "GROUP")]
    group_add: Vec<String>,
    /// Run an init that reaps and passes on signals
    #[arg(long)]
    init: bool,
    /// Limit a resource of the process (`nofile=1024:2048`)
    #[arg(long, value_name = "NAME=SOFT[:HARD]")]
    ulimit: Vec<String>,
}

impl ProcessFlags {
    /// Writes them, and the command behind the image's name.
    pub(super) fn write(
        &self,
        command: &[String],
        environment: &BTreeMap<String, String>,
        service: &mut Service,
    ) -> Result<(), FlagError> {
        service.flag("tty", self.tty);
        service.flag("stdin_open", self.interactive);
        service.flag("init", self.init);
        service.text("user", self.user.as_ref());
        if let Some(folder) = self.workdir.as_ref().filter(|folder| !folder.starts_with('/')) {
            return Err(FlagError::form("--workdir", folder, "an absolute path"));
        }
        service.text("working_dir", self.workdir.as_ref());
        service.list("group_add", &self.group_add);
        if let Some(program) = &self.entrypoint {
            let words = if program.is_empty() { json!([]) } else { json!([literal(program)]) };
            service.value("entrypoint", words);
        }
        service.list("command", command);
        for path in &self.env_file {
            for line in lines("--env-file", path)? {
                variable(&line, environment, service);
            }
        }
        self.env.iter().for_each(|entry| variable(entry, environment, service));
        self.ulimit.iter().try_for_each(|entry| ulimit(entry, service))
    }
}

/// `NAME=value`, or `NAME` with the value that it has here; one without value is taken from the image's.
fn variable(entry: &str, environment: &BTreeMap<String, String>, service: &mut Service) {
    match entry.split_once('=') {
        Some((name, value)) => service.pair("environment", name, Some(value)),
        None => service.pair("environment", entry, environment.get(entry).map(String::as_str)),
    }
}

/// The lines of a file of variables or labels, without comments.
pub(super) fn lines(flag: &'static str, path: &Path) -> Result<Vec<String>, FlagError> {
    let text = std::fs::read_to_string(path).map_err(|source| FlagError::File {
        flag,
        path: path.to_owned(),
        source,
    })?;
    let lines = text.lines().map(str::trim_start);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

fn ulimit(entry: &str, service: &mut Service) -> Result<(), FlagError> {
    let refuse = || FlagError::form("--ulimit", entry, "NAME=SOFT[:HARD] with numbers");
    let (name, limits) = entry.split_once('=').ok_or_else(refuse)?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let number = |text: &str| text.parse::<i64>().map_err(|_| refuse());
    service.entry("ulimits", name, json!({ "soft": number(soft)?, "hard": number(hard)? }));
    Ok(())
}
