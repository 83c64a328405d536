//! Files from elsewhere: downloads and Git repositories, kept below the build folder so that what has
//! not changed does not travel again.
//!
//! ```text
//! build/sources/<digest>/address                       where it came from; the folder's time is its last use
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
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The file that names where a source came from.
const ADDRESS: &str = "address";

/// Where what comes from `address` is kept.
fn place(layout: &Layout, kind: &str, address: &str) -> (Digest, PathBuf) {
    let key = Digest::from_sha256(Sha256::digest(format!("{kind} {address}")).into());
    let folder = layout.build().join("sources").join(key.hex());
    (key, folder)
}

/// Notes that what came from `address` is used now, for whoever makes the cache smaller.
fn note_use(place: &Path, address: &str) -> io::Result<()> {
    fs::write(place.join(ADDRESS), without_secrets(address))?;
    File::open(place)?.set_modified(SystemTime::now())
}

/// Scheme, host and path: what stands around them may let others in.
fn without_secrets(address: &str) -> String {
    let public = address.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = public.split_once("://").map_or(("", public), |(scheme, rest)| (scheme, rest));
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit('@').next().unwrap_or_default();
    let separator = if scheme.is_empty() { "" } else { "://" };
    let path = path.map(|path| format!("/{path}")).unwrap_or_default();
    format!("{scheme}{separator}{host}{path}")
}

/// Where a kept source came from.
pub(in crate::build) fn address_of(place: &Path) -> String {
    fs::read_to_string(place.join(ADDRESS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn what_is_noted_of_an_address_lets_nobody_in() {
        for (address, noted) in [
            ("https://user:token@host/a.git#main:sub", "https://host/a.git"),
            ("https://host/file.tar?signature=abc", "https://host/file.tar"),
            ("git@host:team/a.git", "host:team/a.git"),
            ("http://host", "http://host"),
        ] {
            assert_eq!(without_secrets(address), noted);
        }
    }
}
