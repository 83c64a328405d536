//! Making a process, and what it does to itself before it becomes another program.

use nix::errno::Errno;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// linux/sched.h; the constant of `libc` has the wrong type and loses its only bit.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// The exit code of a Rust program that panicked.
const PANICKED: i32 = 101;

/// A child that was made.
#[derive(Debug)]
pub struct Child {
    /// Its id in the caller's pid namespace.
    pub pid: nix::unistd::Pid,
    /// The same as a descriptor.
    pub pidfd: OwnedFd,
}

/// Makes a child that runs `body` on a copy of this process's memory and exits with its result.
///
/// `flags` are `CLONE_NEW*`; `cgroup` is a cgroup v2 folder the child starts in. `parents_own` comes back
/// in the parent and is dropped in the child, such as the parent's end of a socket pair. The child
/// sends SIGCHLD when it ends. No `pthread_atfork` handler runs, which is safe because the call is refused
/// to a process with more than one thread: nobody else can hold the allocator's or any other lock.
///
/// # Errors
/// `EBUSY` for a process with threads, else what the kernel says.
pub fn clone3<T>(
    flags: i32,
    cgroup: Option<BorrowedFd<'_>>,
    parents_own: T,
    body: impl FnOnce() -> i32,
) -> io::Result<(Child, T)> {
    if thread_count()? != 1 {
        return Err(io::Error::from_raw_os_error(libc::EBUSY));
    }
    let mut pidfd: RawFd = -1;
    // SAFETY: all-zero is a valid `clone_args`: every field is an integer.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = (flags | libc::CLONE_PIDFD) as u64;
    arguments.pidfd = (&raw mut pidfd) as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: `arguments` is a live `clone_args` of the given size and its `pidfd` points to a live
    // integer. Without CLONE_VM the child runs on its own copy of this stack, so both may return; the
    // thread count above proves that no other thread could have left a lock held in the copy.
    let mut pid =
        unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<libc::clone_args>()) };
    if pid == -1 && Errno::last() == Errno::ENOSYS && cgroup.is_none() {
        // Docker's seccomp profile denies clone3(2) as if the kernel had none, because a filter cannot look
        // into its arguments; the engine may itself be run in a container.
        let flags = arguments.flags | arguments.exit_signal;
        // SAFETY: as above; clone(2) without a stack of its own stores the descriptor through its third
        // argument, on x86_64 and aarch64 alike.
        pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, &raw mut pidfd, 0, 0) };
    }
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            drop(parents_own);
            end_with(body)
        }
        pid => {
            // SAFETY: the kernel stored a new descriptor, which nobody else owns, before returning.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok((Child { pid: nix::unistd::Pid::from_raw(pid as i32), pidfd }, parents_own))
        }
    }
}

/// Makes a child as [`clone3`] does, in the same namespaces and with a call that Docker's seccomp profile
/// allows inside a container.
///
/// # Errors
/// `EBUSY` for a process with threads, else what the kernel says.
pub fn fork(body: impl FnOnce() -> i32) -> io::Result<nix::unistd::Pid> {
    if thread_count()? != 1 {
        return Err(io::Error::from_raw_os_error(libc::EBUSY));
    }
    // SAFETY: the thread count proves that no other thread could have left a lock held in the copy.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => end_with(body),
        pid => Ok(nix::unistd::Pid::from_raw(pid)),
    }
}

/// Runs the child's body and ends the child, without unwinding into the parent's frames.
fn end_with(body: impl FnOnce() -> i32) -> ! {
    let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(PANICKED);
    // SAFETY: `_exit` has no preconditions; exit handlers belong to the parent.
    unsafe { libc::_exit(code) }
}

/// The folder of a process's threads has one link per thread besides its own two (proc(5)).
fn thread_count() -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata("/proc/self/task")?.nlink().saturating_sub(2))
}

/// The body of a child that only is there: it waits until it is killed, or until its parent dies.
pub fn wait_to_be_killed() -> i32 {
    // A parent that is dead already has left nobody who needs this child.
    if nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).is_ok() {
        nix::unistd::pause();
    }
    1
}

/// Marks every descriptor from `first` on to be closed by `execve`.
///
/// # Errors
/// Before Linux 5.11.
pub fn close_on_exec_from(first: RawFd) -> nix::Result<()> {
    // SAFETY: the call changes a flag of descriptors and touches no memory.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    nix::errno::Errno::result(result).map(drop)
}

/// Sets the NIS domain name of this UTS namespace.
///
/// # Errors
/// `EPERM` without `CAP_SYS_ADMIN`, `EINVAL` for more than 64 bytes.
pub fn set_domain_name(name: &str) -> nix::Result<()> {
    // SAFETY: the pointer and length describe `name`, which outlives the call; no NUL is needed.
    let result = unsafe { libc::setdomainname(name.as_ptr().cast(), name.len()) };
    nix::errno::Errno::result(result).map(drop)
}

/// The kernel's `struct sigaction` and the size of its signal mask: handler, flags, restorer and mask, a
/// word each on x86_64 and aarch64.
type KernelAction = [u64; 4];
const KERNEL_MASK_BYTES: usize = 8;
const SIGNAL_MAX: i32 = 64;

/// Gives every signal its default disposition, those that the C library keeps for itself too: whoever
/// started this process may have had them ignored, and `execve` keeps that.
pub fn reset_signal_dispositions() {
    let default: KernelAction = [0; 4];
    for signal in 1..=SIGNAL_MAX {
        let none = std::ptr::null_mut::<KernelAction>();
        // SAFETY: `default` is a live action of all zeros, which is SIG_DFL without flags, and the old one is
        // not asked for. The two signals that cannot be changed are refused.
        unsafe {
            libc::syscall(libc::SYS_rt_sigaction, signal, &raw const default, none, KERNEL_MASK_BYTES);
        }
    }
}

/// Sends a signal by number, real-time ones too.
///
/// # Errors
/// `ESRCH` where there is no such process.
pub fn kill(pid: nix::unistd::Pid, signal: i32) -> nix::Result<()> {
    // SAFETY: the call takes two integers.
    nix::errno::Errno::result(unsafe { libc::kill(pid.as_raw(), signal) }).map(drop)
}
