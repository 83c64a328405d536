//! Clients that are connected to the container's streams.
//!
//! Each has a pipe per stream, which never waits: what a client does not take yet is kept, and as long as
//! any is kept the container's own pipe is not read. So a client that is slow slows the container down, as
//! a terminal would, and nothing is lost.

use super::message::{self, Answer};
use super::step::Stream;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::write;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// All clients of one container.
#[derive(Debug, Default)]
pub(super) struct Attached {
    clients: Vec<Client>,
}

#[derive(Debug)]
struct Client {
    /// Hears how the container ended.
    socket: OwnedFd,
    stdout: Option<Pipe>,
    stderr: Option<Pipe>,
    /// How the container ended, once it has: told when everything is written.
    ended: Option<Option<i32>>,
    /// Whether it has gone.
    has_left: bool,
}

#[derive(Debug)]
struct Pipe {
    to: OwnedFd,
    pending: Vec<u8>,
}

impl Attached {
    /// Connects a client, which has sent the writing ends of two pipes.
    pub(super) fn add(&mut self, socket: OwnedFd, pipes: Vec<OwnedFd>) -> io::Result<()> {
        let [stdout, stderr]: [OwnedFd; 2] =
            pipes.try_into().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let (stdout, stderr) = (Some(Pipe::new(stdout)?), Some(Pipe::new(stderr)?));
        self.clients.push(Client { socket, stdout, stderr, ended: None, has_left: false });
        Ok(())
    }

    /// Whether something is kept for a client, so that no more may be read.
    pub(super) fn is_behind(&self) -> bool {
        self.clients.iter().any(|client| client.pipes().any(|pipe| !pipe.pending.is_empty()))
    }

    /// Passes on what the container wrote.
    pub(super) fn pass(&mut self, stream: Stream, bytes: &[u8]) {
        for client in &mut self.clients {
            let pipe = match stream {
                Stream::Stdout => &mut client.stdout,
                Stream::Stderr => &mut client.stderr,
            };
            if let Some(open) = pipe {
                open.pending.extend_from_slice(bytes);
                if !open.flush() {
                    *pipe = None;
                }
            }
        }
    }

    /// What to wait for: room in pipes, and clients that leave.
    pub(super) fn descriptors(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let mut descriptors = Vec::new();
        for client in &self.clients {
            descriptors.push((client.socket.as_fd(), PollFlags::POLLIN));
            let waiting = client.pipes().filter(|pipe| !pipe.pending.is_empty());
            descriptors.extend(waiting.map(|pipe| (pipe.to.as_fd(), PollFlags::POLLOUT)));
        }
        descriptors
    }

    /// Writes what there is room for, tells who has everything, and forgets who has gone; returns how
    /// many left before the end.
    pub(super) fn advance(&mut self) -> usize {
        self.clients.iter_mut().for_each(Client::advance);
        let left = self.clients.iter().filter(|client| client.has_left && client.ended.is_none()).count();
        self.clients.retain(|client| !client.has_left);
        left
    }

    /// The container has ended: nothing more will come.
    pub(super) fn end(&mut self, exit_code: Option<i32>) {
        for client in &mut self.clients {
            client.ended.get_or_insert(exit_code);
        }
    }

    /// Waits until every client has everything or has gone.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.advance();
        while !self.clients.is_empty() {
            let descriptors = self.descriptors();
            let mut polled: Vec<_> = descriptors.iter().map(|(fd, flags)| PollFd::new(*fd, *flags)).collect();
            match poll(&mut polled, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            self.advance();
        }
        Ok(())
    }
}

impl Client {
    fn pipes(&self) -> impl Iterator<Item = &Pipe> {
        self.stdout.iter().chain(&self.stderr)
    }

    fn advance(&mut self) {
        for pipe in [&mut self.stdout, &mut self.stderr] {
            if pipe.as_mut().is_some_and(|open| !open.flush()) {
                *pipe = None;
            }
        }
        // Clients say nothing after they are connected, so whatever comes is the end.
        if super::poll::is_readable(self.socket.as_fd()) {
            self.has_left = true;
        } else if let Some(exit_code) = self.ended
            && self.pipes().all(|pipe| pipe.pending.is_empty())
        {
            (self.stdout, self.stderr) = (None, None);
            let _ = message::send(&self.socket, &Answer::Ended { exit_code }, &[]);
            self.has_left = true;
        }
    }
}

impl Pipe {
    fn new(to: OwnedFd) -> io::Result<Self> {
        fcntl(&to, FcntlArg::F_SETFL(OFlag::O_WRONLY | OFlag::O_NONBLOCK))?;
        Ok(Self { to, pending: Vec::new() })
    }

    /// Writes what there is room for; false where nobody reads any more.
    fn flush(&mut self) -> bool {
        while !self.pending.is_empty() {
            match write(&self.to, &self.pending) {
                Ok(length) => drop(self.pending.drain(..length)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return true,
                Err(_) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::pipe;
    use std::fs::File;
    use std::io::Read;

    fn client(attached: &mut Attached) -> (OwnedFd, File) {
        let (ours, theirs) = message::pair().expect("connected");
        let (output, to) = pipe().expect("made");
        let (_, errors) = pipe().expect("made");
        attached.add(theirs, vec![to, errors]).expect("added");
        (ours, output.into())
    }

    #[test]
    fn what_a_client_does_not_take_is_kept_and_told_of_the_end_comes_last() {
        let mut attached = Attached::default();
        let (socket, mut output) = client(&mut attached);
        let written = vec![b'x'; 300_000];
        attached.pass(Stream::Stdout, &written);
        assert!(attached.is_behind(), "a pipe holds less");
        attached.end(Some(7));
        let reader = std::thread::spawn(move || {
            let mut read = Vec::new();
            output.read_to_end(&mut read).map(|_| read)
        });
        attached.finish().expect("finished");
        assert_eq!(reader.join().expect("read").expect("read").len(), written.len());
        let answer = message::receive::<Answer>(&socket).expect("received").expect("told");
        assert_eq!(answer.0, Answer::Ended { exit_code: Some(7) });
    }

    #[test]
    fn who_has_left_holds_nobody_up() {
        let mut attached = Attached::default();
        let (socket, output) = client(&mut attached);
        attached.pass(Stream::Stdout, &vec![b'x'; 300_000]);
        drop((socket, output));
        assert_eq!(attached.advance(), 1);
        assert!(!attached.is_behind());
    }
}
