//! Answering what clients ask on the control socket.

use super::attachment::{self, JoinError};
use super::entered::Entered;
use super::failure::Failure;
use super::message::{self, Answer, Request};
use super::run::Supervisor;
use super::state::State;
use super::stop::{self, Cause};
use crate::container::Signal;
use crate::network::NetworkError;
use crate::network::port::{self, PortError};
use crate::runtime::cgroup::CgroupError;
use crate::state::container;
use crate::sys;
use engine_spec::ContainerAction;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;

/// A request that the container's state does not allow.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error("the container does not run")]
    NotRunning,
    #[error("the container is paused: unpause it first")]
    Paused,
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    #[error(transparent)]
    Join(#[from] JoinError),
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("cannot write the container's /etc files")]
    Files(#[source] io::Error),
    #[error("cannot change or count who comes by the container's ports")]
    Port(#[from] PortError),
    #[error("cannot send signal {signal} to the container")]
    Signal {
        signal: i32,
        #[source]
        source: io::Error,
    },
}

impl Supervisor {
    /// Takes a new caller. One that cannot be taken tries again.
    pub(super) fn accept(&mut self) {
        if let Ok(caller) = accept(&self.files.listener) {
            self.callers.push(caller);
        }
    }

    /// Does what the caller at that place asks for.
    pub(super) fn answer(&mut self, number: usize) {
        let caller = self.callers.remove(number);
        // A caller that has gone or says nothing sensible is dropped.
        let Ok(Some((request, descriptors))) = message::receive::<Request>(&caller) else { return };
        match request {
            Request::Stop { grace, signal } => {
                self.stop(grace, signal.and_then(Signal::from_number), Cause::User);
                self.stoppers.push(caller);
            }
            Request::Kill { signal } => reply(&caller, self.kill(signal)),
            Request::Pause => reply(&caller, self.pause()),
            Request::Unpause => reply(&caller, self.unpause()),
            Request::Update { resources } => reply(&caller, self.limit(&resources)),
            Request::Reload => {
                self.reload();
                reply(&caller, Ok(()));
            }
            Request::Connect(endpoint) => reply(&caller, self.connect(*endpoint)),
            Request::Disconnect { network } => reply(&caller, self.disconnect(&network)),
            Request::Drain { is_draining } => reply(&caller, self.drain(is_draining)),
            Request::Flows => match self.flows() {
                Ok(count) => {
                    let _ = message::send(&caller, &Answer::Flows { count }, &[]);
                }
                Err(error) => reply(&caller, Err(error)),
            },
            Request::Watch => {
                let status = Answer::Status(Box::new(self.status()));
                if message::send(&caller, &status, &[]).is_ok() {
                    self.watchers.push(caller);
                }
            }
            Request::Attach { window: _ } => self.attach(caller, descriptors),
            Request::Exec(spec) => match self.state.run() {
                // A process that joins a frozen group never comes to say that it runs.
                Some(run) if run.is_paused => reply(&caller, Err(RequestError::Paused)),
                Some(run) => {
                    let command = spec.arguments.join(" ");
                    self.supervised.event(ContainerAction::ExecCreate { command: command.clone() });
                    if let Some(one) = Entered::begin(&run.launched, &spec, descriptors, caller) {
                        self.supervised.event(ContainerAction::ExecStart { command });
                        self.entered.push(one);
                    }
                }
                None => reply(&caller, Err(RequestError::NotRunning)),
            },
        }
    }

    fn kill(&mut self, signal: i32) -> Result<(), RequestError> {
        let is_end = stop::ends(&self.supervised.record, signal);
        if let (State::Waiting { end, .. }, true) = (&self.state, is_end) {
            self.state = State::Over(end.status(true));
            return Ok(());
        }
        let run = self.state.run_mut().ok_or(RequestError::NotRunning)?;
        sys::pidfd_send_signal(run.launched.pidfd.as_fd(), signal)
            .map_err(|source| RequestError::Signal { signal, source })?;
        run.is_killed |= is_end;
        self.supervised.event(ContainerAction::Kill { signal });
        // A frozen process hears it when it goes on, which is what who sends it wants.
        self.unpause()
    }

    fn drain(&mut self, is_draining: bool) -> Result<(), RequestError> {
        let Supervisor { supervised, state, .. } = self;
        let run = state.run_mut().ok_or(RequestError::NotRunning)?;
        run.launched.published.proxy.drain(is_draining);
        Ok(port::drain(&supervised.layout, attachment::publisher(supervised), is_draining)?)
    }

    fn flows(&self) -> Result<usize, RequestError> {
        let run = self.state.run().ok_or(RequestError::NotRunning)?;
        let forwarded = port::flows(&self.supervised.layout, attachment::publisher(&self.supervised))?;
        Ok(forwarded + run.launched.published.proxy.flows())
    }

    /// Takes over what may change while the container runs: its name, its limits, its policy.
    fn reload(&mut self) {
        let Supervisor { supervised, state, .. } = self;
        let Ok(Some(record)) = container::load(&supervised.layout, &supervised.record.id) else { return };
        supervised.record = record;
        if let Some(run) = state.run() {
            // The old names stay where the new ones cannot be written.
            let _ = run.launched.attachment.announce(supervised);
        }
    }
}

/// Answers must never wait for a caller, so the socket does not.
fn accept(listener: &UnixListener) -> io::Result<OwnedFd> {
    let (caller, _) = listener.accept()?;
    caller.set_nonblocking(true)?;
    Ok(caller.into())
}

/// A caller that has gone needs no answer.
fn reply(caller: &OwnedFd, done: Result<(), RequestError>) {
    let answer = match done {
        Ok(()) => Answer::Done,
        Err(error) => Answer::Failed(Failure::of(&error, None)),
    };
    let _ = message::send(caller, &answer, &[]);
}
