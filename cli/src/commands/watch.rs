//! `watch`: keeps containers in step with the files on the host.

use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use crate::show::output;
use crate::watch::{self, PresenceError, WatchOptions};
use clap::Args;
use compose::load::Depth;
use engine::state::Layout;
use engine_spec::{ProjectName, ServiceName};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// How long a detached watcher may take until it watches.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// Options of `watch`.
#[derive(Debug, Default, Args)]
pub(crate) struct Watch {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Watch what runs, and start nothing first
    #[arg(long)]
    no_up: bool,
    /// Remove images that a rebuild has replaced
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    prune: bool,
    /// Do not show what builds print, unless they fail
    #[arg(long)]
    quiet: bool,
    /// Go on in the background; `logs --watch` shows what happens
    #[arg(short, long)]
    detach: bool,
    /// Say whether the project is watched
    #[arg(long, conflicts_with_all = ["detach", "stop", "suggest"])]
    status: bool,
    /// End the watcher in the background
    #[arg(long, conflicts_with_all = ["detach", "suggest"])]
    stop: bool,
    /// Print rules that fit the Dockerfiles, to be put into a Compose file
    #[arg(long, conflicts_with = "detach")]
    suggest: bool,
}

impl Watch {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        if self.status {
            return status(session);
        }
        if self.stop {
            return stop(session);
        }
        let project = session.project(Depth::Structure)?;
        if self.suggest {
            output::print(&watch::suggest(&project))?;
            return Ok(ExitCode::SUCCESS);
        }
        if self.detach {
            detach(session, &project.name, &self.arguments())?;
            return Ok(ExitCode::SUCCESS);
        }
        compose::graph::Selection::of(&project, &self.services, false)?;
        let services = self.services.iter().map(|name| ServiceName::new(name.as_str()));
        watch::watch(
            session,
            WatchOptions {
                services: services.collect::<Result<_, _>>()?,
                no_up: self.no_up,
                keep_images: !self.prune,
                is_quiet: self.quiet,
                is_dry: session.global.dry_run,
            },
        )?;
        Ok(ExitCode::SUCCESS)
    }

    /// The same without `--detach`.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["watch".to_owned(), format!("--prune={}", self.prune)];
        arguments.extend(self.no_up.then(|| "--no-up".to_owned()));
        arguments.extend(self.quiet.then(|| "--quiet".to_owned()));
        arguments.extend(self.services.iter().cloned());
        arguments
    }
}

/// Starts the watcher of a project in the background, and returns when it watches.
pub(super) fn detach(
    session: &Session,
    project: &ProjectName,
    arguments: &[String],
) -> Result<(), CommandError> {
    let layout = session.layout()?;
    if let Some(watcher) = watch::status(&layout, project) {
        let pid = watcher.process.pid().as_raw();
        return Err(PresenceError::Taken { project: project.clone(), pid }.into());
    }
    let path = watch::log_path(&layout, project);
    let failed = |source| CommandError::from(PresenceError::File { path: path.clone(), source });
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let log = OpenOptions::new().create(true).write(true).truncate(true).open(&path).map_err(failed)?;
    let mut command = Command::new("/proc/self/exe");
    command.args(session.global.for_project(project)).args(arguments).stdin(Stdio::null());
    command.stdout(log.try_clone().map_err(failed)?).stderr(log).process_group(0);
    let mut child = command.spawn().map_err(failed)?;
    let end = Instant::now() + START_PATIENCE;
    while watch::status(&layout, project).is_none_or(|watcher| !watcher.is_watching) {
        if child.try_wait().map_err(failed)?.is_some() || Instant::now() > end {
            let said = fs::read_to_string(&path).unwrap_or_default();
            return Err(CommandError::WatcherEnded { said });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    report::note(&format!("watching in the background, process {}", child.id()), &session.terminal);
    Ok(())
}

fn status(session: &Session) -> Result<ExitCode, CommandError> {
    let (layout, project) = known(session)?;
    let Some(watcher) = watch::status(&layout, &project) else {
        output::print(&format!("project {project} is not watched\n"))?;
        return Ok(ExitCode::FAILURE);
    };
    let since = crate::show::clock::ago(watcher.since, SystemTime::now());
    output::print(&format!(
        "project {project} is watched by process {}, started {since}\n",
        watcher.process.pid()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn stop(session: &Session) -> Result<ExitCode, CommandError> {
    let (layout, project) = known(session)?;
    if !watch::stop(&layout, &project)? {
        report::note(&format!("project {project} is not watched"), &session.terminal);
    }
    Ok(ExitCode::SUCCESS)
}

fn known(session: &Session) -> Result<(Layout, ProjectName), CommandError> {
    Ok((session.layout()?, session.scope()?.name))
}

/// Prints what the detached watcher has said.
pub(super) fn print_log(session: &Session) -> Result<ExitCode, CommandError> {
    let (layout, project) = known(session)?;
    let path = watch::log_path(&layout, &project);
    match fs::read_to_string(&path) {
        Ok(text) => output::print(&text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            report::note(
                &format!("project {project} was never watched in the background"),
                &session.terminal,
            );
        }
        Err(source) => return Err(PresenceError::File { path, source }.into()),
    }
    Ok(ExitCode::SUCCESS)
}
