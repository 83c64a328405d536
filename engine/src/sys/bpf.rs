//! Programs for control groups (bpf(2)).

use nix::errno::Errno;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

// linux/bpf.h
const PROGRAM_LOAD: libc::c_int = 5;
const PROGRAM_ATTACH: libc::c_int = 8;
const TYPE_CGROUP_DEVICE: u32 = 15;
const ATTACH_CGROUP_DEVICE: u32 = 6;
/// Programs of the groups above stay in force.
const ALLOW_MULTIPLE: u32 = 2;
/// It calls no helper that asks for the GPL.
const LICENCE: &std::ffi::CStr = c"Apache-2.0";

/// The beginning of `union bpf_attr` for `PROGRAM_LOAD`; the kernel takes what is missing as zero.
#[repr(C)]
struct Load {
    kind: u32,
    instruction_count: u32,
    instructions: u64,
    licence: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
}

/// The beginning of `union bpf_attr` for `PROGRAM_ATTACH`.
#[repr(C)]
struct Attach {
    target: u32,
    program: u32,
    kind: u32,
    flags: u32,
}

/// Lets `program` decide over every use of a device by a process of the cgroup v2 folder `group`. Each
/// instruction is a `struct bpf_insn`. The group keeps the program for as long as it exists.
///
/// # Errors
/// `EINVAL` or `EACCES` where the kernel's verifier refuses the program.
pub fn attach_device_program(group: BorrowedFd<'_>, program: &[u64]) -> io::Result<()> {
    let load = Load {
        kind: TYPE_CGROUP_DEVICE,
        instruction_count: u32::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        instructions: program.as_ptr() as u64,
        licence: LICENCE.as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
    };
    // SAFETY: `load` points to `program`, of the count it says, and to a NUL-terminated licence; both
    // outlive the call, which only reads them.
    let loaded = unsafe { libc::syscall(libc::SYS_bpf, PROGRAM_LOAD, &raw const load, size_of::<Load>()) };
    let fd = RawFd::try_from(Errno::result(loaded)?).map_err(|_| io::ErrorKind::InvalidData)?;
    // SAFETY: the call made this descriptor, and nobody else owns it.
    let loaded = unsafe { OwnedFd::from_raw_fd(fd) };
    let attach = Attach {
        target: group.as_raw_fd() as u32,
        program: loaded.as_raw_fd() as u32,
        kind: ATTACH_CGROUP_DEVICE,
        flags: ALLOW_MULTIPLE,
    };
    // SAFETY: `attach` is live and of the size given; the call only reads it.
    let attached =
        unsafe { libc::syscall(libc::SYS_bpf, PROGRAM_ATTACH, &raw const attach, size_of::<Attach>()) };
    Errno::result(attached)?;
    Ok(())
}
