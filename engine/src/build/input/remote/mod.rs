//! Files from elsewhere: downloads and Git repositories, kept below the build folder so that what has
//! not changed does not travel again.
//!
//! ```text
//! build/sources/<digest of the address>/record.json    what the server said of a download
//! build/sources/<digest of the address>/<content>/     a folder with the one file
//! build/sources/<digest of remote and commit>/tree/    a checkout
//! ```
//! A tree is complete when it is in its place. What travels is hostile: it is only ever read through
//! [`super::view::View`].

mod address;
mod git;
mod http;

pub use git::GitError;
pub(in crate::build) use git::{Checkout, is_remote_git};
pub use http::DownloadError;
pub(in crate::build) use http::{Checksum, ChecksumError, download, is_url};

use crate::state::Layout;
use engine_spec::Digest;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;

/// Where what comes from `address` is kept.
fn place(layout: &Layout, kind: &str, address: &str) -> (Digest, PathBuf) {
    let key = Digest::from_sha256(Sha256::digest(format!("{kind} {address}")).into());
    let folder = layout.build().join("sources").join(key.hex());
    (key, folder)
}
