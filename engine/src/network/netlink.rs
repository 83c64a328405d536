//! A synchronous netlink socket: many messages in one send, then their acknowledgements.
//!
//! `rtnetlink` is asynchronous and sends one message at a time; building a container's network is
//! a handful of messages that belong together, so only its message builders are used here.

use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::sys::{Socket as RawSocket, SocketAddr, protocols};
use std::borrow::Cow;
use std::io;

const HEADER_BYTES: usize = 16;
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// The kernel fills at most this much per datagram of a dump (`netlink_dump`, af_netlink.c).
const RECEIVE_BYTES: usize = 64 * 1024;
/// The kernel's own address: port 0, no group.
const KERNEL: (u32, u32) = (0, 0);

/// The kernel could not be asked, or it refused.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    /// There is no socket to ask through.
    #[error("cannot open a netlink socket")]
    Open(#[source] io::Error),
    /// Sending or receiving failed.
    #[error("cannot talk to the kernel over netlink")]
    Transport(#[source] io::Error),
    /// The kernel refused one step.
    #[error("the kernel refused to {step}")]
    Refused {
        /// What it was asked to do.
        step: String,
        /// Its reason.
        #[source]
        source: io::Error,
    },
    /// An answer is shorter than its header says.
    #[error("the kernel's netlink answer is damaged")]
    Damaged,
}

impl NetlinkError {
    /// The kernel's error number, if it refused.
    pub(super) fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused { source, .. } => source.raw_os_error(),
            Self::Open(_) | Self::Transport(_) | Self::Damaged => None,
        }
    }
}

/// Messages to be sent together, each with the words for an error.
#[derive(Debug, Default)]
pub(super) struct Batch {
    buffer: Vec<u8>,
    steps: Vec<Cow<'static, str>>,
}

impl Batch {
    /// Adds a message that is to be acknowledged. `flags` besides REQUEST and ACK.
    pub(super) fn push(&mut self, kind: u16, flags: u16, payload: &[u8], step: impl Into<Cow<'static, str>>) {
        self.push_raw(kind, flags | NLM_F_ACK, payload, step.into());
    }

    /// Adds a message that is answered only if it fails.
    pub(super) fn push_silent(&mut self, kind: u16, flags: u16, payload: &[u8], step: &'static str) {
        self.push_raw(kind, flags, payload, step.into());
    }

    fn push_raw(&mut self, kind: u16, flags: u16, payload: &[u8], step: Cow<'static, str>) {
        let length = u32::try_from(HEADER_BYTES + payload.len()).expect("a message is far below 4 GiB");
        let sequence = u32::try_from(self.steps.len()).expect("a batch is far below 4 G messages");
        self.buffer.extend(length.to_ne_bytes());
        self.buffer.extend(kind.to_ne_bytes());
        self.buffer.extend((flags | NLM_F_REQUEST).to_ne_bytes());
        self.buffer.extend(sequence.to_ne_bytes());
        self.buffer.extend([0; 4]);
        self.buffer.extend(payload);
        self.buffer.resize(self.buffer.len().next_multiple_of(4), 0);
        self.steps.push(step);
    }

