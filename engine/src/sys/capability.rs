//! Capability sets of this process (capabilities(7)).

use nix::Result;
use nix::errno::Errno;

/// The three sets of a thread, one bit per capability.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sets {
    /// What it uses.
    pub effective: u64,
    /// What it may use.
    pub permitted: u64,
    /// What programs it executes may be given.
    pub inheritable: u64,
}

/// `_LINUX_CAPABILITY_VERSION_3`: two 32-bit words per set.
const VERSION: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Word {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The sets of this thread.
///
/// # Errors
/// Never on a kernel this program runs on.
pub fn get() -> Result<Sets> {
    let mut header = Header { version: VERSION, pid: 0 };
    let mut words = [Word::default(); 2];
    // SAFETY: `header` is live and `words` has the two words that version 3 writes.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, words.as_mut_ptr()) };
    Errno::result(result)?;
    let join = |field: fn(&Word) -> u32| u64::from(field(&words[0])) | u64::from(field(&words[1])) << 32;
    Ok(Sets {
        effective: join(|word| word.effective),
        permitted: join(|word| word.permitted),
        inheritable: join(|word| word.inheritable),
    })
}

/// Sets the sets of this thread.
///
/// # Errors
/// `EPERM` for a capability this thread may not use.
pub fn set(sets: Sets) -> Result<()> {
    let mut header = Header { version: VERSION, pid: 0 };
    let word = |shift: u32| Word {
        effective: (sets.effective >> shift) as u32,
        permitted: (sets.permitted >> shift) as u32,
        inheritable: (sets.inheritable >> shift) as u32,
    };
    let words = [word(0), word(32)];
    // SAFETY: `header` is live and `words` has the two words that version 3 reads.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, words.as_ptr()) };
    Errno::result(result).map(drop)
}

/// Takes one capability out of the bounding set for good. False where the kernel knows no such one.
///
/// # Errors
/// `EPERM` without `CAP_SETPCAP`.
pub fn drop_bounding(capability: u32) -> Result<bool> {
    // SAFETY: the call takes integers only.
    match Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) }) {
        Ok(_) => Ok(true),
        Err(Errno::EINVAL) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Empties the ambient set.
///
/// # Errors
/// Never on a kernel this program runs on.
pub fn clear_ambient() -> Result<()> {
    // SAFETY: the call takes integers only.
    let result = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) };
    Errno::result(result).map(drop)
}

/// Adds one capability to the ambient set.
///
/// # Errors
/// `EPERM` unless it is permitted and inheritable.
pub fn raise_ambient(capability: u32) -> Result<()> {
    // SAFETY: the call takes integers only.
    let result = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, capability, 0, 0) };
    Errno::result(result).map(drop)
}
