//! One probe of a container's health: a process in it, its output bounded, its time limited.

use super::entered::{self, EnterError};
use super::failure::Failure;
use super::health::{Check, Progress};
use super::launch::Launched;
use crate::container::Signal;
use crate::runtime::exec::ExecProcess;
use crate::runtime::launch::Stdio;
use crate::state::record::Record;
use crate::sys;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

/// How much of a probe's output is kept, as in Docker.
const MOST_OUTPUT: usize = 4096;

/// The last probe of a container: `probe.json` in its run folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// Its exit code; `None` where it could not be executed or took too long.
    pub exit_code: Option<i32>,
    /// The first 4 KiB of what it wrote, or why it could not be executed.
    pub output: String,
}

impl Record for ProbeRecord {
    const KIND: &'static str = "probe";
    const VERSION: u32 = 1;
}

/// A container's health check, and the probe that runs now.
#[derive(Debug)]
pub(super) struct HealthWatch {
    check: Check,
    /// What probes have said so far.
    pub(super) progress: Progress,
    /// The probe that runs now.
    pub(super) probe: Option<Probe>,
}

/// A probe that runs.
#[derive(Debug)]
pub(super) struct Probe {
    /// Readable once it has ended.
    pub(super) pidfd: OwnedFd,
    /// What it writes; reading does not wait.
    pub(super) pipe: File,
    /// Whether nobody can write to it any more.
    pub(super) has_closed: bool,
    output: Vec<u8>,
    deadline: Instant,
    is_late: bool,
}

/// What one probe said.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The probe.
    pub(super) record: ProbeRecord,
    /// Whether the container's health is another now.
    pub(super) has_changed: bool,
}

impl HealthWatch {
    /// The health of a container that was started at `now`.
    pub(super) fn new(check: Check, now: Instant) -> Self {
        let progress = Progress::new(&check, now);
        Self { check, progress, probe: None }
    }

    /// When [`Self::advance`] has to be called.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        match &self.probe {
            Some(probe) => (!probe.is_late).then_some(probe.deadline),
            None => Some(self.progress.next_probe),
        }
    }

    /// Starts the probe that is due, or kills the one that is late.
    ///
    /// Returns what is known of one that could not be executed, which counts as failed.
    pub(super) fn advance(&mut self, run: &Launched, now: Instant) -> Option<Verdict> {
        if let Some(probe) = &mut self.probe {
            probe.expire(now);
            return None;
        }
        if self.progress.next_probe > now {
            return None;
        }
        match Probe::begin(run, &self.check, now) {
            Ok(probe) => {
                self.probe = Some(probe);
                None
            }
            Err(error) => {
                let output = Failure::of(&error, None).in_one_line();
                Some(self.count(ProbeRecord { exit_code: None, output }, now))
            }
        }
    }

    /// Counts the probe, which has ended.
    pub(super) fn finish(&mut self, now: Instant) -> Option<Verdict> {
        let mut probe = self.probe.take()?;
        probe.read();
        let exit_code = entered::reap(probe.pidfd.as_fd()).filter(|_| !probe.is_late);
        let output = String::from_utf8_lossy(&probe.output).into_owned();
        Some(self.count(ProbeRecord { exit_code, output }, now))
    }

    fn count(&mut self, record: ProbeRecord, now: Instant) -> Verdict {
        let has_changed = self.progress.count(&self.check, record.exit_code == Some(0), now);
        Verdict { record, has_changed }
    }
}

impl Probe {
    fn begin(run: &Launched, check: &Check, now: Instant) -> Result<Self, EnterError> {
        let process = ExecProcess { arguments: check.arguments.clone(), ..ExecProcess::default() };
        let (pipe, streams) = streams().map_err(EnterError::Streams)?;
        let executing = entered::enter(run, &process, Stdio::Files(streams))?;
        let deadline = now + check.timeout;
        let (pidfd, output) = (executing.pidfd, Vec::new());
        Ok(Self { pidfd, pipe, has_closed: false, output, deadline, is_late: false })
    }

    /// Takes what it has written, and drops what is too much.
    pub(super) fn read(&mut self) {
        let mut buffer = [0; MOST_OUTPUT];
        // The pipe does not wait; what it holds at most is read in a few turns.
        while let Ok(length) = self.pipe.read(&mut buffer) {
            if length == 0 {
                self.has_closed = true;
                return;
            }
            let room = MOST_OUTPUT - self.output.len();
            self.output.extend_from_slice(&buffer[..length.min(room)]);
        }
    }

    fn expire(&mut self, now: Instant) {
        if self.deadline <= now && !self.is_late {
            self.is_late = true;
            // One that has just ended is noticed by its descriptor.
            let _ = sys::pidfd_send_signal(self.pidfd.as_fd(), Signal::KILL.number());
        }
    }
}

/// Empty input, and a pipe for all output.
fn streams() -> io::Result<(File, [OwnedFd; 3])> {
    let (ours, theirs) = pipe2(OFlag::O_CLOEXEC)?;
    nix::fcntl::fcntl(&ours, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let input = File::open("/dev/null")?;
    Ok((ours.into(), [input.into(), theirs.try_clone()?, theirs]))
}