    /// Adds a message of rtnetlink.
    pub(super) fn push_route(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
        step: impl Into<Cow<'static, str>>,
    ) {
        let (kind, payload) = route_payload(message);
        self.push(kind, flags, &payload, step);
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// Message type and body of an rtnetlink message.
fn route_payload(message: RouteNetlinkMessage) -> (u16, Vec<u8>) {
    let mut framed = NetlinkMessage::new(Default::default(), NetlinkPayload::from(message));
    framed.finalize();
    let mut bytes = vec![0; framed.buffer_len()];
    framed.serialize(&mut bytes);
    (framed.header.message_type, bytes.split_off(HEADER_BYTES))
}

/// A connection to the kernel; belongs to the network namespace it was opened in.
#[derive(Debug)]
pub(super) struct Socket {
    socket: RawSocket,
    received: Vec<u8>,
}

impl Socket {
    /// For links, addresses and routes.
    pub(super) fn route() -> Result<Self, NetlinkError> {
        Self::open(protocols::NETLINK_ROUTE)
    }

    /// For nf_tables.
    pub(super) fn netfilter() -> Result<Self, NetlinkError> {
        Self::open(protocols::NETLINK_NETFILTER)
    }

    fn open(protocol: isize) -> Result<Self, NetlinkError> {
        let mut socket = RawSocket::new(protocol).map_err(NetlinkError::Open)?;
        socket.bind_auto().map_err(NetlinkError::Open)?;
        Ok(Self { socket, received: Vec::with_capacity(RECEIVE_BYTES) })
    }

    /// Sends messages of which each stands for itself; the first error is returned, later ones are dropped.
    pub(super) fn send(&mut self, batch: &Batch) -> Result<(), NetlinkError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.write(&batch.buffer)?;
        self.acknowledgements(batch, batch.steps.len() - 1, false)
    }

    /// Sends an all-or-nothing batch: begin and end messages around messages of which the last
    /// alone asks for an acknowledgement.
    ///
    /// The end message itself is acknowledged only since Linux 6.10.
    pub(super) fn send_transaction(&mut self, batch: &Batch) -> Result<(), NetlinkError> {
        self.write(&batch.buffer)?;
        self.acknowledgements(batch, batch.steps.len().saturating_sub(2), true)
    }

    /// Asks for one object; `None` if there is none.
    pub(super) fn query(
        &mut self,
        kind: u16,
        payload: &[u8],
        step: &'static str,
    ) -> Result<Option<Vec<u8>>, NetlinkError> {
        let mut found = None;
        let mut question = Batch::default();
        question.push(kind, 0, payload, step);
        match self.ask(&question, step, |body| found = Some(body.to_vec())) {
            Ok(()) => Ok(found),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks for all objects of a kind.
    pub(super) fn dump(
        &mut self,
        kind: u16,
        payload: &[u8],
        step: &'static str,
        each: impl FnMut(&[u8]),
    ) -> Result<(), NetlinkError> {
        let mut question = Batch::default();
        question.push_silent(kind, NLM_F_DUMP, payload, step);
        self.ask(&question, step, each)
    }

    /// Asks for all objects of a kind of rtnetlink.
    pub(super) fn dump_route(
        &mut self,
        message: RouteNetlinkMessage,
        step: &'static str,
        each: impl FnMut(&[u8]),
    ) -> Result<(), NetlinkError> {
        let (kind, payload) = route_payload(message);
        self.dump(kind, &payload, step, each)
    }

    fn ask(&mut self, question: &Batch, step: &str, mut each: impl FnMut(&[u8])) -> Result<(), NetlinkError> {
        self.write(&question.buffer)?;
        loop {
            self.receive()?;
            for message in Messages(&self.received) {
                let message = message?;
                match message.kind {
                    DONE => return Ok(()),
                    ERROR => return refusal(message.body, step).map_or(Ok(()), Err),
                    _ => each(message.body),
                }
            }
        }
    }

    /// Reads until message `last` is acknowledged. A transaction that is refused as a whole
    /// answers for its first message only.
    fn acknowledgements(
        &mut self,
        batch: &Batch,
        last: usize,
        is_transaction: bool,
    ) -> Result<(), NetlinkError> {
        let mut first_error = None;
        loop {
            self.receive()?;
            for message in Messages(&self.received) {
                let message = message?;
                let sequence = message.sequence as usize;
                let Some(step) = batch.steps.get(sequence).filter(|_| message.kind == ERROR) else {
                    continue;
                };
                let error = refusal(message.body, step);
                let is_over = sequence == last || (is_transaction && sequence == 0 && error.is_some());
                first_error = first_error.or(error);
                if is_over {
                    return first_error.map_or(Ok(()), Err);
                }
            }
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<(), NetlinkError> {
        let kernel = SocketAddr::new(KERNEL.0, KERNEL.1);
        self.socket.send_to(bytes, &kernel, 0).map(drop).map_err(NetlinkError::Transport)
    }

    fn receive(&mut self) -> Result<(), NetlinkError> {
        loop {
            self.received.clear();
            match self.socket.recv(&mut self.received, 0) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NetlinkError::Transport(error)),
            }
        }
    }
}

/// Whether an error says that the object asked for is not there.
pub(super) fn is_absent(error: &NetlinkError) -> bool {
    matches!(error.errno(), Some(libc::ENOENT | libc::ENODEV))
}

/// The error in the body of an error message; `None` in an acknowledgement.
fn refusal(body: &[u8], step: &str) -> Option<NetlinkError> {
    let Some(code) = body.first_chunk().copied().map(i32::from_ne_bytes) else {
        return Some(NetlinkError::Damaged);
    };
    (code != 0).then(|| NetlinkError::Refused {
        step: step.to_owned(),
        source: io::Error::from_raw_os_error(code.wrapping_neg()),
    })
}

struct Message<'a> {
    kind: u16,
    sequence: u32,
    body: &'a [u8],
}

/// The messages of one datagram.
struct Messages<'a>(&'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, NetlinkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let message = split_message(self.0);
        self.0 = message.as_ref().map_or(&[], |(_, rest)| rest);
        Some(message.map(|(message, _)| message).ok_or(NetlinkError::Damaged))
    }
}

fn split_message(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let word = |at: usize| bytes.get(at..at + 4)?.first_chunk().copied().map(u32::from_ne_bytes);
    let length = usize::try_from(word(0)?).ok()?;
    let kind = u16::from_ne_bytes(*bytes.get(4..6)?.first_chunk()?);
    let body = bytes.get(HEADER_BYTES..length)?;
    let rest = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((Message { kind, sequence: word(8)?, body }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_datagram_is_damaged_not_a_panic() {
        for bytes in [&[][..], &[1], &[255; 16], &[0; 16], &[16, 0, 0, 0], &[17, 0, 0, 0, 2, 0, 0, 0]] {
            assert!(Messages(bytes).all(|message| message.is_err()), "{bytes:?}");
        }
    }

    #[test]
    fn messages_of_a_batch_are_read_back() {
        let mut batch = Batch::default();
        batch.push(16, 0, b"abc", "first");
        batch.push_silent(17, 0, b"", "second");
        let read: Vec<_> = Messages(&batch.buffer).map(|message| message.expect("whole")).collect();
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].kind, read[0].sequence, read[0].body), (16, 0, &b"abc"[..]));
        assert_eq!((read[1].kind, read[1].sequence, read[1].body), (17, 1, &b""[..]));
    }
}
