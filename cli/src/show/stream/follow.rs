//! What containers are writing, as it is written.

use super::Source;
use engine::container::logs::{LogEntry, LogError, LogLine, LogOptions, LogReader};
use engine::state::events::{EventLogError, EventReader};
use engine::state::{Layout, container};
use engine_spec::{ContainerAction, ContainerId, ContainerName, Event, EventObject, Labels, RunEnd, Status};
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Lines that arrive within this time are put in the order they were written in. Nobody notices it.
const WINDOW: Duration = Duration::from_millis(20);
/// How long after the last container's end one may come back before following ends; `restart` takes
/// a few milliseconds, the restart policy's first delay is 100.
const AFTERLIFE: Duration = Duration::from_millis(500);
/// Lines on their way; a reader that is further ahead waits.
const CAPACITY: usize = 1024;

/// Something that came from the source at a place.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It is new: its container was started after following began.
    Began(Source),
    /// A line.
    Line(LogLine),
    /// Its container has ended; it may come back.
    Ended(RunEnd),
    /// Its container is removed.
    Gone,
    /// Its output cannot be read any more.
    Failed(LogError),
}

/// What threads have to tell.
#[derive(Debug)]
enum News {
    Of(usize, Heard),
    Started(Box<Event>),
}

/// Says whether a container that is started meanwhile is followed too, and as what.
pub(crate) type Admit<'a> = Box<dyn Fn(&ContainerId, &ContainerName, &Labels) -> Option<Source> + 'a>;

/// Threads that follow containers. They are left behind with the runtime, as reading cannot be interrupted.
pub(crate) struct Follow<'a> {
    layout: Layout,
    options: LogOptions,
    admit: Admit<'a>,
    sources: Vec<Followed>,
    sender: Sender<News>,
    receiver: Receiver<News>,
    /// Put in order, not yet handed out.
    ready: VecDeque<(usize, Heard)>,
    threads: JoinSet<()>,
}

#[derive(Debug)]
struct Followed {
    source: Source,
    /// Whether its container lives, as far as was heard.
    is_alive: bool,
    /// Whether nothing more can be heard of it.
    is_closed: bool,
}

impl<'a> Follow<'a> {
    /// Begins to follow each source, and those that `admit` makes of containers started later.
    pub(crate) fn new(layout: &Layout, sources: &[Source], options: &LogOptions, admit: Admit<'a>) -> Self {
        let (sender, receiver) = channel(CAPACITY);
        let mut follow = Self {
            layout: layout.clone(),
            options: options.clone(),
            admit,
            sources: Vec::new(),
            sender,
            receiver,
            ready: VecDeque::new(),
            threads: JoinSet::new(),
        };
        let (layout, sender) = (layout.clone(), follow.sender.clone());
        follow.threads.spawn_blocking(move || hear_starts(&layout, &sender));
        sources.iter().for_each(|source| follow.add(source.clone()));
        follow
    }

    fn add(&mut self, source: Source) {
        let place = self.sources.len();
        let (layout, options, sender) = (self.layout.clone(), self.options.clone(), self.sender.clone());
        let followed = source.clone();
        self.threads.spawn_blocking(move || read(&layout, &followed, &options, place, &sender));
        self.sources.push(Followed { source, is_alive: true, is_closed: false });
    }

