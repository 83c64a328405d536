//! Hears what a process writes, line by line, until it has ended.
//!
//! A process that leaves another behind ends while its pipes stay open, so their end cannot be waited
//! for: a third pipe tells it. What was written until then is heard to the last byte.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{pipe2, read};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How many lines of a complaint are kept.
const KEPT_LINES: usize = 10;
/// What one read takes at most; the capacity of a pipe (pipe(7)).
const CHUNK_BYTES: usize = 64 << 10;

/// The reading ends.
pub(super) struct Listener {
    stdout: OwnedFd,
    stderr: OwnedFd,
    ended: OwnedFd,
}

/// The writing ends; dropping them tells the listener that the process has ended.
pub(super) struct Pens {
    stdout: OwnedFd,
    stderr: OwnedFd,
    _ended: OwnedFd,
}

impl Pens {
    pub(super) fn stdout(&self) -> BorrowedFd<'_> {
        self.stdout.as_fd()
    }

    pub(super) fn stderr(&self) -> BorrowedFd<'_> {
        self.stderr.as_fd()
    }
}

impl Listener {
    /// Reading is never waited for in `read`, and a writer keeps the ordinary, blocking kind of pipe.
    pub(super) fn new() -> io::Result<(Self, Pens)> {
        let pipe = || {
            let (reading, writing) = pipe2(OFlag::O_CLOEXEC)?;
            nix::fcntl::fcntl(&reading, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            Ok::<_, Errno>((reading, writing))
        };
        let ((stdout, to_stdout), (stderr, to_stderr), (ended, to_ended)) = (pipe()?, pipe()?, pipe()?);
        let pens = Pens { stdout: to_stdout, stderr: to_stderr, _ended: to_ended };
        Ok((Self { stdout, stderr, ended }, pens))
    }

    /// Passes every line on, and returns the last ones of standard error.
    pub(super) fn listen(self, heard: &dyn Fn(&str)) -> io::Result<String> {
        let (mut output, mut complaint) = (Lines::default(), Lines::default());
        let mut kept = VecDeque::with_capacity(KEPT_LINES);
        let mut complain = |line: &str| {
            heard(line);
            kept.truncate(KEPT_LINES - 1);
            kept.push_front(line.to_owned());
        };
        loop {
            let has_ended = self.wait()?;
            output.read(&self.stdout, heard)?;
            complaint.read(&self.stderr, &mut complain)?;
            if has_ended {
                break;
            }
        }
        output.end(heard);
        complaint.end(&mut complain);
        Ok(kept.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }

    /// Waits until there is something to read; says whether the process has ended.
    fn wait(&self) -> io::Result<bool> {
        let mut polled = [&self.ended, &self.stdout, &self.stderr]
            .map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
        match poll(&mut polled, PollTimeout::NONE) {
            Ok(_) => Ok(polled[0].any() == Some(true)),
            Err(Errno::EINTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What was written since the last end of a line.
#[derive(Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes all that can be read now.
    fn read(&mut self, pipe: &OwnedFd, mut heard: impl FnMut(&str)) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match read(pipe, &mut chunk) {
                Ok(0) | Err(Errno::EAGAIN) => return Ok(()),
                Ok(length) => self.take(&chunk[..length], &mut heard),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take(&mut self, bytes: &[u8], heard: &mut impl FnMut(&str)) {
        self.begun.extend_from_slice(bytes);
        while let Some(length) = self.begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=length).collect();
            heard(String::from_utf8_lossy(&line[..length]).trim_end_matches('\r'));
        }
    }

    fn end(&mut self, mut heard: impl FnMut(&str)) {
        if !self.begun.is_empty() {
            heard(&String::from_utf8_lossy(&std::mem::take(&mut self.begun)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::write;
    use std::sync::Mutex;

    /// What is heard of a process that writes `stdout` and `stderr`, and what is kept.
    fn heard_of(stdout: &str, stderr: &str) -> (Vec<String>, String) {
        let (listener, pens) = Listener::new().expect("pipes can be made");
        let lines = Mutex::new(Vec::new());
        let kept = std::thread::scope(|scope| {
            let listening = scope.spawn(|| {
                listener.listen(&|line: &str| lines.lock().expect("held for a line").push(line.to_owned()))
            });
            for (pen, text) in [(pens.stdout(), stdout), (pens.stderr(), stderr)] {
                write(pen, text.as_bytes()).expect("a pipe takes it");
            }
            drop(pens);
            listening.join().expect("no panic")
        });
        (lines.into_inner().expect("no panic"), kept.expect("pipes can be read"))
    }

    #[test]
    fn lines_are_heard_without_their_ends_and_the_last_needs_none() {
        assert_eq!(heard_of("one\r\ntwo\n\nthree", "").0, ["one", "two", "", "three"]);
    }

    #[test]
    fn last_ten_lines_of_the_complaint_are_kept_in_order() {
        let complaint: String = (1..=12).map(|number| format!("{number}\n")).collect();
        assert_eq!(heard_of("", &complaint).1, "3\n4\n5\n6\n7\n8\n9\n10\n11\n12");
    }

    #[test]
    fn a_pipe_that_stays_open_does_not_keep_the_listener() {
        let (listener, pens) = Listener::new().expect("pipes can be made");
        let left_behind = pens.stdout.try_clone().expect("a descriptor can be copied");
        drop(pens);
        assert_eq!(listener.listen(&|_| ()).expect("pipes can be read"), "");
        drop(left_behind);
    }
}
