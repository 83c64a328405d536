//! Ctrl-C and SIGTERM as something to wait for.

use nix::sys::signal::{Signal as Number, raise};
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The user's wish to stop. While one exists, the signals do not end the process.
#[derive(Debug)]
pub(crate) struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupt {
    /// Takes over the two signals; needs a runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next one. Cancel-safe: both receivers are.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Ends. What has arrived and was not waited for, as it came together with the end of the work, is
    /// left for who listens next: tokio's handler stays, and a later runtime reads what it wrote.
    pub(crate) async fn pass_on(mut self) {
        for (receiver, signal) in
            [(&mut self.interrupt, Number::SIGINT), (&mut self.terminate, Number::SIGTERM)]
        {
            if poll_fn(|context| Poll::Ready(receiver.poll_recv(context).is_ready())).await {
                // It can only fail for a signal that does not exist (raise(3)).
                let _ = raise(signal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::runtime::{Builder, Runtime};
    use tokio::time::timeout;

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().expect("a runtime")
    }

    #[test]
    fn what_was_not_waited_for_is_left_for_who_listens_next() {
        runtime().block_on(async {
            let (ours, mut other) =
                (Interrupt::listen().expect("signals"), Interrupt::listen().expect("signals"));
            raise(Number::SIGINT).expect("a signal");
            other.next().await;
            ours.pass_on().await;
        });
        let heard = runtime().block_on(async {
            let mut next = Interrupt::listen().expect("signals");
            timeout(Duration::from_secs(60), next.next()).await
        });
        assert!(heard.is_ok(), "it is lost");
    }
}
