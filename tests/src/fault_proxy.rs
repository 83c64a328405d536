//! A proxy in front of a registry that makes it fail in ways a real one does now and then.
//!
//! Each connection carries one request: its head is read, a fault chosen by it, the request passed on,
//! and the answer sent back as the fault has it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// While a registry is being started anew, requests wait this long for it.
const UPSTREAM_PATIENCE: Duration = Duration::from_secs(20);
const PIECE: usize = 16 << 10;

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Another answer: `429 Too Many Requests`, and header lines.
    Answer(&'static str, &'static [&'static str]),
    /// The body's first byte is another one.
    Corrupt,
    /// Only half of the body comes, and the length says so.
    Truncate,
    /// The connection ends after so many bytes of the body.
    BreakAfter(usize),
    /// Each piece of the body waits so long.
    Slow(Duration),
    /// No answer, however long the client waits.
    Silent,
    /// The connection ends after so many bytes of what the client sends.
    BreakUploadAfter(u64),
}

/// A fault, for which requests, and how often.
#[derive(Debug)]
struct Plan {
    method: String,
    path: String,
    fault: Fault,
    left: u32,
}

/// A proxy that runs until the test's process ends.
#[derive(Debug, Clone)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    plans: Mutex<Vec<Plan>>,
    requests: Mutex<Vec<String>>,
    body_bytes: Mutex<usize>,
    /// How often all connections were cut.
    cuts: AtomicU32,
}

impl FaultProxy {
    /// Starts one in front of `upstream`.
    ///
    /// # Panics
    /// If no port is free.
    #[must_use]
    pub fn new(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            upstream,
            plans: Mutex::default(),
            requests: Mutex::default(),
            body_bytes: Mutex::default(),
            cuts: AtomicU32::new(0),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                // A client that goes away in the middle is no news.
                thread::spawn(move || drop(shared.serve(stream)));
            }
        });
        Self { address, shared }
    }

    /// `127.0.0.1:5001`
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has the next `times` answers to GET requests with `path` in theirs go wrong.
    pub fn plan(&self, path: &str, times: u32, fault: Fault) {
        self.plan_for("GET", path, times, fault);
    }

    /// The same for requests of another kind.
    pub fn plan_for(&self, method: &str, path: &str, times: u32, fault: Fault) {
        let (method, path) = (format!("{method} "), path.to_owned());
        let plan = Plan { method, path, fault, left: times };
        self.shared.plans.lock().unwrap_or_else(PoisonError::into_inner).push(plan);
    }

    /// Ends all connections where they are, with what still lies in buffers of a server that was killed.
    pub fn cut_connections(&self) {
        self.shared.cuts.fetch_add(1, Ordering::SeqCst);
    }

    /// Has nothing go wrong any more.
    pub fn heal(&self) {
        self.shared.plans.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The first lines of all requests so far, with their ranges.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether any request had credentials.
    #[must_use]
    pub fn was_shown_a_login(&self) -> bool {
        self.requests().iter().any(|line| line.ends_with(" [authorization]"))
    }

    /// How many bytes of bodies it has passed on.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        *self.shared.body_bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn serve(&self, client: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let head = read_head(&mut reader)?;
        let line = head.lines().next().unwrap_or_default().to_owned();
        let range = head.lines().find(|line| line.to_ascii_lowercase().starts_with("range:"));
        let is_login = head.to_ascii_lowercase().contains("\r\nauthorization:");
        let login = if is_login { " [authorization]" } else { "" };
        let noted = range.map_or_else(|| line.clone(), |range| format!("{line} {range}")) + login;
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(noted);
        let fault = self.fault(&line);
        if let Some(Fault::Answer(status, headers)) = &fault {
            let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
            return write!(
                &client,
                "HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        if let Some(Fault::Silent) = fault {
            // Until the client hangs up.
            return std::io::copy(&mut reader, &mut std::io::sink()).map(drop);
        }
        let mut upstream = self.connect()?;
        upstream.write_all(closing(&head).as_bytes())?;
        if let Some(Fault::BreakUploadAfter(end)) = fault {
            std::io::copy(&mut reader.take(end), &mut upstream)?;
            upstream.shutdown(Shutdown::Write)?;
            // The server has taken in what came when it hangs up too.
            std::io::copy(&mut upstream, &mut std::io::sink())?;
            return client.shutdown(Shutdown::Both);
        }
        let sending = (upstream.try_clone()?, length(&head));
        thread::scope(|scope| {
            scope.spawn(move || std::io::copy(&mut reader.take(sending.1), &mut &sending.0));
            self.answer(BufReader::new(&upstream), &client, fault)
        })?;
        client.shutdown(Shutdown::Both)
    }

    fn fault(&self, line: &str) -> Option<Fault> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            |plan: &&mut Plan| plan.left > 0 && line.starts_with(&plan.method) && line.contains(&plan.path);
        let plan = plans.iter_mut().find(fits)?;
        plan.left -= 1;
        Some(plan.fault.clone())
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let deadline = Instant::now() + UPSTREAM_PATIENCE;
        loop {
            match TcpStream::connect(self.upstream) {
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
                result => return result,
            }
        }
    }

    fn answer(
        &self,
        mut upstream: impl BufRead,
        mut client: &TcpStream,
        fault: Option<Fault>,
    ) -> std::io::Result<()> {
        let head = read_head(&mut upstream)?;
        let size = usize::try_from(length(&head)).unwrap_or(usize::MAX);
        let sent = match fault {
            Some(Fault::Truncate) => size / 2,
            _ => size,
        };
        client
            .write_all(head.replace(&format!("ength: {size}\r"), &format!("ength: {sent}\r")).as_bytes())?;
        let end = if let Some(Fault::BreakAfter(end)) = fault { end.min(sent) } else { sent };
        let mut buffer = vec![0; PIECE];
        let mut done = 0;
        let cuts = self.cuts.load(Ordering::SeqCst);
        while done < end && self.cuts.load(Ordering::SeqCst) == cuts {
            let wanted = PIECE.min(end - done);
            let count = upstream.read(&mut buffer[..wanted])?;
            if count == 0 {
                break;
            }
            if done == 0 && matches!(fault, Some(Fault::Corrupt)) {
                buffer[0] ^= 0x55;
            }
            client.write_all(&buffer[..count])?;
            done += count;
            *self.body_bytes.lock().unwrap_or_else(PoisonError::into_inner) += count;
            if let Some(Fault::Slow(pause)) = fault {
                thread::sleep(pause);
            }
        }
        Ok(())
    }
}

fn read_head(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// The head of a request after which the connection is closed.
fn closing(head: &str) -> String {
    let lines = head.trim_end().lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let kept: String = lines.map(|line| format!("{line}\r\n")).collect();
    format!("{kept}Connection: close\r\n\r\n")
}

fn length(head: &str) -> u64 {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-length:"));
    line.and_then(|line| line.split_once(':')?.1.trim().parse().ok()).unwrap_or(0)
}
