//! Who a process runs as: names looked up in the container's own /etc/passwd and /etc/group.

use super::rootfs::Root;
use std::io;

/// A user as the kernel knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedUser {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Supplementary group ids, without the primary one.
    pub groups: Vec<u32>,
    /// Home folder; `/` where the image does not know the user.
    pub home: String,
}

/// A user or group that cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// No such user in the image.
    #[error("unable to find user {0}: no matching entries in passwd file")]
    UnknownUser(String),
    /// No such group in the image.
    #[error("unable to find group {0}: no matching entries in group file")]
    UnknownGroup(String),
    /// A file of the image cannot be read.
    #[error("cannot read {path} of the image")]
    Read {
        /// Its path inside the image.
        path: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Finds `name|uid[:group|gid]` (empty: root) and the groups added to it inside `root`.
///
/// # Errors
/// Names the user or group that the image does not know.
pub fn resolve(root: &Root, user: &str, groups: &[String]) -> Result<ResolvedUser, UserError> {
    let _ = (root, user, groups);
    todo!()
}
