//! Running programs: as the user or as root, with what they print shown or kept.

use anyhow::{Context as _, Result, bail};
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A program with its arguments, ready to run.
#[derive(Debug)]
pub(crate) struct Program {
    name: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    as_root: bool,
}

impl Program {
    /// `name`, run as the user who runs xtask.
    pub(crate) fn new(name: impl AsRef<OsStr>) -> Self {
        Self {
            name: name.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            as_root: false,
        }
    }

    /// `name`, run as root: directly where we are root, else through sudo.
    pub(crate) fn as_root(name: impl AsRef<OsStr>) -> Self {
        Self { as_root: true, ..Self::new(name) }
    }

    /// The cargo that runs us.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .folder(crate::workspace::root())
    }

    /// One more argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// One more variable of the environment.
    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((key.into(), value.as_ref().to_owned()));
        self
    }

    /// The folder to run in.
    pub(crate) fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs it with our terminal as its own; an error if it fails.
    pub(crate) fn run(self) -> Result<()> {
        let line = self.line();
        let status = self.command().status().with_context(|| format!("cannot run {line}"))?;
        if !status.success() {
            bail!("{line} failed: {status}");
        }
        Ok(())
    }

    /// Runs it in silence; what it printed is part of the error if it fails.
    pub(crate) fn quiet(self) -> Result<()> {
        self.read().map(drop)
    }

    /// Runs it and returns what it printed to stdout; an error if it fails.
    pub(crate) fn read(self) -> Result<String> {
        let line = self.line();
        let output = self.output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("{line} failed: {}\n{}{}", output.status, text, errors);
        }
        Ok(text)
    }

    /// Runs it to its end, whatever that is.
    pub(crate) fn output(self) -> Result<Output> {
        let line = self.line();
        self.command().stdin(Stdio::null()).output().with_context(|| format!("cannot run {line}"))
    }

    /// The command as the standard library takes it, for callers with needs of their own.
    pub(crate) fn command(self) -> Command {
        let mut command = if self.as_root && !is_root() {
            // sudo drops the environment; `env` carries what was asked for across it.
            let mut command = Command::new("sudo");
            command.args(["--", "env"]);
            for (key, value) in &self.environment {
                let mut pair = key.clone();
                pair.push("=");
                pair.push(value);
                command.arg(pair);
            }
            command.arg(&self.name);
            command
        } else {
            let mut command = Command::new(&self.name);
            command.envs(self.environment.iter().map(|(key, value)| (key, value)));
            command
        };
        command.args(&self.arguments);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    fn line(&self) -> String {
        let mut line = self.name.to_string_lossy().into_owned();
        for argument in &self.arguments {
            line.push(' ');
            line.push_str(&argument.to_string_lossy());
        }
        line
    }
}

/// Whether we are root.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Where `program` lies in PATH or in the folders of the system's own tools.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The text of `file`, or nothing where there is no such file.
pub(crate) fn read_if_there(file: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}
