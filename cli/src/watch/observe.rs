//! Changes as the kernel tells of them (inotify(7), through `notify`), and where it cannot, by looking.
//!
//! One watch per folder, never a recursive one: the folders that no rule wants are not even opened.

use super::tree::{Attention, Hint};
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often folders are looked at that the kernel tells nothing of.
pub(super) const POLL: Duration = Duration::from_millis(500);

/// The watches of one project.
#[derive(Debug)]
pub(super) struct Observer {
    /// `None` where the kernel has no instance left for us.
    watcher: Option<RecommendedWatcher>,
    events: UnboundedReceiver<notify::Result<Event>>,
    /// Kept so that the channel stays open without a watcher.
    _sender: UnboundedSender<notify::Result<Event>>,
    /// Whether some folder has no watch, so that everything is looked at from time to time.
    polls: bool,
    /// What the user is told, once each.
    notices: Vec<String>,
    told: BTreeSet<String>,
    /// How many folders the kernel tells of.
    folders: usize,
}

impl Observer {
    /// Begins with no folder.
    pub(super) fn new() -> Self {
        let (sender, events) = unbounded_channel();
        let mut observer = Self {
            watcher: None,
            events,
            _sender: sender.clone(),
            polls: false,
            notices: Vec::new(),
            told: BTreeSet::new(),
            folders: 0,
        };
        // A receiver that is gone wants no more events.
        let watcher = RecommendedWatcher::new(move |event| drop(sender.send(event)), Config::default());
        match watcher {
            Ok(watcher) => observer.watcher = Some(watcher),
            Err(error) => observer.fall_back(&error),
        }
        observer
    }

    /// Waits for the next hints; none means that watching has ended. Cancel-safe.
    pub(super) async fn next(&mut self) -> Vec<Hint> {
        let event = if self.polls {
            match tokio::time::timeout(POLL, self.events.recv()).await {
                Ok(event) => event,
                Err(_elapsed) => return vec![Hint::Anywhere],
            }
        } else {
            self.events.recv().await
        };
        event.map_or_else(Vec::new, hints)
    }

    /// The hints that are there already.
    pub(super) fn drain(&mut self) -> Vec<Hint> {
        let mut all = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            all.extend(hints(event));
        }
        all
    }

    /// What there is to tell since the last time.
    pub(super) fn notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    fn fall_back(&mut self, error: &notify::Error) {
        self.polls = true;
        let (key, text) = explain(error, self.folders);
        self.tell_once(key, || text);
    }

    fn tell_once(&mut self, key: impl Into<String>, text: impl FnOnce() -> String) {
        if self.told.insert(key.into()) {
            self.notices.push(text());
        }
    }
}

impl Attention for Observer {
    fn attend(&mut self, folder: &Path) {
        if is_remote(folder) {
            self.polls = true;
            let folder = folder.display();
            self.tell_once("remote", || {
                format!(
                    "{folder} lies on a file system that others may change unseen: it is looked at every {POLL:?}"
                )
            });
        }
        let Some(watcher) = &mut self.watcher else { return };
        match watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => self.folders += 1,
            Err(error) if is_gone(&error) => {}
            Err(error) => self.fall_back(&error),
        }
    }

    fn leave(&mut self, folder: &Path) {
        if let Some(watcher) = &mut self.watcher {
            // The kernel has dropped the watch of a folder that is gone.
            let _ = watcher.unwatch(folder);
        }
    }

    fn unreadable(&mut self, folder: &Path, error: &io::Error) {
        let folder = folder.display();
        self.tell_once(folder.to_string(), || format!("{folder} is left out: {error}"));
    }
}

/// Where an event says to look.
fn hints(event: notify::Result<Event>) -> Vec<Hint> {
    // An error of a single watch comes with the folder's end.
    let Ok(event) = event else { return vec![Hint::Anywhere] };
    if event.need_rescan() {
        return vec![Hint::Anywhere];
    }
    let hint: fn(PathBuf) -> Hint = match event.kind {
        EventKind::Create(CreateKind::File) => Hint::Made,
        EventKind::Modify(ModifyKind::Metadata(_)) => Hint::Mode,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Create(_)
        | EventKind::Remove(_)
        | EventKind::Modify(ModifyKind::Name(_)) => Hint::At,
        // Whoever writes will close, and between truncating and writing a file looks empty.
        _ => return Vec::new(),
    };
    event.paths.into_iter().map(hint).collect()
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
        }
        _ => false,
    }
}

/// Why the kernel watches no more, and what helps.
fn explain(error: &notify::Error, folders: usize) -> (&'static str, String) {
    let (setting, what) = match &error.kind {
        notify::ErrorKind::MaxFilesWatch => ("max_user_watches", "watches"),
        notify::ErrorKind::Io(error) if error.raw_os_error() == Some(nix::libc::EMFILE) => {
            ("max_user_instances", "instances")
        }
        _ => {
            return (
                "other",
                format!(
                    "the kernel does not watch every folder ({error}): they are looked at every {POLL:?}"
                ),
            );
        }
    };
    let limit = std::fs::read_to_string(format!("/proc/sys/fs/inotify/{setting}")).unwrap_or_default();
    let limit = limit.trim();
    let text = format!(
        "the limit of inotify {what} is reached (fs.inotify.{setting} is {limit}; {folders} folders have one here), \
         so files are looked at every {POLL:?}; \
         raise it with `sysctl -w fs.inotify.{setting}=<more>`, or ignore folders that need no watching"
    );
    (setting, text)
}

/// File systems whose changes the kernel does not see when another machine makes them (statfs(2)).
fn is_remote(folder: &Path) -> bool {
    const NFS: i64 = 0x6969;
    const SMB2: i64 = 0xfe53_4d42;
    const CIFS: i64 = 0xff53_4d42;
    const V9FS: i64 = 0x0102_1997;
    const FUSE: i64 = 0x6573_5546;
    const VIRTIOFS: i64 = 0x6a65_6a63;
    nix::sys::statfs::statfs(folder).is_ok_and(|statistics| {
        [NFS, SMB2, CIFS, V9FS, FUSE, VIRTIOFS].contains(&statistics.filesystem_type().0)
    })
}
