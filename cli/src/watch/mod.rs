//! `watch`: a file is saved, and the containers have it.
//!
//! ```text
//! notify ─> observe ─hints─> tree ─changed paths─> batch ─work per service─> schedule ─┬─> copy ─> journal
//!            (inotify)        (what differs          (rules, filters)        (pure)    └─> task: this program,
//!                              from the last look)                                          up, restart, exec
//! ```
//!
//! One loop in one thread. Copies are made in it, at once; what takes longer is a process of its own.

mod batch;
mod companion;
mod copy;
mod filter;
mod journal;
mod observe;
mod presence;
mod rule;
mod schedule;
mod service;
mod suggest;
mod task;
mod tell;
mod tree;
#[cfg(test)]
mod tree_tests;

pub(crate) use companion::Companion;
pub(crate) use journal::{JournalError, replay};
pub(crate) use presence::{Presence, PresenceError, end, log_path, status, stop};
pub(crate) use rule::RuleError;
pub(crate) use suggest::suggest;

use crate::console::interrupt::Interrupt;
use crate::error::CommandError;
use crate::session::Session;
use batch::{Work, distribute};
use compose::load::Depth;
use compose::model::Project;
use engine::state::Layout;
use engine_spec::ServiceName;
use observe::Observer;
use rule::Rules;
use schedule::Step;
use service::Watched;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use task::{Caller, Ended, Line};
use tell::Teller;
use tokio::task::JoinSet;
use tree::{Hint, Tree};

/// How long after an event others are waited for: a save by rename is several.
const QUIET: Duration = Duration::from_millis(1);
/// How long events are gathered that never cease.
const GATHERING: Duration = Duration::from_millis(100);

/// What the user chose.
#[derive(Debug, Clone, Default)]
pub(crate) struct WatchOptions {
    /// Only these services.
    pub(crate) services: Vec<ServiceName>,
    /// Do not bring the project up first.
    pub(crate) no_up: bool,
    /// Keep images that a rebuild has replaced.
    pub(crate) keep_images: bool,
    /// Keep back what builds print unless they fail.
    pub(crate) is_quiet: bool,
    /// Say what would be done, and do nothing.
    pub(crate) is_dry: bool,
}

/// A project under watch.
struct Watch<'a> {
    session: &'a Session,
    layout: Layout,
    project: Project,
    options: WatchOptions,
    caller: Caller,
    tell: Teller,
    observer: Observer,
    tree: Tree,
    services: BTreeMap<ServiceName, Watched>,
    runs: JoinSet<(Option<ServiceName>, Ended)>,
}

/// Watches until the user has had enough.
pub(crate) fn watch(session: &Session, options: WatchOptions) -> Result<(), CommandError> {
    let layout = session.layout()?;
    let project = session.project(Depth::Contents)?;
    let rules = Rules::of(&project, &options.services)?;
    if rules.rules.is_empty() {
        return Err(CommandError::NothingToWatch);
    }
    let mut presence = Presence::claim(&layout, &project.name)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(CommandError::Runtime)?.block_on(async {
        let mut interrupt = Interrupt::listen().map_err(CommandError::Runtime)?;
        let mut watch = Watch::new(session, layout, project, rules, options);
        watch.begin(&mut interrupt).await?;
        presence.watches()?;
        watch.run(&mut interrupt).await;
        watch.end().await;
        Ok(())
    })
}

impl<'a> Watch<'a> {
    fn new(
        session: &'a Session,
        layout: Layout,
        project: Project,
        rules: Rules,
        options: WatchOptions,
    ) -> Self {
        let mut observer = Observer::new();
        let tree = Tree::new(rules.rules, &mut observer);
        let caller = Caller::new(&session.global, &project.name, options.is_quiet);
        let tell = Teller::new(&session.terminal);
        rules.warnings.iter().for_each(|warning| tell.warn(warning));
        let services = BTreeMap::new();
        let runs = JoinSet::new();
        Self { session, layout, project, options, caller, tell, observer, tree, services, runs }
    }

    /// Brings the project up, and copies what should be there from the start.
    async fn begin(&mut self, interrupt: &mut Interrupt) -> Result<(), CommandError> {
        if !self.options.no_up && !self.options.is_dry {
            let mut line = self.caller.up(&self.options.services);
            line.arguments.push("--build".to_owned());
            self.run_to_end(&line, interrupt).await?;
        }
        let names: BTreeSet<ServiceName> =
            self.tree.rules().iter().filter_map(|rule| rule.service.clone()).collect();
        for name in names {
            let watched = Watched::new(&self.layout, &self.project.name, &name)?;
            self.services.insert(name, watched);
        }
        for (name, work) in service::initial(&self.tree) {
            self.copy_initially(&name, work)?;
        }
        self.tell.began(&self.tree);
        Ok(())
    }

    fn copy_initially(&mut self, name: &ServiceName, work: Work) -> Result<(), CommandError> {
        if let Some(watched) = self.services.get_mut(name) {
            let copies = watched.differing(work.copies)?;
            if !copies.is_empty() {
                watched.copy(&copies, &self.tell, self.options.is_dry);
            }
        }
        Ok(())
    }

    async fn run(&mut self, interrupt: &mut Interrupt) {
        loop {
            self.observer.notices().iter().for_each(|notice| self.tell.warn(notice));
            let due = self.services.values().filter_map(|watched| watched.lane.next()).min();
            tokio::select! {
                // Each arm is cancel-safe: what it waits for stays where it is.
                () = interrupt.next() => return,
                hints = self.observer.next() => {
                    let changed = self.gather(hints).await;
                    self.act(&changed).await;
                }
                Some(ended) = self.runs.join_next() => {
                    let (service, ended) = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
                    self.ended(service, &ended);
                }
                () = at(due) => {
                    for name in self.names() {
                        let steps = self.lane(&name, |watched, now| watched.lane.begin(now));
                        self.take(&name, steps);
                    }
                }
            }
        }
    }

