//! `logs`: prints what containers wrote.

use crate::apply::execute::with_runtime;
use crate::args::LogFlags;
use crate::error::CommandError;
use crate::session::{Session, is_of_any};
use crate::show::stream::{Admit, Follow, Heard, Printer, Source, print_written};
use crate::target;
use clap::Args;
use engine::container::logs::LogOptions;
use engine::state::Layout;
use engine_spec::{ObservedContainer, ProjectName, ServiceName, compose_label};
use std::process::ExitCode;

/// Options of `logs`.
#[derive(Debug, Default, Args)]
pub(crate) struct Logs {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Which lines are printed.
    #[command(flatten)]
    flags: LogFlags,
    /// Only this container of the service
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Print what the watcher in the background has done
    #[arg(long, conflicts_with_all = ["services", "follow"])]
    watch: bool,
    /// How lines are shown.
    #[command(flatten)]
    format: LogFormat,
}

/// How lines of output are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
pub(crate) struct LogFormat {
    /// Print in one colour
    #[arg(long)]
    pub(crate) no_color: bool,
    /// Do not name the container before each line
    #[arg(long)]
    pub(crate) no_log_prefix: bool,
}

impl Logs {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        if self.watch {
            return super::watch::print_log(session);
        }
        if self.index.is_some() && self.services.len() != 1 {
            return Err(CommandError::IndexOfNone);
        }
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let chosen =
            observed.containers.iter().filter(|found| is_of_any(found, &services) && self.wants(found));
        let sources: Vec<_> =
            chosen.map(|container| Source::new(&container.id, container.name(), &scope.name)).collect();
        let mut printer = Printer::new(sources, self.format, self.flags.timestamps, &session.terminal);
        let options = self.flags.options()?;
        if self.flags.follow {
            let admit = self.admit(&scope.name, &services);
            follow(&layout, &mut printer, &options, admit)?;
        } else {
            print_written(&layout, &mut printer, &options)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn wants(&self, container: &ObservedContainer) -> bool {
        self.index.is_none() || self.index == target::number(container)
    }

    /// Containers of the services that are started while following are followed too.
    fn admit<'a>(&self, project: &'a ProjectName, services: &'a [ServiceName]) -> Admit<'a> {
        let index = self.index.map(|index| index.to_string());
        Box::new(move |id, name, labels| {
            let label = |key| labels.get(key).map(String::as_str);
            let is_meant = label(compose_label::PROJECT) == Some(project.as_str())
                && (index.is_none() || label(compose_label::CONTAINER_NUMBER) == index.as_deref())
                && (services.is_empty()
                    || services.iter().any(|name| Some(name.as_str()) == label(compose_label::SERVICE)));
            is_meant.then(|| Source::new(id, name, project))
        })
    }
}

/// Ends when no container is left, or with Ctrl-C.
fn follow(
    layout: &Layout,
    printer: &mut Printer,
    options: &LogOptions,
    admit: Admit<'_>,
) -> Result<(), CommandError> {
    with_runtime(async |interrupt| {
        let mut follow = Follow::new(layout, printer.sources(), options, admit);
        loop {
            // Cancel-safe: both keep what they have when the other is first.
            let heard = tokio::select! {
                heard = follow.next() => heard,
                () = interrupt.next() => return Err(CommandError::Interrupted),
            };
            match heard {
                Some((_, Heard::Began(source))) => {
                    printer.add(source);
                    Ok(())
                }
                Some((place, Heard::Line(line))) => printer.line(place, &line),
                Some((place, Heard::Ended(end))) => printer.ended(place, layout, &end),
                Some((_, Heard::Gone)) => Ok(()),
                Some((_, Heard::Failed(error))) => return Err(error.into()),
                None => return printer.end_line().map_err(CommandError::Stdout),
            }
            .map_err(CommandError::Stdout)?;
        }
    })
}
