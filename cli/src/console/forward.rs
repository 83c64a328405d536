//! Passes signals on to a container that runs in the foreground: `run`, `attach`.

use crate::apply::execute::runtime;
use crate::error::CommandError;
use engine::container;
use engine::state::Layout;
use engine_spec::ContainerName;
use nix::sys::signal::Signal;
use std::thread;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Does `work`, and meanwhile passes on what would end this process. Who asks to stop a second time,
/// as the container did not heed the first, has it killed.
pub(crate) fn signals<T>(
    layout: &Layout,
    name: &ContainerName,
    work: impl FnOnce() -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let (done, is_done) = oneshot::channel::<()>();
    let (listening, hears) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = match runtime() {
                Ok(runtime) => runtime,
                Err(error) => return drop(listening.send(Err(error))),
            };
            runtime.block_on(async {
                match Signals::listen() {
                    Err(error) => drop(listening.send(Err(error))),
                    Ok(signals) => {
                        let _ = listening.send(Ok(()));
                        // Cancel-safe: nothing is lost that anybody still wants.
                        tokio::select! {
                            () = signals.forward(layout, name) => {}
                            _ = is_done => {}
                        }
                    }
                }
            });
        });
        // Signals are ours before the container runs.
        let result = match hears.recv() {
            Ok(Err(error)) => Err(CommandError::Runtime(error)),
            Ok(Ok(())) | Err(_) => work(),
        };
        drop(done);
        result
    })
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    first: tokio::signal::unix::Signal,
    second: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
            first: signal(SignalKind::user_defined1())?,
            second: signal(SignalKind::user_defined2())?,
        })
    }

    async fn forward(mut self, layout: &Layout, name: &ContainerName) {
        let mut stops = 0;
        loop {
            let sent = self.next().await;
            let is_stop = matches!(sent, Signal::SIGINT | Signal::SIGTERM);
            stops += usize::from(is_stop);
            let passed = if is_stop && stops > 1 { Signal::SIGKILL } else { sent };
            if let Err(error) = container::kill(layout, name, passed) {
                // It is not started yet, or has just ended.
                tracing::debug!(%error, "the signal is not passed on");
            }
        }
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::SIGINT,
            _ = self.terminate.recv() => Signal::SIGTERM,
            _ = self.hangup.recv() => Signal::SIGHUP,
            _ = self.quit.recv() => Signal::SIGQUIT,
            _ = self.first.recv() => Signal::SIGUSR1,
            _ = self.second.recv() => Signal::SIGUSR2,
        }
    }
}
