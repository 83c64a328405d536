//! Asks a server on this machine for one page.

use anyhow::{Context as _, Result};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(5);

/// An answer: its head and its body.
#[derive(Debug)]
pub(crate) struct Page {
    /// The status line and the header fields.
    pub(crate) head: String,
    /// What follows them.
    pub(crate) body: String,
}

impl Page {
    /// Whether the server said 200.
    pub(crate) fn is_ok(&self) -> bool {
        self.head.split(' ').nth(1) == Some("200")
    }
}

/// Gets `path` from the server at `address`.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<Page> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no end of header")?;
    Ok(Page { head: head.to_owned(), body: body.to_owned() })
}

/// Gets `path` from the server at `address`, trying again until it says 200 or `patience` runs out.
pub(crate) fn get_within(address: SocketAddr, path: &str, patience: Duration) -> Result<Page> {
    let deadline = Instant::now() + patience;
    loop {
        match get(address, path) {
            Ok(page) if page.is_ok() => return Ok(page),
            answer if Instant::now() > deadline => {
                return answer.with_context(|| format!("no answer from http://{address}{path}"));
            }
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
