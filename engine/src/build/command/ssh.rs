//! `RUN --mount=type=ssh`: a socket of the step's own, each of whose connections is passed on to the
//! caller's agent. Keys never come near the build.

use crate::supervisor::step::StepSource;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, PipeReader, PipeWriter};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

/// The socket's name in its folder.
const SOCKET: &str = "agent";

/// An agent cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    /// A step needs one that the caller did not give.
    #[error("no SSH agent `{id}`: give one with `--ssh {id}` or in `build.ssh`, with SSH_AUTH_SOCK set")]
    NotGiven {
        /// Its name.
        id: String,
    },
    /// What was given is no socket.
    #[error("{} is not the socket of an SSH agent: load a key with `ssh-add` and give the agent's socket", path.display())]
    NoSocket {
        /// What was given.
        path: PathBuf,
    },
    /// The socket of the step could not be made.
    #[error("cannot forward the SSH agent at {}", path.display())]
    Forward {
        /// The agent.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Passes connections on until it is dropped.
#[derive(Debug)]
pub(in crate::build) struct Forwarder {
    folder: PathBuf,
    /// Its end ends the thread.
    end: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Listens in the new folder `folder` for connections to `agent`.
    pub(in crate::build) fn start(
        agent: &Path,
        folder: &Path,
        (mode, owner): (u32, (u32, u32)),
    ) -> Result<Self, SshError> {
        let is_socket = fs::metadata(agent).is_ok_and(|metadata| metadata.file_type().is_socket());
        if !is_socket {
            return Err(SshError::NoSocket { path: agent.to_owned() });
        }
        let failed = |source| SshError::Forward { path: agent.to_owned(), source };
        let listener = listen(folder, mode, owner).map_err(failed)?;
        let (ended, end) = io::pipe().map_err(failed)?;
        let path = agent.to_owned();
        let thread = thread::Builder::new().spawn(move || serve(&listener, &path, &ended)).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), end: Some(end), thread: Some(thread) })
    }

    /// The socket as a mount.
    pub(in crate::build) fn source(&self) -> StepSource {
        StepSource::Folder { root: self.folder.clone(), path: SOCKET.into() }
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // Its panic was reported by the panic itself; nothing of the build depends on it.
            let _ = thread.join();
        }
    }
}

/// A path of a socket has at most 107 bytes (unix(7)), so the folder is named by a descriptor.
fn listen(folder: &Path, mode: u32, (uid, gid): (u32, u32)) -> io::Result<UnixListener> {
    DirBuilder::new().mode(0o700).create(folder)?;
    let opened = fs::File::open(folder)?;
    use std::os::fd::AsRawFd;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/{SOCKET}", opened.as_raw_fd()))?;
    listener.set_nonblocking(true)?;
    let path = folder.join(SOCKET);
    chown(&path, Some(uid), Some(gid))?;
    fs::set_permissions(&path, Permissions::from_mode(mode))?;
    Ok(listener)
}

/// Accepts connections until `ended` closes, then closes them all.
fn serve(listener: &UnixListener, agent: &Path, ended: &PipeReader) {
    thread::scope(|scope| {
        let mut connections: Vec<UnixStream> = Vec::new();
        loop {
            let mut polled = [
                PollFd::new(listener.as_fd(), PollFlags::POLLIN),
                PollFd::new(ended.as_fd(), PollFlags::POLLIN),
            ];
            if poll(&mut polled, PollTimeout::NONE).is_err() || polled[1].any().unwrap_or(true) {
                break;
            }
            let Ok((client, _)) = listener.accept() else { continue };
            let Ok(server) = UnixStream::connect(agent) else { continue };
            if client.set_nonblocking(false).is_err() {
                continue;
            }
            connections.extend([client.try_clone(), server.try_clone()].into_iter().flatten());
            if let (Ok(client_half), Ok(server_half)) = (client.try_clone(), server.try_clone()) {
                scope.spawn(move || pass(client, server_half));
                scope.spawn(move || pass(server, client_half));
            }
        }
        for connection in connections {
            let _ = connection.shutdown(Shutdown::Both);
        }
    });
}

/// Passes bytes on to the end, and the end itself.
fn pass(mut from: UnixStream, mut to: UnixStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::scratch::Scratch;
    use std::io::{Read, Write};

    #[test]
    fn a_connection_reaches_the_agent_and_ends_with_the_step() {
        let scratch = Scratch::new();
        let agent = scratch.path().join("s");
        let listener = UnixListener::bind(&agent).expect("bound");
        let owner = (nix::unistd::getuid().as_raw(), nix::unistd::getgid().as_raw());
        let forwarder = Forwarder::start(&agent, &scratch.path().join("f"), (0o600, owner)).expect("started");
        let mut client = UnixStream::connect(scratch.path().join("f").join(SOCKET)).expect("connected");
        client.write_all(b"ask").expect("written");
        let mut served = listener.accept().expect("accepted").0;
        let mut asked = [0; 3];
        served.read_exact(&mut asked).expect("read");
        served.write_all(b"ok").expect("written");
        let mut answer = [0; 2];
        client.read_exact(&mut answer).expect("read");
        assert_eq!((&asked, &answer), (b"ask", b"ok"));
        drop(forwarder);
        assert_eq!(served.read(&mut [0]).expect("read"), 0, "the agent sees the end");
        assert_eq!(client.read(&mut [0]).expect("read"), 0);
    }

    #[test]
    fn a_key_file_is_no_agent() {
        let scratch = Scratch::new();
        let key = scratch.tree("k", &[("key", "")]).join("key");
        let error = Forwarder::start(&key, &scratch.path().join("f"), (0o600, (0, 0))).expect_err("refused");
        assert!(error.to_string().contains("ssh-add"), "{error}");
    }
}
