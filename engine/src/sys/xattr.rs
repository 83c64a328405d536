//! Extended attributes: `fsetxattr(2)`, `fgetxattr(2)`, `flistxattr(2)` and their forms for links.

use nix::errno::Errno;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd};

/// What carries the attributes.
#[derive(Debug, Clone, Copy)]
pub enum Carrier<'a> {
    /// An open file or folder.
    File(BorrowedFd<'a>),
    /// A path whose last part is not followed if it is a symbolic link.
    Path(&'a CStr),
}

/// Sets an attribute.
///
/// # Errors
/// The error number of `fsetxattr(2)` or `lsetxattr(2)`.
pub fn set_xattr(carrier: Carrier<'_>, name: &CStr, value: &[u8]) -> Result<(), Errno> {
    let (data, size) = (value.as_ptr().cast(), value.len());
    // SAFETY: the name is NUL-terminated (CStr), `data` is readable for `size` bytes (one slice), the
    // descriptor is open (BorrowedFd) or the path NUL-terminated (CStr).
    let result = unsafe {
        match carrier {
            Carrier::File(file) => libc::fsetxattr(file.as_raw_fd(), name.as_ptr(), data, size, 0),
            Carrier::Path(path) => libc::lsetxattr(path.as_ptr(), name.as_ptr(), data, size, 0),
        }
    };
    Errno::result(result).map(drop)
}

/// The value of an attribute.
///
/// # Errors
/// The error number of `fgetxattr(2)` or `lgetxattr(2)`.
pub fn xattr(carrier: Carrier<'_>, name: &CStr) -> Result<Vec<u8>, Errno> {
    grow(|buffer| {
        let (data, size) = (buffer.as_mut_ptr().cast(), buffer.len());
        // SAFETY: as in `set_xattr`; `data` is writable for `size` bytes (one exclusive slice).
        unsafe {
            match carrier {
                Carrier::File(file) => libc::fgetxattr(file.as_raw_fd(), name.as_ptr(), data, size),
                Carrier::Path(path) => libc::lgetxattr(path.as_ptr(), name.as_ptr(), data, size),
            }
        }
    })
}

/// The names of all attributes; none where the file system has none.
///
/// # Errors
/// The error number of `flistxattr(2)` or `llistxattr(2)`.
pub fn xattr_names(carrier: Carrier<'_>) -> Result<Vec<CString>, Errno> {
    let listed = grow(|buffer| {
        let (data, size) = (buffer.as_mut_ptr().cast(), buffer.len());
        // SAFETY: as in `xattr`.
        unsafe {
            match carrier {
                Carrier::File(file) => libc::flistxattr(file.as_raw_fd(), data, size),
                Carrier::Path(path) => libc::llistxattr(path.as_ptr(), data, size),
            }
        }
    });
    match listed {
        Err(Errno::EOPNOTSUPP) => Ok(Vec::new()),
        Err(errno) => Err(errno),
        Ok(names) => Ok(names
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty())
            .map(|name| CString::new(name).expect("split at every NUL"))
            .collect()),
    }
}

/// Calls with a small buffer, and on ERANGE once more with the kernel's limit of 64 KiB.
fn grow(call: impl Fn(&mut [u8]) -> libc::ssize_t) -> Result<Vec<u8>, Errno> {
    const USUAL: usize = 256;
    const LARGEST: usize = 1 << 16;
    let mut small = [0; USUAL];
    match Errno::result(call(&mut small)) {
        Ok(size) => Ok(small[..size.unsigned_abs()].to_vec()),
        Err(Errno::ERANGE) => {
            let mut large = vec![0; LARGEST];
            let size = Errno::result(call(&mut large))?;
            large.truncate(size.unsigned_abs());
            Ok(large)
        }
        Err(errno) => Err(errno),
    }
}
