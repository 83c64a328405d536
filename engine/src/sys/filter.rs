//! Installing a system call filter (seccomp(2)).

use nix::Result;
use nix::errno::Errno;

/// Filters this process's system calls from now on; each instruction is a `struct sock_filter`.
///
/// # Errors
/// `EACCES` without `CAP_SYS_ADMIN` or no_new_privs, `EINVAL` for a malformed program.
pub fn install(instructions: &[u64]) -> Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(instructions.len()).map_err(|_| Errno::E2BIG)?,
        filter: instructions.as_ptr().cast_mut().cast(),
    };
    // SAFETY: `program` describes `instructions`, which outlive the call; the kernel only reads them.
    // `sock_filter` has the size of a u64 and a smaller alignment.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    Errno::result(result).map(drop)
}
