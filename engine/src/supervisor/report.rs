//! What a supervisor tells the world: its status file, its events, and clients that watch.

use super::message::Answer;
use super::run::Supervisor;
use super::{Supervised, message};
use crate::network;
use crate::state::container::{StatusRecord, kept_status_path, status_path};
use crate::state::record::{self, Record, RecordError};
use crate::state::{ProcessRef, events};
use engine_spec::{ContainerAction, NetworkAction};

impl Supervised {
    /// Adds an event to the log. A full disk must not stop a container, so failing is no error.
    pub(super) fn event(&self, action: ContainerAction) {
        events::note_container(&self.layout, &self.record, action);
    }

    /// Tells that the container has its place in its networks.
    pub(super) fn connected(&self) {
        let container = || self.record.id.clone();
        for endpoint in self.endpoints() {
            let action = NetworkAction::Connect { container: container() };
            network::note_place(&self.layout, &endpoint.network, action);
        }
    }

    /// Tells that the container has it no more.
    pub(super) fn disconnected(&self) {
        let container = || self.record.id.clone();
        for endpoint in self.endpoints() {
            let action = NetworkAction::Disconnect { container: container() };
            network::note_place(&self.layout, &endpoint.network, action);
        }
    }

    /// Writes a record of the run folder.
    pub(super) fn note<R: Record>(&self, name: &str, record: &R) -> Result<(), RecordError> {
        record::write_volatile(&self.folder.run().join(name), record)
    }
}

impl Supervisor {
    /// What the container does now.
    pub(super) fn status(&self) -> StatusRecord {
        StatusRecord {
            status: self.state.status(self.restarts.count()),
            ports: self.state.run().map(|run| run.launched.published.ports()).unwrap_or_default(),
            endpoints: self.endpoints.clone(),
            init: self.state.run().map(|run| run.launched.init),
            custodian: self.state.run().and_then(|run| run.launched.custodian),
            supervisor: ProcessRef::this().ok(),
        }
    }

    /// Writes what the container does now, and tells those who watch.
    pub(super) fn publish_status(&mut self) {
        let status = self.status();
        let path = status_path(&self.supervised.layout, &self.supervised.record.id);
        // Without it the next command takes the container for lost and repairs that.
        let _ = record::write_volatile(&path, &status);
        self.tell_watchers(status);
    }

    /// Writes what the container does where it outlives the supervisor and the boot.
    pub(super) fn keep_status(&self) -> Result<(), RecordError> {
        let path = kept_status_path(&self.supervised.layout, &self.supervised.record.id);
        record::write_volatile(&path, &StatusRecord { init: None, supervisor: None, ..self.status() })
    }

    /// Who does not listen is dropped.
    pub(super) fn tell_watchers(&mut self, status: StatusRecord) {
        let answer = Answer::Status(Box::new(status));
        self.watchers.retain(|watcher| message::send(watcher, &answer, &[]).is_ok());
    }
}
