//! The process that a command's supervisors are forked from.
//!
//! To execute a program costs more than all else that a supervisor does before it launches: a command
//! that starts fifty containers executes it once, and forks. What the fifty have in common is in memory
//! once, and they leave the caller's control group as one.
//!
//! ```text
//! command, may have threads             nursery, has none
//!   raise ── posix_spawn ──────────────> leaves the caller, listens at locks/nursery-<command's pid>
//!         <── Done ────────────────────
//!   order ── Birth + socket ───────────> fork ──> supervisor, which answers on that socket
//!   end  ── SIGKILL ─────────────────────> gone, and with it the group of supervisors if nobody is left
//!   (dies) ── pidfd readable ──────────> ends
//! ```

use super::message::{self, Answer};
use super::spawn::{self, Mode};
use super::{detach, supervise};
use crate::state::Layout;
use crate::sys::{self, process};
use engine_spec::ContainerId;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::kill;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, getppid};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, PoisonError};

/// Begins the only argument of a nursery; the command's process id follows.
const VERB: &str = "__nursery-";
/// Fills the argument up, so that a supervisor's own arguments fit into its place.
const FILLER: &str = "-";
/// Begins the name of a nursery's socket; the command's process id follows.
const SOCKET: &str = "nursery-";
/// How often a nursery is asked, as it may be killed at any time.
const ATTEMPTS: u32 = 3;

/// The nursery of this process.
#[derive(Debug)]
struct Raised {
    nursery: Child,
    layout: Layout,
}

static RAISED: Mutex<Option<Raised>> = Mutex::new(None);

/// A supervisor that is wanted; the socket that it answers on comes beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Birth {
    id: ContainerId,
    mode: Mode,
}

/// Has the supervisor of container `id` made, which answers on `socket`.
pub(super) fn order(layout: &Layout, id: &ContainerId, mode: Mode, socket: &OwnedFd) -> io::Result<()> {
    let birth = Birth { id: id.clone(), mode };
    let name = name_for(getpid());
    let mut failed = io::ErrorKind::NotFound.into();
    for _ in 0..ATTEMPTS {
        match message::call_at(&folder(layout), &name)
            .and_then(|nursery| message::send(&nursery, &birth, &[socket.as_fd()]))
        {
            Ok(()) => return Ok(()),
            Err(error) => failed = error,
        }
        raise(layout, &name)?;
    }
    Err(failed)
}

/// Makes the nursery of this process, unless another thread was faster.
fn raise(layout: &Layout, name: &str) -> io::Result<()> {
    let _guard = lock(layout)?;
    if message::call_at(&folder(layout), name).is_ok() {
        return Ok(());
    }
    let (ours, theirs) = message::pair()?;
    let nursery = spawn::spawn(layout, &[&argument(getpid())], |command| {
        command.stdin(theirs).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    })?;
    *RAISED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Raised { nursery, layout: layout.clone() });
    match message::receive::<Answer>(&ours)? {
        Some((Answer::Done, _)) => Ok(()),
        Some(_) | None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Taken last of all locks: nothing else is asked for while it is held.
fn lock(layout: &Layout) -> io::Result<Flock<File>> {
    let path = layout.lock("nursery");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    Ok(Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?)
}

/// Ends the nursery of this process, if it has one, and removes the supervisors' control group where
/// nobody is left in it.
///
/// For a command that is done: a nursery that ended after it could not remove the group that it is in.
pub fn end_nursery() {
    let raised = RAISED.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Raised { mut nursery, layout }) = raised else { return };
    // Supervisors have answered and have nothing from it; it may have been killed before.
    let _ = nursery.kill().and_then(|()| nursery.wait());
    let _ = fs::remove_file(folder(&layout).join(name_for(getpid())));
    detach::prune_group(&layout);
}

