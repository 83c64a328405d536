//! Attached `up`: shows what the containers write until they end or the user asks them to.

mod keys;

use crate::apply::execute::{Execution, with_runtime};
use crate::commands::LogFormat;
use crate::console::interrupt::Interrupt;
use crate::error::CommandError;
use crate::report;
use crate::session::{Session, View, is_of_any};
use crate::show::progress::Progress;
use crate::show::stream::{Admit, Follow, Heard, Printer, Source};
use crate::target;
use crate::watch::Companion;
use compose::plan::{self, ControlOptions};
use engine::container;
use engine::container::logs::LogOptions;
use engine::state::{Layout, observe};
use engine_spec::{ObservedContainer, ProjectName, ServiceName, Status, compose_label};
use keys::{Key, Keys};
use nix::sys::signal::Signal;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::timeout;

/// How long after everything was stopped output may still arrive; all of it is written by then.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What makes attached `up` stop everything by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Abort {
    /// Nothing.
    Never,
    /// The end of any container.
    OnExit,
    /// The end of any container with a code other than 0.
    OnFailure,
}

/// What is attached to.
#[derive(Debug)]
pub(crate) struct Attached<'a> {
    /// The run of the command.
    pub(crate) session: &'a Session,
    /// Where the project lies.
    pub(crate) layout: &'a Layout,
    /// The project.
    pub(crate) project: &'a ProjectName,
    /// The services that are stopped in the end; none means all.
    pub(crate) services: Vec<ServiceName>,
    /// The services whose output is shown.
    pub(crate) shown: BTreeSet<ServiceName>,
    /// How long containers have to stop.
    pub(crate) timeout: Option<Duration>,
    /// What stops everything.
    pub(crate) abort: Abort,
    /// The service whose exit code is returned, if everything was stopped.
    pub(crate) code_from: Option<ServiceName>,
    /// Whether files are watched from the start.
    pub(crate) is_watching: bool,
    /// Whether keys of the terminal mean something.
    pub(crate) has_keys: bool,
}

/// Why watching ended.
enum Outcome {
    /// No container is left.
    AllGone,
    /// Everything shall be stopped; the code is to be returned.
    Stop(u8),
    /// Everything shall go on without us.
    Detach,
}

