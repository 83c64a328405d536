//! Taking over a container whose supervisor was killed.

use super::Supervised;
use super::attachment::Attachment;
use super::custody;
use super::describe;
use super::ending::{End, Ended};
use super::entered;
use super::launch::{Launched, StartFailure};
use super::restart::Restarts;
use super::run::Supervisor;
use super::state::{Run, State};
use crate::network::endpoint;
use crate::runtime::namespace::{self, InsideError};
use crate::state::ProcessRef;
use crate::state::container::{self, StatusRecord};
use crate::state::record::{self, RecordError};
use crate::sys;
use engine_spec::{ContainerAction, Status};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Instant, SystemTime};

/// Milliseconds that a process may take to end; it takes less than one.
const ENDING: u16 = 1000;

/// Why a container could not be taken over.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdoptError {
    #[error("cannot read what the container did")]
    Status(#[from] RecordError),
    #[error("cannot look at the container's first process")]
    Process(#[source] io::Error),
    #[error("cannot open the name server's sockets again")]
    Names(#[from] InsideError),
    #[error(transparent)]
    Take(#[from] StartFailure),
}

impl Supervisor {
    /// Goes on where the dead supervisor stopped.
    pub(super) fn adopt(&mut self) -> Result<(), AdoptError> {
        let (layout, id) = (&self.supervised.layout, &self.supervised.record.id);
        let Some(status) = record::read::<StatusRecord>(&container::status_path(layout, id))? else {
            // The supervisor was not dead but about to leave, and has done so by now.
            self.state = State::Over(container::status(layout, id)?.status);
            return Ok(());
        };
        self.endpoints.clone_from(&status.endpoints);
        match status.status.clone() {
            Status::Running { started_at, restarts, .. } => {
                self.restarts = Restarts::taken_over(restarts);
                self.adopt_run(status, started_at, false)
            }
            Status::Paused { started_at, .. } => self.adopt_run(status, started_at, true),
            Status::Restarting { exit_code, signal, oom_killed, started_at, finished_at, restarts } => {
                self.restarts = Restarts::taken_over(restarts);
                let how = Some(signal.map_or(Ended::Code(exit_code), Ended::Signal));
                let end = End { how, started_at, finished_at, oom_killed };
                self.state = State::Waiting { until: Instant::now(), end };
                Ok(())
            }
            ended @ (Status::Created | Status::Exited { .. }) => {
                self.state = State::Over(ended);
                Ok(())
            }
        }
    }

    fn adopt_run(
        &mut self,
        status: StatusRecord,
        started_at: SystemTime,
        is_paused: bool,
    ) -> Result<(), AdoptError> {
        let Some((init, pidfd)) = status.init.and_then(alive) else {
            self.settle_unseen(started_at);
            return Ok(());
        };
        let launched = match take_over(&self.supervised, init, pidfd, status.custodian) {
            Err(_) if has_ended(init) => {
                self.settle_unseen(started_at);
                return Ok(());
            }
            taken => taken?,
        };
        let run = Run { is_paused, ..self.new_run(launched, started_at) };
        self.state = State::Running(Box::new(run));
        self.publish_status();
        self.supervised.event(ContainerAction::Adopt);
        Ok(())
    }

    fn settle_unseen(&mut self, started_at: SystemTime) {
        let ran_for = started_at.elapsed().unwrap_or_default();
        self.settle(End::unseen(Some(started_at), SystemTime::now()), ran_for, None);
    }
}

/// Whether the process ends while we look: it has lost its files before it counts as ended.
fn has_ended(init: ProcessRef) -> bool {
    let Ok(pidfd) = sys::pidfd_open(init.pid()) else { return true };
    let mut ended = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    poll(&mut ended, PollTimeout::from(ENDING)).is_ok_and(|count| count > 0)
}

/// The process by descriptor, if it still is the one that was recorded.
fn alive(init: ProcessRef) -> Option<(ProcessRef, OwnedFd)> {
    let pidfd = sys::pidfd_open(init.pid()).ok()?;
    init.is_alive().then_some((init, pidfd))
}

/// Holds again what the dead supervisor held. Its pipes, veths and names are still there.
fn take_over(
    supervised: &Supervised,
    init: ProcessRef,
    pidfd: OwnedFd,
    custodian: Option<ProcessRef>,
) -> Result<Launched, AdoptError> {
    let root = entered::root_of_process(init.pid).map_err(AdoptError::Process)?;
    let description = describe::describe(supervised, &root).map_err(StartFailure::from)?;
    let attachment = Attachment::lease(supervised).map_err(StartFailure::from)?;
    let mut sockets = Vec::new();
    if attachment.has_interfaces() {
        sockets =
            namespace::inside(pidfd.as_fd(), CloneFlags::CLONE_NEWNET, || Ok(endpoint::dns_sockets()?))?;
    }
    let names = attachment.serve_names(supervised, sockets).map_err(StartFailure::from)?;
    let published = attachment.adopt_ports(supervised).map_err(StartFailure::from)?;
    let endpoints = attachment.observed();
    Ok(Launched {
        init,
        pidfd,
        description,
        endpoints,
        published,
        names,
        // One that nobody kept is gone.
        terminal: custodian.and_then(|custodian| custody::take(custodian).ok()),
        custodian,
        keeper: None,
        attachment,
    })
}
