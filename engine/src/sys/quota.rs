//! Project quotas: how much the files of one folder may take together (quotactl(2), ioctl_xfs_fsgetxattr(2)).

use nix::Result;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `struct fsxattr`, linux/fs.h.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    flags: u32,
    extent_size: u32,
    extents: u32,
    project: u32,
    copy_extent_size: u32,
    padding: [u8; 8],
}

/// `_IOR('X', 31, struct fsxattr)`.
const GET_ATTRIBUTES: libc::Ioctl = 0x801c_581f_u32 as libc::Ioctl;
/// `_IOW('X', 32, struct fsxattr)`.
const SET_ATTRIBUTES: libc::Ioctl = 0x401c_5820_u32 as libc::Ioctl;
/// New files belong to the project of their folder (`FS_XFLAG_PROJINHERIT`).
const INHERIT_PROJECT: u32 = 0x200;
/// `QCMD(Q_SETQUOTA, PRJQUOTA)`, linux/quota.h.
const SET_PROJECT_QUOTA: u32 = (0x0080_0008 << 8) | 2;
/// `QIF_BLIMITS`: the limits of space are given, and no others.
const SPACE_LIMITS: u32 = 1;
/// What space is counted in.
const BLOCK: u64 = 1024;

/// Makes `folder` and what will lie in it part of a project.
///
/// # Errors
/// `EOPNOTSUPP` or `ENOTTY` for a file system without projects.
pub fn set_project(folder: BorrowedFd<'_>, project: u32) -> Result<()> {
    let mut attributes = Attributes::default();
    // SAFETY: the call fills one `fsxattr`, which `attributes` is.
    Errno::result(unsafe { libc::ioctl(folder.as_raw_fd(), GET_ATTRIBUTES, &raw mut attributes) })?;
    attributes.project = project;
    attributes.flags |= INHERIT_PROJECT;
    // SAFETY: the call reads one `fsxattr`, which `attributes` is.
    Errno::result(unsafe { libc::ioctl(folder.as_raw_fd(), SET_ATTRIBUTES, &raw const attributes) }).map(drop)
}

/// Limits what the files of a project take on the file system of `folder` to `bytes`.
///
/// # Errors
/// `ENOSYS` before Linux 5.14 or without quotas in the kernel, `ESRCH` where they are not in force.
pub fn limit_project(folder: BorrowedFd<'_>, project: u32, bytes: u64) -> Result<()> {
    let blocks = bytes.div_ceil(BLOCK);
    let limit = libc::dqblk {
        dqb_bhardlimit: blocks,
        dqb_bsoftlimit: blocks,
        dqb_curspace: 0,
        dqb_ihardlimit: 0,
        dqb_isoftlimit: 0,
        dqb_curinodes: 0,
        dqb_btime: 0,
        dqb_itime: 0,
        dqb_valid: SPACE_LIMITS,
    };
    let fd = folder.as_raw_fd();
    // SAFETY: the call reads one `dqblk`, which `limit` is.
    let result = unsafe {
        libc::syscall(libc::SYS_quotactl_fd, fd, SET_PROJECT_QUOTA, project, std::ptr::from_ref(&limit))
    };
    Errno::result(result).map(drop)
}
