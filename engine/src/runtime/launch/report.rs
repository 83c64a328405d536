//! What parent and child say to each other over their socket pair, one message at a time.

use crate::sys::receive_message;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, sendmsg, socketpair};
use serde::{Deserialize, Serialize};
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// The child's messages.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::runtime) enum Report {
    /// Everything up to the program is done; the terminal's master is the last descriptor.
    Prepared { has_terminal: bool },
    /// A step failed.
    Failed { step: String, errno: i32 },
    /// The program could not be found or executed.
    NotExecuted { program: String, errno: i32 },
    /// The task inside the namespaces failed; the text is the whole chain of causes.
    Inside(String),
}

/// Longest message; the rest of a chain of causes is cut.
const MESSAGE_MAX: usize = 16 * 1024;

/// The parent's only message, sent once per move: go on.
const GO: [u8; 1] = [b'+'];

/// Both ends; messages keep their boundaries and a closed end reads as the end.
pub(in crate::runtime) fn pair() -> nix::Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
}

/// Opens the gate the child waits at.
pub(in crate::runtime) fn open_gate(socket: BorrowedFd<'_>) -> nix::Result<()> {
    send_message(socket, &GO, &[])
}

/// Waits until the gate opens. False if the parent is gone.
pub(in crate::runtime) fn wait_at_gate(socket: BorrowedFd<'_>) -> bool {
    let mut byte = [0; 1];
    matches!(receive_message(socket, &mut byte, MsgFlags::empty()), Ok((1, _)))
}

pub(in crate::runtime) fn send(
    socket: BorrowedFd<'_>,
    report: &Report,
    descriptors: &[OwnedFd],
) -> nix::Result<()> {
    let text = serde_json::to_vec(report).map_err(|_| Errno::EINVAL)?;
    let descriptors: Vec<_> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    send_message(socket, &text, &descriptors)
}

/// A closed peer is an error, not a signal.
fn send_message(socket: BorrowedFd<'_>, bytes: &[u8], descriptors: &[RawFd]) -> nix::Result<()> {
    let rights = [ControlMessage::ScmRights(descriptors)];
    let control: &[ControlMessage<'_>] = if descriptors.is_empty() { &[] } else { &rights };
    let slices = [IoSlice::new(bytes)];
    sendmsg::<()>(socket.as_raw_fd(), &slices, control, MsgFlags::MSG_NOSIGNAL, None).map(drop)
}

/// The child's next message; `None` at the end.
pub(in crate::runtime) fn receive(socket: BorrowedFd<'_>) -> io::Result<Option<(Report, Vec<OwnedFd>)>> {
    let mut buffer = vec![0; 2 * MESSAGE_MAX];
    match receive_message(socket, &mut buffer, MsgFlags::empty()) {
        Ok((0, _)) => Ok(None),
        Ok((length, descriptors)) => Ok(Some((serde_json::from_slice(&buffer[..length])?, descriptors))),
        // The child was killed with the parent's last message unread.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
        Err(error) => Err(error),
    }
}

impl Report {
    /// An error with all its causes, as one line.
    pub(in crate::runtime) fn inside(error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(Some(error), |error| error.source());
        let mut text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        text.truncate(text.floor_char_boundary(MESSAGE_MAX / 2));
        Self::Inside(text)
    }
}
