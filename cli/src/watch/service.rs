//! One service under watch: its containers, its journal and what goes on in it.

use super::batch::{Copy, Work, copy};
use super::copy::Entrances;
use super::journal::{Journal, JournalError};
use super::schedule::{Lane, Task};
use super::task::{Ended, Running};
use super::tell::Teller;
use super::tree::{Tree, counts};
use crate::error::CommandError;
use compose::model::WatchAction;
use engine::image::Store;
use engine::state::{Layout, ObserveError, observe};
use engine_spec::{Digest, Observed, ObservedContainer, ProjectName, ServiceName, compose_label};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// A service that has rules.
#[derive(Debug)]
pub(super) struct Watched {
    layout: Layout,
    project: ProjectName,
    name: ServiceName,
    pub(super) lane: Lane,
    pub(super) running: Running,
    entrances: Entrances,
    journal: Journal,
    /// The task that runs and when it began.
    task: Option<(Task, Instant)>,
    /// The image that a rebuild is replacing.
    replaced: Option<Digest>,
    /// The image of its containers.
    image: Option<Digest>,
}

/// What is copied when watching begins.
pub(super) fn initial(tree: &Tree) -> BTreeMap<ServiceName, Work> {
    let mut all: BTreeMap<ServiceName, Work> = BTreeMap::new();
    let copies = |action| matches!(action, WatchAction::Sync | WatchAction::SyncRestart);
    for rule in tree.rules().iter().filter(|rule| rule.initial_sync && copies(rule.action)) {
        let (Some(service), Some(target)) = (&rule.service, &rule.target) else { continue };
        let found = tree.files().filter(|path| counts(rule, path)).map(|path| copy(rule, target, path));
        all.entry(service.clone()).or_default().copies.extend(found);
    }
    all
}

impl Watched {
    pub(super) fn new(
        layout: &Layout,
        project: &ProjectName,
        name: &ServiceName,
    ) -> Result<Self, JournalError> {
        Ok(Self {
            layout: layout.clone(),
            project: project.clone(),
            name: name.clone(),
            lane: Lane::default(),
            running: Running::default(),
            entrances: Entrances::default(),
            journal: Journal::open(layout, project, name)?,
            task: None,
            replaced: None,
            image: None,
        })
    }

    /// Those of `copies` that the containers do not have yet.
    pub(super) fn differing(&mut self, copies: BTreeSet<Copy>) -> Result<BTreeSet<Copy>, CommandError> {
        let observed = observe(&self.layout, Some(&self.project))?;
        Ok(self.entrances.differing(&self.layout, &containers(&observed, &self.name), copies))
    }

    /// Brings `copies` into every container, keeps them for containers to come, and says so.
    pub(super) fn copy(&mut self, copies: &BTreeSet<Copy>, tell: &Teller, is_dry: bool) {
        let began = Instant::now();
        if is_dry {
            return tell.would_copy(&self.name, copies);
        }
        if let Err(error) = self.copy_now(copies, tell, began) {
            tell.error(&self.name, &error);
        }
    }

    fn copy_now(
        &mut self,
        copies: &BTreeSet<Copy>,
        tell: &Teller,
        began: Instant,
    ) -> Result<(), CommandError> {
        let observed = observe(&self.layout, Some(&self.project))?;
        let containers = containers(&observed, &self.name);
        let outcome = self.entrances.copy(&self.layout, &containers, copies);
        tell.copied(&self.name, copies, outcome.containers, began.elapsed());
        outcome.failures.iter().for_each(|failure| tell.error(&self.name, failure));
        if let Some(image) = &outcome.image {
            self.journal.note(image, copies)?;
        }
        self.image = outcome.image.or(self.image.take());
        Ok(())
    }

    /// The numbers of its containers that run.
    pub(super) fn replicas(&self) -> Vec<u32> {
        let observed = observe(&self.layout, Some(&self.project)).unwrap_or_default();
        let running = containers(&observed, &self.name).into_iter().filter(|one| one.status.is_running());
        running.filter_map(|one| one.label(compose_label::CONTAINER_NUMBER)?.parse().ok()).collect()
    }

    /// A task begins.
    pub(super) fn begins(&mut self, task: &Task) -> Result<(), CommandError> {
        self.task = Some((task.clone(), Instant::now()));
        self.running = Running::default();
        if matches!(task, Task::Rebuild { .. }) {
            self.image = self.current_image()?;
            self.replaced = self.image.clone();
            self.journal.build_begins()?;
        }
        Ok(())
    }

    /// The task has ended.
    pub(super) fn ended(&mut self, ended: &Ended, tell: &Teller) -> Result<(), CommandError> {
        let Some((task, began)) = self.task.take() else { return Ok(()) };
        tell.ended(&self.name, &task, ended, began.elapsed());
        if matches!(task, Task::Rebuild { .. }) {
            let image = if ended.is_done { self.current_image()? } else { None };
            self.journal.build_ended(image.clone())?;
            self.image = image.or(self.image.take());
        }
        Ok(())
    }

    /// Removes the image that a rebuild has replaced, unless something still needs it.
    pub(super) fn drop_replaced(&mut self, tell: &Teller) {
        let Some(old) = self.replaced.take().filter(|old| self.image.as_ref() != Some(old)) else { return };
        let store = Store::open(&self.layout);
        if let Err(error) = store.remove_dangling(&old) {
            tell.error(&self.name, &error);
        }
    }

    /// Breaks off what runs.
    pub(super) fn cancel(&self) {
        self.running.cancel();
    }

    fn current_image(&self) -> Result<Option<Digest>, ObserveError> {
        let observed = observe(&self.layout, Some(&self.project))?;
        let image = containers(&observed, &self.name).first().map(|one| one.spec.image_id.clone());
        Ok(image)
    }
}

/// The service's own containers; those of `run` are not meant.
fn containers<'a>(observed: &'a Observed, service: &ServiceName) -> Vec<&'a ObservedContainer> {
    let is_own = |container: &&ObservedContainer| {
        container.label(compose_label::SERVICE) == Some(service.as_str())
            && container.label(compose_label::ONEOFF).is_none_or(|text| !text.eq_ignore_ascii_case("true"))
    };
    observed.containers.iter().filter(is_own).collect()
}
