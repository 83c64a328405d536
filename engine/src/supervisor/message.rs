//! What a supervisor can be asked, and what it answers: one JSON text per message, descriptors beside it.
//!
//! ```text
//! client                                   supervisor
//!   Stop { grace } ─────────────────────────> … ends, cleans up
//!                  <──────────────────────── Done
//!   Exec { … } + stdin, stdout, stderr ─────> runtime::exec
//!                  <──────────────────────── Started (+ the terminal's master)
//!                  <──────────────────────── Exited { exit_code }
//!   Attach + pipes for its output ──────────>
//!                  <──────────────────────── Attached (+ the container's input)
//!                  <──────────────────────── Ended { exit_code }
//!   Watch ──────────────────────────────────>
//!                  <──────────────────────── Status, now and at each change, until it ends
//! ```
//! The socket is of type `SOCK_SEQPACKET`: a message arrives whole or not at all.

use super::failure::Failure;
use crate::container::exec::ExecSpec;
use crate::state::container::StatusRecord;
use crate::sys;
use engine_spec::{EndpointSpec, NetworkName, PublishedPort, Resources};
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, bind, connect, listen,
    sendmsg, socket, socketpair,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

const SOCKET: &str = "control.sock";
/// Room for a status or a long command line. The kernel's own limit is about 200 KiB.
const LONGEST: usize = 128 << 10;

/// What a supervisor can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Stop the container for good; answered by [`Answer::Done`] when nothing is left of it.
    Stop {
        /// Time between the stop signal and SIGKILL; `None` is the container's own.
        grace: Option<Duration>,
        /// The stop signal's number; `None` is the container's own.
        signal: Option<i32>,
    },
    /// Send a signal to its first process.
    Kill {
        /// The signal's number.
        signal: i32,
    },
    /// Freeze it.
    Pause,
    /// Let it go on.
    Unpause,
    /// Change the limits of its control group to these.
    Update {
        /// All of them, those that stay too.
        resources: Box<Resources>,
    },
    /// Read the record again, which has changed.
    Reload,
    /// Connect it to one network more.
    Connect(Box<EndpointSpec>),
    /// Take it out of a network.
    Disconnect {
        /// Which.
        network: NetworkName,
    },
    /// Let others of its port group have new connections, or take them again.
    Drain {
        /// Which of the two.
        is_draining: bool,
    },
    /// Count the connections that came by a published port; answered by [`Answer::Flows`].
    Flows,
    /// Report each change of its status.
    Watch,
    /// Connect the caller to its streams; two pipes for its output come beside it. Also the first
    /// message to a new supervisor, whose container is then started connected.
    Attach {
        /// Rows and columns of the caller's terminal.
        window: Option<(u16, u16)>,
    },
    /// Run a process in it.
    Exec(ExecSpec),
}

/// What a supervisor answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// It is done.
    Done,
    /// It could not be done.
    Failed(Failure),
    /// The container runs; what a new supervisor tells the one who made it.
    Running {
        /// Its ports.
        ports: Vec<PublishedPort>,
    },
    /// So many connections are open.
    Flows {
        /// How many.
        count: usize,
    },
    /// What it does now.
    Status(Box<StatusRecord>),
    /// The caller is connected; where the container takes input, its terminal or pipe comes beside it.
    Attached,
    /// The run that the caller is connected to has ended, and all it wrote is written.
    Ended {
        /// Its exit code, 128 plus the signal if one ended it, or `None` where nobody could see it.
        exit_code: Option<i32>,
    },
    /// The process runs.
    Started,
    /// The process, or the command of a build step, has ended.
    Exited {
        /// Its exit code, 128 plus the signal if one ended it.
        exit_code: i32,
    },
}

/// Two connected sockets, one for a child.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

/// Listens for requests in a container's run folder.
pub(crate) fn serve(folder: &Path) -> io::Result<UnixListener> {
    serve_at(folder, SOCKET)
}

