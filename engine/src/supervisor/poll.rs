//! What a supervisor waits for.

use super::run::Supervisor;
use super::step::Stream;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

/// Something that has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The machine is shut down.
    Signal,
    /// Somebody connects.
    Listener,
    /// A caller asks, by its place in the list.
    Caller(usize),
    /// The container writes.
    Output(Stream),
    /// The container writes to its terminal.
    Terminal,
    /// Somebody who is connected has room for more, or leaves.
    Attached,
    /// What its log is sent to takes more.
    Log,
    /// Its name server has something to do.
    Name(RawFd),
    /// Somebody talks to a port that the kernel cannot forward.
    Port(RawFd),
    /// Its probe has ended.
    Probe,
    /// Its probe writes.
    ProbeOutput,
    /// Who asked for a process that was added has gone, or its terminal has output for nobody, by its
    /// place in the list.
    EnteredStream(usize),
    /// A process that was added has ended, by its place in the list.
    Entered(usize),
    /// Its first process has ended.
    Init,
}

/// Waits until something happens or is due, and returns what. Places in lists come in falling order,
/// so that taking one out moves none that is still to be handled.
pub(super) fn wait(supervisor: &Supervisor) -> io::Result<Vec<Source>> {
    let sources = sources(supervisor);
    let mut polled: Vec<_> = sources.iter().map(|(_, fd, flags)| PollFd::new(*fd, *flags)).collect();
    match poll(&mut polled, timeout(supervisor.next_deadline(), Instant::now())) {
        Err(Errno::EINTR) => return Ok(Vec::new()),
        counted => counted?,
    };
    let has_happened = |polled: &PollFd<'_>| polled.revents().is_some_and(|happened| !happened.is_empty());
    Ok(sources
        .iter()
        .zip(&polled)
        .filter(|(_, polled)| has_happened(polled))
        .map(|((source, ..), _)| *source)
        .collect())
}

/// The container's end is last: what it wrote before is taken first.
fn sources(supervisor: &Supervisor) -> Vec<(Source, BorrowedFd<'_>, PollFlags)> {
    let mut sources = vec![(Source::Signal, supervisor.files.signals.as_fd(), PollFlags::POLLIN)];
    let is_behind = supervisor.attached.is_behind();
    if !is_behind {
        let output = &supervisor.files.output;
        sources.push((Source::Output(Stream::Stdout), output.stdout.as_fd(), PollFlags::POLLIN));
        sources.push((Source::Output(Stream::Stderr), output.stderr.as_fd(), PollFlags::POLLIN));
    }
    let attached = supervisor.attached.descriptors().into_iter();
    sources.extend(attached.map(|(fd, flags)| (Source::Attached, fd, flags)));
    let callers = supervisor.callers.iter().enumerate().rev();
    sources
        .extend(callers.map(|(number, caller)| (Source::Caller(number), caller.as_fd(), PollFlags::POLLIN)));
    sources.push((Source::Listener, supervisor.files.listener.as_fd(), PollFlags::POLLIN));
    for (number, one) in supervisor.entered.iter().enumerate().rev() {
        sources.extend(one.stream().map(|fd| (Source::EnteredStream(number), fd, PollFlags::POLLIN)));
        sources.push((Source::Entered(number), one.pidfd.as_fd(), PollFlags::POLLIN));
    }
    sources.extend(supervisor.files.log.waiting().map(|fd| (Source::Log, fd, PollFlags::POLLOUT)));
    let Some(run) = supervisor.state.run() else { return sources };
    if let Some(names) = &run.launched.names {
        let descriptors = names.descriptors().into_iter();
        sources.extend(descriptors.map(|(fd, flags)| (Source::Name(fd.as_raw_fd()), fd, flags)));
    }
    let proxy = run.launched.published.proxy.descriptors().into_iter();
    sources.extend(proxy.map(|(fd, flags)| (Source::Port(fd.as_raw_fd()), fd, flags)));
    if let Some(terminal) = run.launched.terminal.as_ref().filter(|_| !is_behind) {
        sources.push((Source::Terminal, terminal.as_fd(), PollFlags::POLLIN));
    }
    if let Some(probe) = run.health.as_ref().and_then(|health| health.probe.as_ref()) {
        if !probe.has_closed {
            sources.push((Source::ProbeOutput, probe.pipe.as_fd(), PollFlags::POLLIN));
        }
        sources.push((Source::Probe, probe.pidfd.as_fd(), PollFlags::POLLIN));
    }
    sources.push((Source::Init, run.launched.pidfd.as_fd(), PollFlags::POLLIN));
    sources
}

/// Whether there is something to read, or an end to see.
pub(super) fn is_readable(fd: BorrowedFd<'_>) -> bool {
    matches!(poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], PollTimeout::ZERO), Ok(1..))
}

/// Rounded up, so that what is due is due when poll returns.
pub(super) fn timeout(deadline: Option<Instant>, now: Instant) -> PollTimeout {
    let Some(deadline) = deadline else { return PollTimeout::NONE };
    let left = deadline.saturating_duration_since(now) + Duration::from_nanos(999_999);
    PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX)
}