/// Removes the sockets of nurseries that were killed, and whose commands have died too.
pub(super) fn forget_killed(layout: &Layout) -> io::Result<()> {
    let _guard = lock(layout)?;
    for entry in fs::read_dir(folder(layout))? {
        let entry = entry?;
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(SOCKET)?.split('.').next()?.parse().ok());
        if pid.is_some_and(|pid| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// As long as `__supervise <id>`, whose place it keeps.
fn argument(command: Pid) -> String {
    let beginning = format!("{VERB}{command}{FILLER}");
    let length = spawn::SUPERVISE.len() + 1 + ID_LENGTH;
    format!("{beginning}{}", FILLER.repeat(length.saturating_sub(beginning.len())))
}

/// The digits of a container's id.
const ID_LENGTH: usize = 64;

/// The command whose nursery is asked for, if `argument` asks for one.
pub(super) fn command_of(argument: &str) -> Option<Pid> {
    let (pid, _) = argument.strip_prefix(VERB)?.split_once(FILLER)?;
    pid.parse().ok().map(Pid::from_raw)
}

/// Sockets lie beside the locks: both are small, many and dropped with the boot.
fn folder(layout: &Layout) -> PathBuf {
    let lock = layout.lock("nursery");
    lock.parent().map_or_else(|| layout.run().to_owned(), Path::to_owned)
}

fn name_for(command: Pid) -> String {
    format!("{SOCKET}{command}")
}

/// Forks supervisors as long as `command` lives, which has started this process.
pub(super) fn main(layout: &Layout, command: Pid) -> io::Result<()> {
    detach::leave_caller(layout).map_err(io::Error::other)?;
    let command_ended = sys::pidfd_open(command)?;
    if getppid() != command {
        return Ok(());
    }
    let (folder, name) = (folder(layout), name_for(command));
    let listener = listen(&folder, &name)?;
    message::send(io::stdin(), &Answer::Done, &[])?;
    nix::unistd::dup2_stdin(File::open("/dev/null")?)?;
    while wait(&listener, &command_ended)? {
        if let Some((birth, socket)) = take_order(&listener) {
            process::fork(|| i32::from(!give_birth(layout, &birth, &socket)))?;
        }
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive)
        {
        }
    }
    fs::remove_file(folder.join(name))
}

/// Listens under another name first: under its own it can be called from the first moment on.
fn listen(folder: &Path, name: &str) -> io::Result<UnixListener> {
    let unfinished = format!("{name}.{}", getpid());
    let listener = message::serve_at(folder, &unfinished)?;
    fs::rename(folder.join(unfinished), folder.join(name))?;
    Ok(listener)
}

/// Waits for an order; false where the command has ended.
fn wait(listener: &UnixListener, command_ended: &OwnedFd) -> io::Result<bool> {
    loop {
        let mut polled =
            [listener.as_fd(), command_ended.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        match poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(_) => return Ok(!polled[1].any().unwrap_or(true)),
        }
    }
}

/// A command that has ended meanwhile orders nothing.
fn take_order(listener: &UnixListener) -> Option<(Birth, OwnedFd)> {
    let (caller, _) = listener.accept().ok()?;
    let (birth, mut descriptors) = message::receive::<Birth>(&caller).ok()??;
    Some((birth, descriptors.pop()?))
}

/// What the child does with its life.
fn give_birth(layout: &Layout, birth: &Birth, socket: &OwnedFd) -> bool {
    // What the nursery has open is the nursery's. Its values are never dropped here: the child ends
    // with `_exit`.
    if nix::unistd::dup2_stdin(socket).is_err() || sys::close_inherited().is_err() {
        return false;
    }
    // A session of its own, so that a signal to one supervisor's group is not one to all.
    let _ = nix::unistd::setsid();
    // Only people who look at process lists miss it.
    let _ = take_title(spawn::SUPERVISE, &birth.id);
    supervise(layout.clone(), &birth.id, birth.mode)
}

/// Writes the arguments of an executed supervisor, or a verb of the same length, over this process's,
/// for process lists.
pub(super) fn take_title(verb: &str, id: &ContainerId) -> io::Result<()> {
    /// Field 48, counted from field 3, which is the first after the command's name (proc_pid_stat(5)).
    const ARGUMENTS_AFTER_NAME: usize = 48 - 3;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let start =
        fields.split_ascii_whitespace().nth(ARGUMENTS_AFTER_NAME).and_then(|field| field.parse().ok());
    let start: u64 = start.ok_or(io::ErrorKind::InvalidData)?;
    let after_name = start + spawn::NAME.len() as u64 + 1;
    let title = format!("{verb}\0{id}");
    OpenOptions::new().write(true).open("/proc/self/mem")?.write_all_at(title.as_bytes(), after_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_names_the_command_and_has_room_for_a_supervisors() {
        let argument = argument(Pid::from_raw(4242));
        assert_eq!(command_of(&argument), Some(Pid::from_raw(4242)));
        let id = ContainerId::from_random([1; 32]);
        assert_eq!(argument.len(), format!("{} {id}", spawn::SUPERVISE).len());
        assert_eq!(command_of(spawn::SUPERVISE), None);
    }
}