/// Listens as `name` in a folder.
pub(super) fn serve_at(folder: &Path, name: &str) -> io::Result<UnixListener> {
    match fs::remove_file(folder.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = new_socket(SockFlag::SOCK_NONBLOCK)?;
    let directory = File::open(folder)?;
    bind(listener.as_raw_fd(), &address(&directory, name)?)?;
    listen(&listener, Backlog::new(16)?)?;
    Ok(UnixListener::from(listener))
}

/// Connects to the supervisor that listens in a container's run folder.
pub(crate) fn call(folder: &Path) -> io::Result<OwnedFd> {
    call_at(folder, SOCKET)
}

/// Connects to who listens as `name` in a folder.
pub(super) fn call_at(folder: &Path, name: &str) -> io::Result<OwnedFd> {
    let caller = new_socket(SockFlag::empty())?;
    let directory = File::open(folder)?;
    connect(caller.as_raw_fd(), &address(&directory, name)?)?;
    Ok(caller)
}

fn new_socket(flags: SockFlag) -> io::Result<OwnedFd> {
    Ok(socket(AddressFamily::Unix, SockType::SeqPacket, flags | SockFlag::SOCK_CLOEXEC, None)?)
}

/// A socket's path may have 108 bytes only (unix(7)), so its folder is named by descriptor.
fn address(directory: &File, name: &str) -> io::Result<UnixAddr> {
    Ok(UnixAddr::new(format!("/proc/self/fd/{}/{name}", directory.as_raw_fd()).as_str())?)
}

/// Sends one message with descriptors beside it.
pub(crate) fn send<M: Serialize>(
    socket: impl AsFd,
    message: &M,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    let slices = [IoSlice::new(&text)];
    sendmsg::<UnixAddr>(socket.as_fd().as_raw_fd(), &slices, control, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// Waits for one message and what descriptors came with it; `None` where the other side has closed.
pub(crate) fn receive<M: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<(M, Vec<OwnedFd>)>> {
    receive_with(socket, MsgFlags::empty())
}

/// The same for a message that is there already; `WouldBlock` where there is none.
pub(super) fn receive_now<M: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<(M, Vec<OwnedFd>)>> {
    receive_with(socket, MsgFlags::MSG_DONTWAIT)
}

fn receive_with<M: DeserializeOwned>(
    socket: impl AsFd,
    flags: MsgFlags,
) -> io::Result<Option<(M, Vec<OwnedFd>)>> {
    let mut buffer = vec![0; LONGEST];
    let (length, descriptors) = match sys::receive_message(socket.as_fd(), &mut buffer, flags) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        received => received?,
    };
    match buffer.get(..length) {
        None | Some([]) => Ok(None),
        Some(text) => Ok(Some((serde_json::from_slice(text)?, descriptors))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_with_its_descriptor() {
        let (ours, theirs) = pair().expect("connected");
        let null = File::open("/dev/null").expect("opened");
        let request = Request::Stop { grace: Some(Duration::from_millis(1500)), signal: None };
        send(&ours, &request, &[null.as_fd()]).expect("sent");
        let (received, descriptors) = receive::<Request>(&theirs).expect("received").expect("open");
        assert_eq!((received, descriptors.len()), (request, 1));
        drop(ours);
        assert!(receive::<Request>(&theirs).expect("received").is_none());
    }

    #[test]
    fn a_socket_in_a_deep_folder_is_reached() {
        let root = std::env::temp_dir().join(format!("lighter-control-{}", std::process::id()));
        let folder = root.join("x".repeat(200));
        fs::create_dir_all(&folder).expect("created");
        let listener = serve(&folder).expect("listening");
        call(&folder).expect("connected");
        drop(listener);
        assert_eq!(call(&folder).expect_err("nobody listens").kind(), io::ErrorKind::ConnectionRefused);
        fs::remove_dir_all(root).expect("removed");
    }
}
