//! Hearing of new output, of the container's end and of its removal (inotify(7)).

use super::folder_of;
use crate::state::Layout;
use crate::state::container::{self, StatusRecord, kept_status_path};
use crate::state::record;
use engine_spec::{ContainerId, RunEnd};
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent};
use std::io;
use std::path::PathBuf;

/// What has happened to a container that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// There may be more to read.
    Written,
    /// It has ended, and all it wrote was there before.
    Ended(RunEnd),
    /// It is gone.
    Removed,
}

/// Follows one container through all of its runs and supervisors.
#[derive(Debug)]
pub(super) struct Follow {
    inotify: Inotify,
    status_path: PathBuf,
    /// Whether its end has been told and it has not been started since.
    has_ended: bool,
    /// What is still to be told.
    end: Option<RunEnd>,
}

impl Follow {
    /// Watches the folder with the log and the kept status.
    pub(super) fn begin(layout: &Layout, id: &ContainerId) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC)?;
        let flags = AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_ONLYDIR
            | AddWatchFlags::IN_DELETE_SELF;
        inotify.add_watch(&folder_of(layout, id), flags)?;
        let status_path = kept_status_path(layout, id);
        // An ending supervisor keeps the end first, and then takes back that the container runs.
        let kept = record::read::<StatusRecord>(&status_path).ok().flatten();
        let end = kept
            .and_then(|status| status.status.end())
            .or_else(|| container::status(layout, id).ok()?.status.end());
        Ok(Self { inotify, status_path, has_ended: end.is_some(), end })
    }

    /// Waits until something has happened.
    pub(super) fn wait(&mut self) -> io::Result<News> {
        if let Some(end) = self.end.take() {
            return Ok(News::Ended(end));
        }
        let events = loop {
            match self.inotify.read_events() {
                Err(Errno::EINTR) => {}
                events => break events?,
            }
        };
        if events.iter().any(is_removal) {
            return Ok(News::Removed);
        }
        if events.iter().any(is_status) {
            self.look();
        }
        // What was written is read before the end is told.
        Ok(News::Written)
    }

    fn look(&mut self) {
        // A status that cannot be read now is followed by another.
        let Ok(Some(status)) = record::read::<StatusRecord>(&self.status_path) else { return };
        let end = status.status.end();
        let had_ended = std::mem::replace(&mut self.has_ended, end.is_some());
        if !had_ended {
            self.end = end;
        }
    }
}

fn is_removal(event: &InotifyEvent) -> bool {
    event.mask.intersects(AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_IGNORED)
}

fn is_status(event: &InotifyEvent) -> bool {
    event.name.as_deref().is_some_and(|name| name == "status.json")
}