impl Attached<'_> {
    /// Shows output from `since` on.
    pub(crate) fn run(
        &self,
        format: LogFormat,
        with_times: bool,
        since: SystemTime,
    ) -> Result<ExitCode, CommandError> {
        let observed = observe(self.layout, Some(self.project))?;
        let watched = observed.containers.iter().filter(|container| self.is_watched(container));
        let sources = watched.map(|container| self.source(container)).collect();
        let mut printer = Printer::new(sources, format, with_times, &self.session.terminal);
        let shown = printer.sources().iter().filter(|source| source.is_shown);
        let names: Vec<_> = shown.map(|source| source.short.as_str()).collect();
        say(&format!("Attaching to {}", names.join(", ")))?;
        with_runtime(async |interrupt| {
            let options = LogOptions { follow: true, since: Some(since), ..LogOptions::default() };
            let mut follow = Follow::new(self.layout, printer.sources(), &options, self.admit());
            let mut watcher = if self.is_watching { Some(self.companion()?) } else { None };
            let mut keys = if self.has_keys { Keys::listen().map_err(CommandError::Runtime)? } else { None };
            if keys.is_some() {
                say(Keys::HELP)?;
            }
            let outcome = loop {
                // Each arm is cancel-safe: what it waits for stays where it is.
                tokio::select! {
                    outcome = self.watch(&mut follow, &mut printer) => break outcome?,
                    () = interrupt.next() => {
                        say("Gracefully Stopping... press Ctrl+C again to force")?;
                        break Outcome::Stop(CommandError::Interrupted.exit_code());
                    }
                    key = keys::next(keys.as_mut()) => match key {
                        Key::Detach => break Outcome::Detach,
                        Key::Help => say(Keys::HELP)?,
                        Key::Watch => watcher = self.toggled(watcher)?,
                    },
                }
            };
            match outcome {
                Outcome::AllGone | Outcome::Detach => Ok(ExitCode::SUCCESS),
                Outcome::Stop(code) => self.stop(&mut follow, &mut printer, interrupt, code).await,
            }
        })
    }

    fn companion(&self) -> Result<Companion, CommandError> {
        Companion::start(self.session, self.project, &self.services).map_err(CommandError::Runtime)
    }

    /// A watcher where there was none, and none where there was one.
    fn toggled(&self, watcher: Option<Companion>) -> Result<Option<Companion>, CommandError> {
        let Some(watcher) = watcher else { return self.companion().map(Some) };
        drop(watcher);
        say("watching no longer")?;
        Ok(None)
    }

    /// Whose end matters: those whose output is shown, and with an abort all that would be stopped.
    fn is_watched(&self, container: &ObservedContainer) -> bool {
        let aborts = self.abort != Abort::Never && is_of_any(container, &self.services);
        !target::is_one_off(container) && (aborts || self.is_shown(container))
    }

    fn is_shown(&self, container: &ObservedContainer) -> bool {
        container.label(compose_label::SERVICE).is_some_and(|service| self.shown.contains(service))
    }

    fn source(&self, container: &ObservedContainer) -> Source {
        Source {
            is_shown: self.is_shown(container),
            ..Source::new(&container.id, container.name(), self.project)
        }
    }

    /// Containers of the services shown that others start meanwhile are shown too.
    fn admit(&self) -> Admit<'_> {
        Box::new(|id, name, labels| {
            let label = |key| labels.get(key).map(String::as_str);
            let is_shown = label(compose_label::PROJECT) == Some(self.project.as_str())
                && label(compose_label::ONEOFF) != Some("True")
                && label(compose_label::SERVICE).is_some_and(|service| self.shown.contains(service));
            is_shown.then(|| Source::new(id, name, self.project))
        })
    }

    /// Prints until nothing is left or something aborts.
    async fn watch(&self, follow: &mut Follow<'_>, printer: &mut Printer) -> Result<Outcome, CommandError> {
        while let Some((place, heard)) = follow.next().await {
            self.print(printer, place, &heard)?;
            if let Heard::Ended(end) = heard
                && let Some(code) = self.abort.code(end.exit_code)
            {
                say("Aborting on container exit...")?;
                return Ok(Outcome::Stop(code));
            }
        }
        Ok(Outcome::AllGone)
    }

    /// Stops the services and goes on printing; a further Ctrl-C kills them.
    async fn stop(
        &self,
        follow: &mut Follow<'_>,
        printer: &mut Printer,
        interrupt: &mut Interrupt,
        code: u8,
    ) -> Result<ExitCode, CommandError> {
        let held = self.session.hold(self.project, View::Project)?;
        let options = ControlOptions {
            services: self.services.clone(),
            timeout: self.timeout,
            ..ControlOptions::default()
        };
        let plan = plan::stop(self.project, &held.observed, &options);
        let mut execution = Execution::new(self.session, self.layout, "stop");
        // Output goes on meanwhile, which a block redrawn in place would not survive.
        execution.progress = Arc::new(Progress::lines(&self.session.terminal));
        let result = {
            let stopping = execution.run_beside(plan, interrupt);
            tokio::pin!(stopping);
            loop {
                // Cancel-safe: `stopping` is only polled, `next` is said to be.
                tokio::select! {
                    result = &mut stopping => break result,
                    Some((place, heard)) = follow.next() => self.print(printer, place, &heard)?,
                }
            }
        };
        match result {
            Err(CommandError::Interrupted) => self.kill()?,
            stopped => stopped?,
        }
        while let Ok(Some((place, heard))) = timeout(LAST_WORDS, follow.next()).await {
            self.print(printer, place, &heard)?;
        }
        Ok(ExitCode::from(self.service_code()?.unwrap_or(code)))
    }

    /// How the service ended whose exit code is asked for.
    fn service_code(&self) -> Result<Option<u8>, CommandError> {
        let Some(service) = &self.code_from else { return Ok(None) };
        let (_, observed) = self.session.look(Some(self.project))?;
        let mut codes = observed.containers.iter().filter_map(|container| match &container.status {
            Status::Exited { exit_code, .. }
                if container.label(compose_label::SERVICE) == Some(service.as_str()) =>
            {
                Some(report::exit_code(*exit_code))
            }
            _ => None,
        });
        Ok(codes.next())
    }

    fn kill(&self) -> Result<(), CommandError> {
        let (_, observed) = self.session.look(Some(self.project))?;
        for found in observed.containers.iter().filter(|found| found.status.is_running()) {
            if is_of_any(found, &self.services) {
                container::kill(self.layout, found.name(), Signal::SIGKILL)?;
            }
        }
        Ok(())
    }

    fn print(&self, printer: &mut Printer, place: usize, heard: &Heard) -> Result<(), CommandError> {
        match heard {
            Heard::Began(source) => {
                printer.add(source.clone());
                Ok(())
            }
            Heard::Line(line) => printer.line(place, line).map_err(CommandError::Stdout),
            Heard::Ended(end) => printer.ended(place, self.layout, end).map_err(CommandError::Stdout),
            Heard::Gone => Ok(()),
            Heard::Failed(error) => {
                say(&format!("cannot read the output of {}: {error}", printer.sources()[place].short))
            }
        }
    }
}

impl Abort {
    /// The code to end with when a container has ended, if that is a reason to.
    fn code(self, exit_code: Option<i32>) -> Option<u8> {
        match (self, report::exit_code(exit_code)) {
            (Self::Never, _) | (Self::OnFailure, 0) => None,
            (Self::OnExit | Self::OnFailure, code) => Some(code),
        }
    }
}

fn say(text: &str) -> Result<(), CommandError> {
    io::stderr().lock().write_all(format!("{text}\n").as_bytes()).map_err(CommandError::Stdout)
}
