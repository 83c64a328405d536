//! Connections of SCTP between network namespaces. The standard library makes none, but what a socket of the
//! kind that behaves like TCP's can do, its types can do with it.

use crate::namespace::inside;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, connect, listen,
    setsockopt, sockopt,
};
use nix::sys::time::TimeVal;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;
use std::thread::JoinHandle;

/// Seconds a question may take.
const PATIENCE: i64 = 5;

/// A socket that behaves like TCP's.
///
/// # Errors
/// If the kernel has no SCTP.
pub fn socket() -> nix::Result<OwnedFd> {
    nix::sys::socket::socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::Sctp,
    )
}

/// Listens in `namespace` and answers `count` connections with who they are from.
///
/// # Panics
/// If the address is not there.
#[must_use]
pub fn serve(namespace: &Path, address: SocketAddr, count: usize) -> JoinHandle<()> {
    let listener = inside(namespace, move || {
        let listener = socket().expect("require!(Sctp) holds");
        bind(listener.as_raw_fd(), &SockaddrStorage::from(address)).expect("the address is there");
        listen(&listener, Backlog::new(8).expect("small")).expect("it listens");
        TcpListener::from(listener)
    });
    std::thread::spawn(move || {
        for _ in 0..count {
            let (mut stream, peer) = listener.accept().expect("a connection has come");
            stream.write_all(peer.ip().to_string().as_bytes()).expect("answered");
        }
    })
}

/// Connects from `namespace` and returns as whom the server sees it; `None` without an answer.
#[must_use]
pub fn ask(namespace: &Path, address: SocketAddr) -> Option<IpAddr> {
    inside(namespace, move || {
        let socket = socket().ok()?;
        setsockopt(&socket, sockopt::SendTimeout, &TimeVal::new(PATIENCE, 0)).ok()?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::new(PATIENCE, 0)).ok()?;
        connect(socket.as_raw_fd(), &SockaddrStorage::from(address)).ok()?;
        let mut answer = String::new();
        TcpStream::from(socket).read_to_string(&mut answer).ok()?;
        answer.parse().ok()
    })
}
