//! What containers are writing, as it is written.

use super::Source;
use engine::container::logs::{LogEntry, LogError, LogLine, LogOptions, LogReader};
use engine::state::{Layout, container};
use engine_spec::{ContainerName, Status};
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Lines that arrive within this time are put in the order they were written in. Nobody notices it.
const WINDOW: Duration = Duration::from_millis(20);
/// How long after the last container's end one may come back before following ends; `restart` takes
/// a few milliseconds, the restart policy's first delay is 100.
const AFTERLIFE: Duration = Duration::from_secs(1);
/// Lines on their way; a reader that is further ahead waits.
const CAPACITY: usize = 1024;

/// Something that came from the source at a place.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A line.
    Line(LogLine),
    /// Its container has ended; it may come back.
    Ended(Option<i32>),
    /// Its container is removed.
    Gone,
    /// Its output cannot be read any more.
    Failed(LogError),
}

/// Threads that follow containers. They are left behind with the runtime, as reading cannot be interrupted.
#[derive(Debug)]
pub(crate) struct Follow {
    layout: Layout,
    containers: Vec<ContainerName>,
    receiver: Receiver<(usize, Heard)>,
    /// Put in order, not yet handed out.
    ready: VecDeque<(usize, Heard)>,
    /// Whether each source's container lives, as far as was heard.
    alive: Vec<bool>,
    _threads: JoinSet<()>,
}

impl Follow {
    /// Begins to follow each source.
    pub(crate) fn new(layout: &Layout, sources: &[Source], options: &LogOptions) -> Self {
        let (sender, receiver) = channel(CAPACITY);
        let mut threads = JoinSet::new();
        for (place, source) in sources.iter().enumerate() {
            let (layout, source) = (layout.clone(), source.clone());
            let (options, sender) = (options.clone(), sender.clone());
            threads.spawn_blocking(move || read(&layout, &source, &options, place, &sender));
        }
        Self {
            layout: layout.clone(),
            containers: sources.iter().map(|source| source.container.clone()).collect(),
            receiver,
            ready: VecDeque::new(),
            alive: vec![true; sources.len()],
            _threads: threads,
        }
    }

    /// What comes next, and from which place; `None` when no container is left. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<(usize, Heard)> {
        if self.ready.is_empty() {
            self.fill().await;
        }
        let (place, heard) = self.ready.pop_front()?;
        self.alive[place] = matches!(heard, Heard::Line(_));
        Some((place, heard))
    }

    /// Waits for somebody to say something, as long as anybody might.
    async fn first(&mut self) -> Option<(usize, Heard)> {
        loop {
            if self.alive.contains(&true) {
                return self.receiver.recv().await;
            }
            if let Ok(heard) = timeout_at(Instant::now() + AFTERLIFE, self.receiver.recv()).await {
                return heard;
            }
            for (alive, name) in self.alive.iter_mut().zip(&self.containers) {
                *alive = is_alive(&self.layout, name);
            }
            if !self.alive.contains(&true) {
                return None;
            }
        }
    }

    async fn fill(&mut self) {
        let first = self.first().await;
        self.ready.extend(first);
        let until = Instant::now() + WINDOW;
        while !self.ready.is_empty()
            && self.ready.len() < CAPACITY
            && let Ok(Some(heard)) = timeout_at(until, self.receiver.recv()).await
        {
            self.ready.push_back(heard);
        }
        let now = SystemTime::now();
        self.ready.make_contiguous().sort_by_key(|(_, heard)| match heard {
            Heard::Line(line) => line.time.min(now),
            Heard::Ended(_) | Heard::Gone | Heard::Failed(_) => now,
        });
    }
}

fn is_alive(layout: &Layout, name: &ContainerName) -> bool {
    let Some(id) = container::by_name(layout, name) else { return false };
    container::status(layout, &id).is_ok_and(|record| match record.status {
        Status::Running { .. } | Status::Paused { .. } | Status::Restarting { .. } => true,
        Status::Created | Status::Exited { .. } => false,
    })
}

fn read(
    layout: &Layout,
    source: &Source,
    options: &LogOptions,
    place: usize,
    sender: &Sender<(usize, Heard)>,
) {
    let heard = match LogReader::open(layout, &source.container, options) {
        Ok(mut reader) => loop {
            match reader.next() {
                Ok(Some(entry)) => {
                    let heard = match entry {
                        LogEntry::Line(line) => Heard::Line(line),
                        LogEntry::Ended { exit_code } => Heard::Ended(exit_code),
                    };
                    if sender.blocking_send((place, heard)).is_err() {
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
    let _ = sender.blocking_send((place, heard));
}
