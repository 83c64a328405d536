//! Places that have images, and how each may be spoken to.

use super::credentials::Logins;
use super::error::RegistryError;
use reqwest::{Certificate, ClientBuilder, Identity};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const USER_AGENT: &str = concat!("lighter/", env!("CARGO_PKG_VERSION"));
/// A registry that is down must be known to be within seconds.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// A connection on which nothing moves for so long is dead.
pub(super) const READ_LIMIT: Duration = Duration::from_secs(30);

/// A registry or a mirror of one.
#[derive(Clone)]
pub(super) struct Endpoint {
    /// `host[:port]`, for people.
    pub(super) host: String,
    /// The ways to speak to it, in the order to try.
    pub(super) bases: Vec<Base>,
    /// What its credentials are filed under.
    pub(super) key: String,
    /// Where they are found when it asks for them.
    pub(super) logins: Arc<Logins>,
    /// Folders with certificates for it: `*.crt` of authorities, `*.cert` and `*.key` of our own.
    pub(super) certificates: Vec<PathBuf>,
}

/// One way to speak to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    /// `scheme://host[:port]`
    pub(super) url: String,
    /// How far the other side is trusted.
    pub(super) trust: Trust,
}

/// How far the other side of a connection is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// There is no TLS.
    Plain,
    /// Its certificate must be signed by an authority that the host or the registry's folder has.
    Tls,
    /// Any certificate will do, as was asked for.
    AnyCertificate,
}

impl Base {
    /// As a URL says it: TLS with a good certificate, or none.
    pub(super) fn of_url(url: &str) -> Self {
        let trust = if url.starts_with("http://") { Trust::Plain } else { Trust::Tls };
        Self { url: url.to_owned(), trust }
    }

    /// A host by one of the ways.
    pub(super) fn of_host(host: &str, trust: Trust) -> Self {
        let scheme = if trust == Trust::Plain { "http" } else { "https" };
        Self { url: format!("{scheme}://{host}"), trust }
    }
}

impl Endpoint {
    /// A client for one of its bases; connects to nothing yet.
    pub(super) fn client(&self, base: &Base) -> Result<reqwest::Client, RegistryError> {
        // Fails only if a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT);
        let builder = match base.trust {
            // Without certificates to check: reading the host's takes milliseconds, or fails.
            Trust::Plain => builder.tls_certs_only([]),
            Trust::Tls => self.own_certificates(builder)?,
            Trust::AnyCertificate => self.own_certificates(builder.tls_danger_accept_invalid_certs(true))?,
        };
        let builder = if is_loopback(&self.host) { builder.no_proxy() } else { builder };
        builder.build().map_err(RegistryError::Setup)
    }

    fn own_certificates(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, RegistryError> {
        for folder in &self.certificates {
            for path in files(folder, "crt") {
                let authorities = Certificate::from_pem_bundle(&read(&path)?);
                let refuse = |source| RegistryError::Certificate { path: path.clone(), source };
                builder = builder.tls_certs_merge(authorities.map_err(refuse)?);
            }
            for path in files(folder, "cert") {
                let mut pem = read(&path)?;
                pem.extend(read(&path.with_extension("key"))?);
                let refuse = |source| RegistryError::Certificate { path: path.clone(), source };
                builder = builder.identity(Identity::from_pem(&pem).map_err(refuse)?);
            }
        }
        Ok(builder)
    }
}

/// The files of a folder that end so, in the order of their names; none where there is no folder.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Result<Vec<u8>, RegistryError> {
    fs::read(path).map_err(|source| RegistryError::CertificateFile { path: path.to_owned(), source })
}

/// Whether `host[:port]` is this machine, where nobody listens in.
pub(super) fn is_loopback(host: &str) -> bool {
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = without_port.trim_start_matches('[').trim_end_matches(']');
    address == "localhost" || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_this_machine() {
        for host in ["localhost", "localhost:5000", "127.0.0.1", "127.1.2.3:80", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example:5000", "10.0.0.1:5000", "example", "127.0.0.1.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