    /// What comes next, and from which place; `None` when no container is left. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<(usize, Heard)> {
        if self.ready.is_empty() {
            self.fill().await;
        }
        let (place, heard) = self.ready.pop_front()?;
        let followed = &mut self.sources[place];
        match heard {
            Heard::Began(_) | Heard::Line(_) => followed.is_alive = true,
            Heard::Ended(_) => followed.is_alive = false,
            Heard::Gone | Heard::Failed(_) => {
                followed.is_alive = false;
                followed.is_closed = true;
            }
        }
        Some((place, heard))
    }

    /// The same news for whoever listens: a container that is new is followed from now on.
    fn sort(&mut self, news: News) -> Option<(usize, Heard)> {
        let event = match news {
            News::Of(place, heard) => return Some((place, heard)),
            News::Started(event) => event,
        };
        let EventObject::Container { id, name, labels, .. } = event.object else { return None };
        let is_known = |known: &&Followed| known.source.id == id && !known.is_closed;
        if self.sources.iter().any(|known| is_known(&known)) {
            return None;
        }
        let source = (self.admit)(&id, &name, &labels)?;
        self.add(source.clone());
        Some((self.sources.len() - 1, Heard::Began(source)))
    }

    /// Waits for somebody to say something, as long as anybody might.
    async fn first(&mut self) -> Option<(usize, Heard)> {
        loop {
            let is_alive = |followed: &Followed| followed.is_alive;
            let news = if self.sources.iter().any(is_alive) {
                self.receiver.recv().await
            } else if let Ok(news) = timeout_at(Instant::now() + AFTERLIFE, self.receiver.recv()).await {
                news
            } else {
                for followed in self.sources.iter_mut().filter(|followed| !followed.is_closed) {
                    followed.is_alive = is_running(&self.layout, &followed.source.container);
                }
                if self.sources.iter().any(is_alive) {
                    continue;
                }
                return None;
            };
            if let Some(heard) = self.sort(news?) {
                return Some(heard);
            }
        }
    }

    async fn fill(&mut self) {
        let first = self.first().await;
        self.ready.extend(first);
        let until = Instant::now() + WINDOW;
        while !self.ready.is_empty()
            && self.ready.len() < CAPACITY
            && let Ok(Some(news)) = timeout_at(until, self.receiver.recv()).await
        {
            let heard = self.sort(news);
            self.ready.extend(heard);
        }
        let now = SystemTime::now();
        self.ready.make_contiguous().sort_by_key(|(_, heard)| match heard {
            // Before its first line.
            Heard::Began(_) => SystemTime::UNIX_EPOCH,
            Heard::Line(line) => line.time.min(now),
            Heard::Ended(_) | Heard::Gone | Heard::Failed(_) => now,
        });
    }
}

fn is_running(layout: &Layout, name: &ContainerName) -> bool {
    let Some(id) = container::by_name(layout, name) else { return false };
    container::status(layout, &id).is_ok_and(|record| match record.status {
        Status::Running { .. } | Status::Paused { .. } | Status::Restarting { .. } => true,
        Status::Created | Status::Exited { .. } => false,
    })
}

/// Tells of each container that is started from now on. What cannot be heard is not followed.
fn hear_starts(layout: &Layout, sender: &Sender<News>) {
    let heard = || -> Result<(), EventLogError> {
        let mut reader = EventReader::open(layout)?;
        while reader.written()?.is_some() {}
        while let Some(event) = reader.next(None)? {
            let is_start =
                matches!(event.object, EventObject::Container { action: ContainerAction::Start, .. });
            if is_start && sender.blocking_send(News::Started(Box::new(event))).is_err() {
                break;
            }
        }
        Ok(())
    };
    if let Err(error) = heard() {
        tracing::debug!(%error, "containers that are started meanwhile are not followed");
    }
}

fn read(layout: &Layout, source: &Source, options: &LogOptions, place: usize, sender: &Sender<News>) {
    let heard = match LogReader::open(layout, &source.container, options) {
        Ok(mut reader) => loop {
            match reader.next() {
                Ok(Some(entry)) => {
                    let heard = match entry {
                        LogEntry::Line(line) => Heard::Line(line),
                        LogEntry::Ended(end) => Heard::Ended(end),
                    };
                    if sender.blocking_send(News::Of(place, heard)).is_err() {
                        return;
                    }
                }
                Ok(None) => break Heard::Gone,
                Err(error) => break Heard::Failed(error),
            }
        },
        Err(error) => Heard::Failed(error),
    };
    // Nobody listens any more: nothing is lost.
    let _ = sender.blocking_send(News::Of(place, heard));
}
