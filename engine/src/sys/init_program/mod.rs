//! The program that is PID 1 of a container with `init: true`, in a form that nothing inside a container
//! can write to.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

// A program of its own, compiled by `build.rs`; named here so that `cargo fmt` finds it.
#[cfg(any())]
mod main;

/// Its file.
pub const INIT_PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lighter-init"));

/// linux/memfd.h, since Linux 6.3; needed where the host's default is a file that cannot be executed.
const MFD_EXEC: u32 = 0x10;

/// Puts it into memory, sealed: it is what /proc/1/exe leads to inside the container (CVE-2019-5736).
///
/// # Errors
/// `EACCES` where the host forbids programs in memory (vm.memfd_noexec=2), else what the kernel says.
pub fn init_program() -> io::Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let made = match memfd_create(c"lighter-init", flags | MFdFlags::from_bits_retain(MFD_EXEC)) {
        // An older kernel does not know the flag and executes every such file.
        Err(Errno::EINVAL) => memfd_create(c"lighter-init", flags),
        made => made,
    };
    let mut file = File::from(made?);
    file.write_all(INIT_PROGRAM)?;
    let seals =
        SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::IntoRawFd;
    use std::process::Command;

    fn init(arguments: &[&str]) -> Command {
        // It stays open as long as the test's process lives.
        let file = init_program().expect("made").into_raw_fd();
        let mut command = Command::new(format!("/proc/{}/fd/{file}", std::process::id()));
        command.args(arguments);
        command
    }

    #[test]
    fn nobody_can_write_to_it() {
        let mut file = File::from(init_program().expect("made"));
        assert_eq!(file.write_all(b"x").expect_err("sealed").raw_os_error(), Some(nix::libc::EPERM));
    }

    #[track_caller]
    fn check(arguments: &[&str], code: i32) {
        assert_eq!(init(arguments).status().expect("runs").code(), Some(code), "{arguments:?}");
    }

    #[test]
    fn it_passes_on_how_the_program_ended() {
        check(&["/bin/sh", "sh", "-c", "exit 7"], 7);
        check(&["/bin/sh", "sh", "-c", "kill -KILL $$"], 137);
        check(&["", "sh", "-c", "exit 8"], 8);
        check(&["/no/such/program", "x"], 127);
        check(&["", "no-such-program"], 127);
        check(&["/etc", "etc"], 126);
        check(&["/bin/sh"], 126);
    }

    fn signals(mut cat: Command) -> Vec<String> {
        let output = cat.arg("/proc/self/status").output().expect("runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines()
            .filter(|line| line.starts_with("SigBlk") || line.starts_with("SigIgn"))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_program_blocks_and_ignores_the_signals_that_its_maker_does() {
        let alone = signals(Command::new("cat"));
        assert_eq!(alone.len(), 2, "{alone:?}");
        assert_eq!(signals(init(&["", "cat"])), alone);
    }
}
