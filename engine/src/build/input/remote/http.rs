//! Downloads. The server is asked whether what is here is still what it has.

use super::{note_use, place};
use crate::build::workshop::Workshop;
use crate::calendar::http_date;
use crate::image::{Staging, StoreError};
use crate::state::lock::{self, LockError};
use crate::state::record::{self, Record, RecordError};
use engine_spec::Digest;
use reqwest::header::{AUTHORIZATION, ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::{Response, StatusCode, Url};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const USER_AGENT: &str = concat!("lighter/", env!("CARGO_PKG_VERSION"));
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const READ_LIMIT: Duration = Duration::from_secs(60);
/// What an address without a file name is called (BuildKit's).
const UNNAMED: &str = "__unnamed__";
/// What a downloaded file may be: its owner's.
const MODE: u32 = 0o600;

/// A file could not be downloaded.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The address cannot be read.
    #[error("`{0}` is not an address")]
    Address(String),
    /// It could not be asked for, or not read to its end.
    #[error("cannot download {url}")]
    Transfer {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The server refused.
    #[error("cannot download {url}: the server answered {status}")]
    Status {
        /// The address.
        url: String,
        /// The answer.
        status: StatusCode,
    },
    /// What came is not what was asked for.
    #[error("{url} has the digest {found}, not {expected}")]
    Checksum {
        /// The address.
        url: String,
        /// What it must be.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// It could not be kept.
    #[error("cannot keep the download of {url}")]
    Keep {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What is known of it could not be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The download could not be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No folder could be made for it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the server said of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct DownloadRecord {
    digest: Digest,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Record for DownloadRecord {
    const KIND: &'static str = "download";
    const VERSION: u32 = 1;
}

/// What a file must be (`--checksum`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::build) enum Checksum {
    /// The digest of a download.
    Content(Digest),
    /// The start of a commit's name.
    Commit(String),
}

/// A checksum that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::build) enum ChecksumError {
    #[error("`{0}` is not a checksum: write `sha256:` and 64 hex digits")]
    Content(String),
    #[error("`{0}` is not a commit")]
    Commit(String),
    #[error("only downloads and repositories have a checksum, one source at a time")]
    NotRemote,
}

impl Checksum {
    /// Reads the checksum of `source`.
    pub(in crate::build) fn parse(text: &str, source: &str) -> Result<Self, ChecksumError> {
        if super::is_remote_git(source) {
            let is_commit =
                (4..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            return match is_commit {
                true => Ok(Self::Commit(text.to_owned())),
                false => Err(ChecksumError::Commit(text.to_owned())),
            };
        }
        if !is_url(source) {
            return Err(ChecksumError::NotRemote);
        }
        let digest = text.strip_prefix("sha256:").and_then(|_| text.parse().ok());
        digest.map(Self::Content).ok_or_else(|| ChecksumError::Content(text.to_owned()))
    }
}

/// Whether an ADD source is a file to download.
pub(in crate::build) fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Downloads `address` unless what is here is still what the server has, or what `expected` says.
///
/// Returns a folder with the file alone in it, and its name.
pub(in crate::build) fn download(
    shop: &Workshop<'_>,
    address: &str,
    expected: Option<&Digest>,
    secrets: &dyn Fn(&str) -> Option<String>,
) -> Result<(PathBuf, String), DownloadError> {
    let url = Url::parse(address).map_err(|_| DownloadError::Address(address.to_owned()))?;
    let name = file_name(&url);
    let (key, place) = place(shop.layout, "http", address);
    let _ours = lock::build_step(shop.layout, &key)?;
    let record_path = place.join("record.json");
    let known: Option<DownloadRecord> = record::read(&record_path).ok().flatten();
    let known = known.filter(|known| place.join(known.digest.hex()).join(&name).is_file());
    let digest = match known {
        Some(known) if expected == Some(&known.digest) => known.digest,
        known => {
            let request =
                Request { url: &url, known: known.as_ref(), authorization: authorization(&url, secrets) };
            let staging = Staging::new(shop.layout)?;
            let fetched = on_runtime(address, request.fetch(&staging.path("file")))?;
            match (fetched, known) {
                (None, Some(known)) => known.digest,
                (None, None) => {
                    return Err(DownloadError::Status {
                        url: address.to_owned(),
                        status: StatusCode::NOT_MODIFIED,
                    });
                }
                (Some(record), _) => {
                    let keep = |source| DownloadError::Keep { url: address.to_owned(), source };
                    move_in(&staging.path("file"), &place.join(record.digest.hex()), &name).map_err(keep)?;
                    record::write_volatile(&record_path, &record)?;
                    record.digest
                }
            }
        }
    };
    note_use(&place, address).map_err(|source| DownloadError::Keep { url: address.to_owned(), source })?;
    match expected {
        Some(expected) if *expected != digest => Err(DownloadError::Checksum {
            url: address.to_owned(),
            expected: expected.clone(),
            found: digest,
        }),
        _ => Ok((place.join(digest.hex()), name)),
    }
}

/// The last name of the path.
fn file_name(url: &Url) -> String {
    let name = url.path().rsplit('/').next().unwrap_or_default();
    if matches!(name, "" | "." | "..") { UNNAMED.to_owned() } else { name.to_owned() }
}

/// `HTTP_AUTH_HEADER_host` whole, or `HTTP_AUTH_TOKEN_host` as a bearer token; both are secrets.
fn authorization(url: &Url, secrets: &dyn Fn(&str) -> Option<String>) -> Option<HeaderValue> {
    let host = url.host_str()?;
    let whole = secrets(&format!("HTTP_AUTH_HEADER_{host}"));
    let text = whole.or_else(|| Some(format!("Bearer {}", secrets(&format!("HTTP_AUTH_TOKEN_{host}"))?)))?;
    let mut value = HeaderValue::from_str(text.trim()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Builds have threads of their own, so a runtime per download disturbs nobody.
fn on_runtime<T>(
    address: &str,
    work: impl Future<Output = Result<T, DownloadError>>,
) -> Result<T, DownloadError> {
    let keep = |source| DownloadError::Keep { url: address.to_owned(), source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(keep)?;
    runtime.block_on(work)
}

struct Request<'a> {
    url: &'a Url,
    known: Option<&'a DownloadRecord>,
    authorization: Option<HeaderValue>,
}

impl Request<'_> {
    /// Fetches into the new file `file`; `None` if the server has nothing newer.
    async fn fetch(&self, file: &Path) -> Result<Option<DownloadRecord>, DownloadError> {
        let url = || self.url.to_string();
        let response = self.send().await.map_err(|source| DownloadError::Transfer { url: url(), source })?;
        match response.status() {
            StatusCode::NOT_MODIFIED => return Ok(None),
            status if !status.is_success() => return Err(DownloadError::Status { url: url(), status }),
            _ => {}
        }
        let header =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, last_modified) = (header(ETAG), header(LAST_MODIFIED));
        let digest = self.receive(response, file).await?;
        let modified = last_modified.as_deref().and_then(http_date).unwrap_or(SystemTime::UNIX_EPOCH);
        let keep = |source| DownloadError::Keep { url: url(), source };
        let opened = File::options().write(true).open(file).map_err(keep)?;
        opened.set_modified(modified).map_err(keep)?;
        fs::set_permissions(file, Permissions::from_mode(MODE)).map_err(keep)?;
        Ok(Some(DownloadRecord { digest, etag, last_modified }))
    }

    async fn send(&self) -> reqwest::Result<Response> {
        // Fails only if a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT)
            .build()?;
        let mut request = client.get(self.url.clone());
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(etag) = self.known.and_then(|known| known.etag.as_ref()) {
            request = request.header(IF_NONE_MATCH, etag);
        } else if let Some(date) = self.known.and_then(|known| known.last_modified.as_ref()) {
            request = request.header(IF_MODIFIED_SINCE, date);
        }
        request.send().await
    }

    async fn receive(&self, mut response: Response, file: &Path) -> Result<Digest, DownloadError> {
        let url = || self.url.to_string();
        let keep = |source| DownloadError::Keep { url: url(), source };
        let mut file = File::create_new(file).map_err(keep)?;
        let mut hasher = Sha256::new();
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|source| DownloadError::Transfer { url: url(), source })? else {
                break;
            };
            hasher.update(&chunk);
            file.write_all(&chunk).map_err(keep)?;
        }
        Ok(Digest::from_sha256(hasher.finalize().into()))
    }
}

/// Puts `file` into a folder of its own.
fn move_in(file: &Path, folder: &Path, name: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::rename(file, folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_name_has_one() {
        let name = |text: &str| file_name(&Url::parse(text).expect("an address"));
        assert_eq!(name("http://h/a/b.tar?x=1"), "b.tar");
        assert_eq!(name("http://h/"), "__unnamed__");
    }

    #[test]
    fn checksums_fit_their_source() {
        let digest = format!("sha256:{}", "0".repeat(64));
        assert!(matches!(Checksum::parse(&digest, "http://h/x"), Ok(Checksum::Content(_))));
        assert_eq!(Checksum::parse(&digest, "local"), Err(ChecksumError::NotRemote));
        assert!(matches!(Checksum::parse("abcd12", "https://h/r.git"), Ok(Checksum::Commit(_))));
        for text in ["md5:d41d8cd98f00b204e9800998ecf8427e", "0000", "sha256:xx", "unknown:00"] {
            assert!(Checksum::parse(text, "http://h/x").is_err(), "{text}");
        }
        assert!(Checksum::parse("no commit", "https://h/r.git").is_err());
    }
}
