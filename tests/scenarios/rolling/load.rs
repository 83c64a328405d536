//! Clients that ask a server for pages all the time and never ask twice.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// An answer that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time between two requests on a connection that is kept.
const THINKING_TIME: Duration = Duration::from_millis(100);
/// How many clients share the rate of new connections, so that a slow answer does not hold up the rest.
const CALLERS: u32 = 16;

/// What the clients have seen.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    pub(super) answers: usize,
    pub(super) failures: Vec<String>,
    pub(super) versions: BTreeSet<String>,
}

impl Seen {
    #[track_caller]
    pub(super) fn assert_none_failed(&self) {
        let Self { answers, failures, .. } = self;
        assert!(failures.is_empty(), "{} failed, {answers} were answered: {failures:#?}", failures.len());
    }
}

/// Clients at work until they are told to stop.
pub(super) struct Load {
    seen: Arc<Mutex<Seen>>,
    is_over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// On loopback's `port`: `rate` new connections a second, and `kept` connections with many requests each.
    pub(super) fn start(port: u16, rate: u32, kept: usize) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut load = Self { seen: Arc::default(), is_over: Arc::default(), clients: Vec::new() };
        for _ in 0..CALLERS {
            load.client(move |seen, is_over| {
                call(address, CALLERS * Duration::from_secs(1) / rate, seen, is_over)
            });
        }
        for _ in 0..kept {
            load.client(move |seen, is_over| converse(address, seen, is_over));
        }
        load
    }

    fn client(&mut self, work: impl FnOnce(&Mutex<Seen>, &AtomicBool) + Send + 'static) {
        let (seen, is_over) = (Arc::clone(&self.seen), Arc::clone(&self.is_over));
        self.clients.push(std::thread::spawn(move || work(&seen, &is_over)));
    }

    /// How many answers have come until now.
    pub(super) fn answers(&self) -> usize {
        lock(&self.seen).answers
    }

    /// Ends the clients.
    pub(super) fn stop(mut self) -> Seen {
        self.is_over.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            client.join().expect("a client does not panic");
        }
        lock(&self.seen).clone()
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection per request, at a steady rate.
fn call(address: SocketAddr, pause: Duration, seen: &Mutex<Seen>, is_over: &AtomicBool) {
    let mut next = Instant::now();
    while !is_over.load(Ordering::Relaxed) {
        let answer = Connection::open(address).and_then(|mut connection| connection.ask("close"));
        note(seen, "a new connection", answer);
        next = (next + pause).max(Instant::now() - pause);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// Many requests on one connection; a new one only where the server has said that it closes this one.
fn converse(address: SocketAddr, seen: &Mutex<Seen>, is_over: &AtomicBool) {
    let mut connection = None;
    while !is_over.load(Ordering::Relaxed) {
        let current = connection.take().map_or_else(|| Connection::open(address), Ok);
        let answer = current.and_then(|mut current| {
            let answer = current.ask("keep-alive")?;
            connection = (!answer.is_last).then_some(current);
            Ok(answer)
        });
        note(seen, "a kept connection", answer);
        std::thread::sleep(THINKING_TIME);
    }
}

fn note(seen: &Mutex<Seen>, client: &str, answer: io::Result<Answer>) {
    let mut seen = lock(seen);
    match answer {
        Ok(answer) => {
            seen.answers += 1;
            seen.versions.insert(answer.body);
        }
        Err(error) => seen.failures.push(format!("{client}: {error}")),
    }
}

struct Answer {
    body: String,
    /// Whether the server closes the connection after it.
    is_last: bool,
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    fn ask(&mut self, connection: &str) -> io::Result<Answer> {
        write!(self.0.get_mut(), "GET / HTTP/1.1\r\nHost: test\r\nConnection: {connection}\r\n\r\n")?;
        let (mut length, mut is_last, mut line) = (0, false, String::new());
        loop {
            line.clear();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().map_err(io::Error::other)?,
                Some(("Connection", value)) => is_last = value == "close",
                _ if line == "\r\n" => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(Answer { body: String::from_utf8_lossy(&body).into_owned(), is_last })
    }
}
