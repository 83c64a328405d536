//! Asks a server for one page.

use crate::wait::eventually;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3);

/// The body of `http://<address>/` if the server says 200.
#[must_use]
pub fn get(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET / HTTP/1.0\r\nHost: test\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    (head.split(' ').nth(1) == Some("200")).then(|| body.to_owned())
}

/// The page that loopback's `port` answers with, as soon as it does.
///
/// # Panics
/// If there is no answer.
#[must_use]
#[track_caller]
pub fn page(port: u16) -> String {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let answer = eventually(|| get(address));
    answer.unwrap_or_else(|| panic!("no page from {address}"))
}
