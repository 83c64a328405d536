//! Options that come before the command, as docker compose has them.

use clap::{Args, ValueEnum};
use engine_spec::ProjectName;
use std::ffi::OsString;
use std::path::PathBuf;

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArguments {
    /// Read this Compose file; may be given several times, later ones override
    #[arg(short, long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Use this project name
    #[arg(short, long, value_name = "NAME")]
    pub(crate) project_name: Option<String>,
    /// Enable services of this profile; `*` is all
    #[arg(long = "profile", value_name = "NAME")]
    pub(crate) profiles: Vec<String>,
    /// Read variables from this file instead of .env
    #[arg(long = "env-file", value_name = "FILE")]
    pub(crate) env_files: Vec<PathBuf>,
    /// Resolve relative paths against this folder [default: that of the first Compose file]
    #[arg(long, alias = "workdir", value_name = "FOLDER")]
    pub(crate) project_directory: Option<PathBuf>,
    /// Choose how progress is shown
    #[arg(long, value_enum, value_name = "STYLE", global = true)]
    pub(crate) progress: Option<ProgressMode>,
    /// Choose when to use colours and cursor movement
    #[arg(long, value_enum, value_name = "WHEN", global = true)]
    pub(crate) ansi: Option<AnsiMode>,
    /// Do at most this many things at a time
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) parallel: Option<i32>,
    /// Print what would be done, and do nothing
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Make networks and volumes that no service uses, too
    #[arg(long)]
    pub(crate) all_resources: bool,
    /// Join the parts of container and image names with `_` instead of `-`
    #[arg(long)]
    pub(crate) compatibility: bool,
    /// Log what happens inside to stderr [default: warn]
    #[arg(long, value_enum, value_name = "LEVEL", global = true)]
    pub(crate) log_level: Option<LogLevel>,
}

impl GlobalArguments {
    /// The options with which another run of this program means the same project, whatever its name came from.
    pub(crate) fn for_project(&self, project: &ProjectName) -> Vec<OsString> {
        let mut options: Vec<OsString> = vec!["--project-name".into(), project.as_str().into()];
        let mut add = |name: &str, value: OsString| options.extend([OsString::from(name), value]);
        self.files.iter().for_each(|file| add("--file", file.into()));
        self.profiles.iter().for_each(|profile| add("--profile", profile.into()));
        self.env_files.iter().for_each(|file| add("--env-file", file.into()));
        self.project_directory.iter().for_each(|folder| add("--project-directory", folder.into()));
        options.extend(self.compatibility.then(|| "--compatibility".into()));
        options
    }
}

/// How progress is shown on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    /// `tty` on a terminal, else `plain`
    Auto,
    /// Redraw rows in place
    Tty,
    /// One line per event
    Plain,
    /// One JSON object per event
    #[value(alias = "rawjson")]
    Json,
    /// Nothing
    #[value(alias = "none")]
    Quiet,
}

/// When colours and cursor movement are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnsiMode {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Never
    Never,
    /// Always
    Always,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Nothing
    Off,
    /// What failed
    Error,
    /// What you can act on
    #[default]
    Warn,
    /// What is done
    Info,
    /// Why it is done
    Debug,
    /// Each byte
    Trace,
}
