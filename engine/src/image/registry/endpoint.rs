//! Places that have images, and how each may be spoken to.

use super::credentials::Logins;
use super::error::RegistryError;
use super::trust;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const USER_AGENT: &str = concat!("lighter/", env!("CARGO_PKG_VERSION"));
/// A registry that is down must be known to be within seconds.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// A connection on which nothing moves for so long is dead, unless the settings say otherwise.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What is sent with one request, unless the settings say otherwise: proxies before registries have limits.
pub(super) const LARGEST_REQUEST: NonZeroU64 = NonZeroU64::new(32 << 20).expect("it is not zero");

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
    /// Of a mirror: the registry that it stands for, which it is told.
    pub(super) namespace: Option<String>,
    /// How long nothing may move.
    pub(super) patience: Duration,
    /// The most bytes of a blob that one request sends.
    pub(super) largest_request: NonZeroU64,
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
    /// The host of any address, of which nothing else is known.
    pub(super) fn of_url(url: &reqwest::Url) -> Self {
        let authority = url.authority();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Self {
            host: host.to_owned(),
            bases: vec![Base::of_url(&format!("{}://{host}", url.scheme()))],
            key: host.to_owned(),
            logins: Arc::default(),
            certificates: Vec::new(),
            namespace: None,
            patience: PATIENCE,
            largest_request: LARGEST_REQUEST,
        }
    }

    /// A client for one of its bases; connects to nothing yet.
    pub(super) fn client(&self, base: &Base) -> Result<reqwest::Client, RegistryError> {
        // Fails only if a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // What comes after connecting is watched where it happens: a large body may take its time.
        let builder = reqwest::Client::builder().user_agent(USER_AGENT).connect_timeout(CONNECT_LIMIT);
        let builder = match base.trust {
            // Without certificates to check: reading the host's takes milliseconds, or fails.
            Trust::Plain => builder.tls_certs_only([]),
            Trust::Tls if self.certificates.is_empty() => builder,
            Trust::Tls => {
                let provider = Arc::new(rustls::crypto::ring::default_provider());
                builder.tls_backend_preconfigured(trust::configuration(&self.certificates, &provider)?)
            }
            Trust::AnyCertificate => builder.tls_danger_accept_invalid_certs(true),
        };
        let builder = if is_loopback(&self.host) { builder.no_proxy() } else { builder };
        builder.build().map_err(RegistryError::Setup)
    }
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
