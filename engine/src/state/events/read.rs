//! Reading the event log, and hearing of what is added to it (inotify(7)).

use super::{EventLogError, LOG, is_at, set_aside};
use crate::state::Layout;
use engine_spec::Event;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::SystemTime;

/// All events that are still kept, oldest first.
///
/// # Errors
/// Says why the log could not be read.
pub fn read(layout: &Layout) -> Result<Vec<Event>, EventLogError> {
    let mut reader = EventReader::open(layout)?;
    let mut events = Vec::new();
    while let Some(event) = reader.written()? {
        events.push(event);
    }
    Ok(events)
}

/// Reads events as they are written, from the oldest that is kept.
#[derive(Debug)]
pub struct EventReader {
    inotify: Inotify,
    path: PathBuf,
    /// Still to be read before the log itself.
    older: Option<BufReader<File>>,
    current: Option<BufReader<File>>,
    /// The beginning of a line that is still being written.
    begun: String,
}

impl EventReader {
    /// Begins at the oldest event.
    ///
    /// # Errors
    /// Says why the log cannot be read.
    pub fn open(layout: &Layout) -> Result<Self, EventLogError> {
        let path = layout.events().join(LOG);
        let opened = || -> io::Result<_> {
            let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
            let flags = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
            inotify.add_watch(&layout.events(), flags)?;
            Ok((inotify, open_if_there(set_aside(&path))?, open_if_there(path.clone())?))
        };
        let (inotify, older, current) =
            opened().map_err(|source| EventLogError { attempt: "read", path: path.clone(), source })?;
        Ok(Self { inotify, path, older, current, begun: String::new() })
    }

    /// The next event that is written already.
    ///
    /// # Errors
    /// Says why the log cannot be read.
    pub fn written(&mut self) -> Result<Option<Event>, EventLogError> {
        let path = self.path.clone();
        self.line().map_err(|source| EventLogError { attempt: "read", path, source })
    }

    /// The next event, which may come at any time; `None` when none has come before `until`.
    ///
    /// # Errors
    /// Says why the log cannot be read or watched.
    pub fn next(&mut self, until: Option<SystemTime>) -> Result<Option<Event>, EventLogError> {
        loop {
            if let Some(event) = self.written()? {
                return Ok(Some(event));
            }
            let path = self.path.clone();
            let waited = self.wait(until);
            if !waited.map_err(|source| EventLogError { attempt: "watch", path, source })? {
                return Ok(None);
            }
        }
    }

    /// False when the time is over.
    fn wait(&self, until: Option<SystemTime>) -> io::Result<bool> {
        let timeout = match until {
            None => PollTimeout::NONE,
            Some(until) => {
                let Ok(left) = until.duration_since(SystemTime::now()) else { return Ok(false) };
                PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX)
            }
        };
        match poll(&mut [PollFd::new(self.inotify.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) | Err(Errno::EINTR) => return Ok(true),
            polled => polled?,
        };
        match self.inotify.read_events() {
            Ok(_) | Err(Errno::EAGAIN) => Ok(true),
            Err(errno) => Err(errno.into()),
        }
    }

    fn line(&mut self) -> io::Result<Option<Event>> {
        loop {
            let Some(file) = self.older.as_mut().or(self.current.as_mut()) else {
                self.current = open_if_there(self.path.clone())?;
                if self.current.is_none() {
                    return Ok(None);
                }
                continue;
            };
            if file.read_line(&mut self.begun)? > 0 && self.begun.ends_with('\n') {
                // What another version wrote is passed over.
                if let Ok(event) = serde_json::from_str(&std::mem::take(&mut self.begun)) {
                    return Ok(Some(event));
                }
                continue;
            }
            if self.older.take().is_some() {
                self.begun.clear();
            } else if !self.advance()? {
                return Ok(None);
            }
        }
    }

    /// Goes on to a new log where the one that was read is full.
    fn advance(&mut self) -> io::Result<bool> {
        let Some(current) = &self.current else { return Ok(false) };
        if is_at(&self.path, current.get_ref())? {
            return Ok(false);
        }
        self.begun.clear();
        self.current = open_if_there(self.path.clone())?;
        Ok(self.current.is_some())
    }
}

fn open_if_there(path: PathBuf) -> io::Result<Option<BufReader<File>>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => Ok(Some(BufReader::new(file?))),
    }
}
