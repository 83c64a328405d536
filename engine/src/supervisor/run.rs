//! The life of a container under its supervisor: one thread, one poll loop.
//!
//! ```text
//!           launch                   it ends, policy says again
//! (none) ────────────> Running ───────────────────────────────> Waiting
//!                         │ ^                                      │ │
//!                         │ └──────────── delay is over ───────────┘ │
//!                         └─ it ends ──> Over <── a user stops it ───┘
//! ```
//! What comes after an end is decided in [`super::aftermath`].

use super::attached::Attached;
use super::launch::{self, Launched, StartFailure};
use super::log::Log;
use super::poll::Source;
use super::presence::Presence;
use super::probe::{HealthWatch, Verdict};
use super::restart::Restarts;
use super::state::{Run, State, not_started, word};
use super::stdio::Output;
use super::step::Stream;
use super::stop::{self, Cause, Stopping};
use super::{Supervised, entered, health, poll};
use crate::container::Signal;
use engine_spec::{ContainerAction, Health, ObservedEndpoint, Status};
use nix::errno::Errno;
use nix::sys::signalfd::SignalFd;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant, SystemTime};

/// A container and everything its supervisor holds.
#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) supervised: Supervised,
    pub(super) presence: Presence,
    pub(super) files: Files,
    /// Connected, have not asked yet.
    pub(super) callers: Vec<OwnedFd>,
    /// Want to hear of every change.
    pub(super) watchers: Vec<OwnedFd>,
    /// Wait for the end.
    pub(super) stoppers: Vec<OwnedFd>,
    pub(super) entered: Vec<entered::Entered>,
    /// Connected to the container's streams.
    pub(super) attached: Attached,
    pub(super) endpoints: Vec<ObservedEndpoint>,
    pub(super) state: State,
    pub(super) restarts: Restarts,
    /// Whether nothing is left of the last run; else the run folder stays, and with it the attention of
    /// repair.
    pub(super) is_clean: bool,
}

/// What a supervisor keeps open as long as it lives.
#[derive(Debug)]
pub(super) struct Files {
    /// The control socket.
    pub(super) listener: UnixListener,
    /// SIGTERM and SIGINT: the machine is shut down.
    pub(super) signals: SignalFd,
    /// Our ends of the container's pipes.
    pub(super) output: Output,
    pub(super) log: Log,
}

impl Supervisor {
    /// A supervisor whose container does not run yet.
    pub(super) fn new(supervised: Supervised, presence: Presence, files: Files) -> Self {
        Self {
            supervised,
            presence,
            files,
            callers: Vec::new(),
            watchers: Vec::new(),
            stoppers: Vec::new(),
            entered: Vec::new(),
            attached: Attached::default(),
            endpoints: Vec::new(),
            state: State::Over(Status::Created),
            restarts: Restarts::default(),
            is_clean: true,
        }
    }

    /// Starts the container.
    pub(super) fn launch(&mut self) -> Result<(), StartFailure> {
        match launch::launch(&self.supervised) {
            Ok(launched) => {
                self.endpoints.clone_from(&launched.endpoints);
                self.state = State::Running(Box::new(self.new_run(launched, SystemTime::now())));
                self.publish_status();
                // After a boot it tells that the container ran; a full disk must not end it now.
                let _ = self.keep_status();
                self.supervised.connected();
                self.supervised.event(ContainerAction::Start);
                Ok(())
            }
            Err(failure) => {
                self.is_clean = launch::clean(&self.supervised).is_ok();
                self.state = State::Over(not_started(&failure));
                Err(failure)
            }
        }
    }

    /// A run as it is right after its start.
    pub(super) fn new_run(&self, launched: Launched, started_at: SystemTime) -> Run {
        let (record, started) = (&self.supervised.record, Instant::now());
        let image = &record.image;
        let check = health::Check::resolve(
            record.spec.healthcheck.as_ref(),
            image.healthcheck.as_ref(),
            image.shell.as_deref(),
        );
        let health = check.map(|check| HealthWatch::new(check, started));
        Run { launched, started_at, started, health, stopping: None, is_killed: false, is_paused: false }
    }

    /// Does whatever is due until the container has ended for good.
    pub(super) fn run(&mut self) -> io::Result<()> {
        while !matches!(self.state, State::Over(_)) {
            for source in poll::wait(self)? {
                self.handle(source);
            }
            self.advance(Instant::now());
        }
        Ok(())
    }

    fn handle(&mut self, source: Source) {
        match source {
            Source::Signal => self.shut_down(),
            Source::Listener => self.accept(),
            Source::Caller(number) => self.answer(number),
            Source::Output(stream) => self.take_output(stream),
            Source::Terminal => self.take_terminal(),
            Source::Log => self.files.log.deliver(Instant::now()),
            Source::Attached => self.attend(),
            Source::Name(fd) => {
                if let Some(names) = self.state.run_mut().and_then(|run| run.launched.names.as_mut()) {
                    names.ready(fd, Instant::now());
                }
            }
            Source::Port(fd) => {
                if let Some(run) = self.state.run_mut() {
                    run.launched.published.proxy.ready(fd, Instant::now());
                }
            }
            Source::Probe => self.probe_ended(),
            Source::ProbeOutput => {
                if let Some(probe) = self.watch_mut().and_then(|watch| watch.probe.as_mut()) {
                    probe.read();
                }
            }
            Source::EnteredStream(number) => self.entered[number].attend(),
            Source::Entered(number) => {
                let exit_code = self.entered.remove(number).finish();
                self.supervised.event(ContainerAction::ExecDie { exit_code });
            }
            Source::Init => self.ended(),
        }
    }

