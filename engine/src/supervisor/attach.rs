//! Connecting a client to the container's streams, when it is started or later.

use super::failure::Failure;
use super::message::{self, Answer, Request};
use super::requests::RequestError;
use super::run::Supervisor;
use super::stdio;
use engine_spec::ContainerAction;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Who has the container started and wants to be connected to it from its first moment.
#[derive(Debug)]
pub(super) struct StartingClient {
    socket: OwnedFd,
    pipes: Vec<OwnedFd>,
}

impl Supervisor {
    /// Takes what the one who made this supervisor has sent ahead, if anything.
    pub(super) fn expect_client(&mut self) -> Option<StartingClient> {
        let Ok(Some((Request::Attach { window }, pipes))) = message::receive_now::<Request>(io::stdin())
        else {
            return None;
        };
        self.supervised.window = window;
        let socket = io::stdin().as_fd().try_clone_to_owned().ok()?;
        Some(StartingClient { socket, pipes })
    }

    /// Connects who had the container started; nothing was read of its output yet.
    pub(super) fn greet(&mut self, client: StartingClient) {
        self.attach(client.socket, client.pipes);
    }

    /// Connects a client; tells it why not.
    pub(super) fn attach(&mut self, client: OwnedFd, pipes: Vec<OwnedFd>) {
        let refusal = match self.state.run() {
            None => Some(RequestError::NotRunning),
            Some(run) if run.is_paused => Some(RequestError::Paused),
            Some(_) => None,
        };
        if let Some(error) = refusal {
            let _ = message::send(&client, &Answer::Failed(Failure::of(&error, None)), &[]);
            return;
        }
        let input = self.input();
        let beside: Vec<BorrowedFd<'_>> = input.iter().map(AsFd::as_fd).collect();
        // One that has gone, or sent no pipes, is not connected.
        if message::send(&client, &Answer::Attached, &beside).is_ok()
            && self.attached.add(client, pipes).is_ok()
        {
            self.supervised.event(ContainerAction::Attach);
        }
    }

    /// Where a client writes what the container reads. With the first one, input ends when it does.
    fn input(&mut self) -> Option<OwnedFd> {
        let is_open = self.supervised.record.spec.process.stdin_open;
        let run = self.state.run_mut()?;
        if let Some(terminal) = &run.launched.terminal {
            return terminal.try_clone().ok();
        }
        let input = if is_open { stdio::open_input(&self.supervised.folder).ok() } else { None };
        run.launched.keeper = None;
        input
    }

    /// Serves those who are connected.
    pub(super) fn attend(&mut self) {
        for _ in 0..self.attached.advance() {
            self.supervised.event(ContainerAction::Detach);
        }
    }
}