    /// Looks where the hints say, until none come for a moment.
    async fn gather(&mut self, hints: Vec<Hint>) -> BTreeSet<PathBuf> {
        let (mut changed, end) = (BTreeSet::new(), Instant::now() + GATHERING);
        let mut hints = hints;
        loop {
            hints.extend(self.observer.drain());
            for hint in hints {
                self.tree.look(hint, &mut self.observer, &mut changed);
            }
            if Instant::now() >= end || changed.is_empty() {
                return changed;
            }
            match tokio::time::timeout(QUIET, self.observer.next()).await {
                Ok(more) => hints = more,
                Err(_quiet) => return changed,
            }
        }
    }

    async fn act(&mut self, changed: &BTreeSet<PathBuf>) {
        if changed.is_empty() {
            return;
        }
        for (name, work) in distribute(changed, self.tree.rules()) {
            let steps = self.lane(&name, |watched, now| watched.lane.ask(work, now));
            self.take(&name, steps);
        }
        if self.tree.rules().iter().any(|rule| rule.service.is_none() && rule.counts_any(changed)) {
            self.reload();
        }
    }

    fn take(&mut self, name: &ServiceName, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Copy(copies) => {
                    if let Some(watched) = self.services.get_mut(name) {
                        watched.copy(&copies, &self.tell, self.options.is_dry);
                    }
                }
                Step::Cancel => {
                    if let Some(watched) = self.services.get(name) {
                        watched.cancel();
                    }
                }
                Step::Start(task) => self.start(name, &task),
            }
        }
    }

    /// Begins a task: its runs follow each other until one fails.
    fn start(&mut self, name: &ServiceName, task: &schedule::Task) {
        let Some(watched) = self.services.get_mut(name) else { return };
        self.tell.task(name, task);
        let replicas = watched.replicas();
        let lines = self.caller.lines(name, task, self.tree.rules(), &replicas);
        let lines = if self.options.is_dry { Vec::new() } else { lines };
        if let Err(error) = watched.begins(task) {
            self.tell.error(name, &error);
        }
        let (caller, running, name) = (self.caller.clone(), watched.running.clone(), name.clone());
        self.runs.spawn(async move { (Some(name), task::run_all(&caller, lines, &running).await) });
    }

    fn ended(&mut self, service: Option<ServiceName>, ended: &Ended) {
        let Some(name) = service else {
            return self.tell.project_ended(ended);
        };
        let Some(watched) = self.services.get_mut(&name) else { return };
        let taken = watched.ended(ended, &self.tell);
        if let Err(error) = taken {
            self.tell.error(&name, &error);
        }
        if !self.options.keep_images {
            watched.drop_replaced(&self.tell);
        }
        let steps = self.lane(&name, |watched, now| watched.lane.ended(ended.is_done, now));
        self.take(&name, steps);
    }

    /// The project's own files have changed: what is watched is decided anew, and what runs follows.
    fn reload(&mut self) {
        let read = self.session.project(Depth::Contents).and_then(|project| {
            let rules = Rules::of(&project, &self.options.services)?;
            Ok((project, rules))
        });
        let (project, rules) = match read {
            Ok(read) => read,
            Err(error) => return self.tell.not_reloaded(&error),
        };
        rules.warnings.iter().for_each(|warning| self.tell.warn(warning));
        self.observer = Observer::new();
        self.tree = Tree::new(rules.rules, &mut self.observer);
        self.project = project;
        for rule in self.tree.rules() {
            let Some(name) = &rule.service else { continue };
            if !self.services.contains_key(name) {
                match Watched::new(&self.layout, &self.project.name, name) {
                    Ok(watched) => drop(self.services.insert(name.clone(), watched)),
                    Err(error) => self.tell.error(name, &error),
                }
            }
        }
        self.tell.reloaded(&self.tree);
        if !self.options.no_up && !self.options.is_dry {
            let (caller, line) = (self.caller.clone(), self.caller.up(&self.options.services));
            self.runs.spawn(async move {
                (None, task::run_all(&caller, vec![line], &task::Running::default()).await)
            });
        }
    }

    async fn run_to_end(&mut self, line: &Line, interrupt: &mut Interrupt) -> Result<(), CommandError> {
        let running = task::Running::default();
        let run = task::run_all(&self.caller, vec![line.clone()], &running);
        tokio::pin!(run);
        let ended = tokio::select! {
            ended = &mut run => ended,
            () = interrupt.next() => {
                running.cancel();
                run.await;
                return Err(CommandError::Interrupted);
            }
        };
        if ended.is_done { Ok(()) } else { Err(CommandError::NotUp { said: ended.output }) }
    }

    /// Breaks off what runs and waits for it.
    async fn end(&mut self) {
        self.services.values().for_each(Watched::cancel);
        while self.runs.join_next().await.is_some() {}
    }

    fn lane(
        &mut self,
        name: &ServiceName,
        ask: impl FnOnce(&mut Watched, Instant) -> Vec<Step>,
    ) -> Vec<Step> {
        let now = Instant::now();
        self.services.get_mut(name).map(|watched| ask(watched, now)).unwrap_or_default()
    }

    fn names(&self) -> Vec<ServiceName> {
        self.services.keys().cloned().collect()
    }
}

/// Waits for a moment; for ever if there is none.
async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