    /// Does what the clock demands.
    fn advance(&mut self, now: Instant) {
        if self.files.log.next_deadline().is_some_and(|due| due <= now) {
            self.files.log.deliver(now);
        }
        if let State::Waiting { until, .. } = &self.state {
            if *until <= now {
                self.start_again();
            }
            return;
        }
        let Some(run) = self.state.run_mut() else { return };
        if let Some(names) = run.launched.names.as_mut() {
            names.expire(now);
        }
        run.launched.published.proxy.expire(now);
        if let Some(stopping) = run.stopping.as_mut() {
            stopping.advance(&run.launched, now);
        }
        let verdict = run.checked().and_then(|(health, launched)| health.advance(launched, now));
        self.hear(verdict);
    }

    /// When [`Self::advance`] has to be called.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.files.log.next_deadline().into_iter().chain(self.containers_deadline()).min()
    }

    fn containers_deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Running(run) => {
                let names = run.launched.names.as_ref().and_then(|names| names.next_deadline());
                let stopping = run.stopping.as_ref().and_then(Stopping::next_deadline);
                let health = run.health.as_ref().filter(|_| !run.is_paused);
                let health = health.and_then(HealthWatch::next_deadline);
                let ports = run.launched.published.proxy.next_deadline();
                [names, ports, stopping, health].into_iter().flatten().min()
            }
            State::Waiting { until, .. } => Some(*until),
            State::Over(_) => None,
        }
    }

    fn watch_mut(&mut self) -> Option<&mut HealthWatch> {
        self.state.run_mut()?.health.as_mut()
    }

    fn probe_ended(&mut self) {
        let verdict = self.watch_mut().and_then(|watch| watch.finish(Instant::now()));
        self.hear(verdict);
    }

    fn hear(&mut self, verdict: Option<Verdict>) {
        let Some(verdict) = verdict else { return };
        // Only what is shown to people depends on it.
        let _ = self.supervised.note("probe.json", &verdict.record);
        let health = self.watch_mut().map(|watch| watch.progress.health);
        if let Some(health) = health.filter(|_| verdict.has_changed) {
            self.publish_status();
            self.supervised.event(ContainerAction::HealthStatus { health: word(health).to_owned() });
            if health == Health::Unhealthy && self.supervised.record.spec.restart_when_unhealthy {
                self.stop(None, None, Cause::Unhealthy);
            }
        }
    }

    /// Ends the container without keeping its policy from starting it after the next boot.
    fn shut_down(&mut self) {
        // The signal is taken from the queue; which one it was does not matter.
        let _ = self.files.signals.read_signal();
        self.stop(None, None, Cause::Shutdown);
    }

    /// Asks the container to end.
    pub(super) fn stop(&mut self, grace: Option<Duration>, signal: Option<Signal>, cause: Cause) {
        let (spec, now) = (&self.supervised.record.spec, Instant::now());
        let grace = grace.unwrap_or_else(|| stop::grace_of(spec));
        match &mut self.state {
            State::Running(run) => match &mut run.stopping {
                Some(stopping) => stopping.hurry(grace, cause, now),
                None => {
                    let signal =
                        signal.unwrap_or_else(|| stop::signal_of(spec, &self.supervised.record.image));
                    self.supervised.event(ContainerAction::Kill { signal: signal.number() });
                    run.stopping = Some(Stopping::begin(&run.launched, signal, grace, cause, now));
                    // A frozen process hears the signal when it goes on; else it is killed in the end.
                    let _ = self.unpause();
                }
            },
            State::Waiting { end, .. } => self.state = State::Over(end.status(cause == Cause::User)),
            State::Over(_) => {}
        }
    }

    pub(super) fn take_output(&mut self, stream: Stream) {
        let mut buffer = [0; 16 << 10];
        loop {
            let pipe = match stream {
                Stream::Stdout => &mut self.files.output.stdout,
                Stream::Stderr => &mut self.files.output.stderr,
            };
            let Ok(length @ 1..) = pipe.read(&mut buffer) else { return };
            self.pass_on(stream, &buffer[..length]);
            if self.attached.is_behind() && !self.has_ended() {
                return;
            }
        }
    }

    /// A terminal whose last user has gone fails with EIO and is closed.
    pub(super) fn take_terminal(&mut self) {
        let mut buffer = [0; 16 << 10];
        loop {
            let Some(run) = self.state.run_mut() else { return };
            let Some(terminal) = &run.launched.terminal else { return };
            match nix::unistd::read(terminal, &mut buffer) {
                Ok(length @ 1..) => self.pass_on(Stream::Stdout, &buffer[..length]),
                Err(Errno::EAGAIN | Errno::EINTR) => return,
                Ok(0) | Err(_) => return run.launched.terminal = None,
            }
            if self.attached.is_behind() && !self.has_ended() {
                return;
            }
        }
    }

    /// A container goes on when the disk of its log is full.
    fn pass_on(&mut self, stream: Stream, bytes: &[u8]) {
        let _ = self.files.log.push(stream, bytes, SystemTime::now());
        self.attached.pass(stream, bytes);
    }

    /// Whether the container's first process has ended: what is left is taken whoever is behind.
    fn has_ended(&self) -> bool {
        self.state.run().is_some_and(|run| poll::is_readable(run.launched.pidfd.as_fd()))
    }
}
