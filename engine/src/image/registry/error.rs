//! What can go wrong with a registry, told apart as far as it helps to act.

use super::helper::HelperError;
use crate::image::ManifestError;
use engine_spec::Digest;
use reqwest::StatusCode;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No HTTP client could be made.
    #[error("cannot set up HTTPS: is the package ca-certificates installed?")]
    Setup(#[source] reqwest::Error),
    /// The host's name means nothing, or nobody is there to ask.
    #[error("cannot find the address of {host}: is the name right, and is there a network?")]
    Resolve {
        /// Which host.
        host: String,
    },
    /// Nobody listens.
    #[error("{host} refuses the connection: is the registry running?")]
    Refused {
        /// Which host.
        host: String,
    },
    /// Nobody answers.
    #[error("{host} does not answer within {limit:?}")]
    Timeout {
        /// Which host.
        host: String,
        /// How long it was given.
        limit: Duration,
    },
    /// The connection was lost, or was never safe.
    #[error("cannot talk to {host}: {}", innermost(.cause))]
    Transport {
        /// Which host.
        host: String,
        /// Why. Only its innermost cause is worth a user's time: the client wraps it three times.
        cause: reqwest::Error,
    },
    /// The registry has no such image.
    #[error("{host} has no such image: {message}")]
    NotFound {
        /// Which registry.
        host: String,
        /// In its words.
        message: String,
    },
    /// The registry wants to know who asks, or does not like who asks.
    #[error("{host} denies access, or has no such image: {message}")]
    Denied {
        /// Which registry.
        host: String,
        /// In its words.
        message: String,
    },
    /// The registry wants a token, but not in a way that we know.
    #[error("{host} wants an authorization that is not supported: {challenge}")]
    Challenge {
        /// Which registry.
        host: String,
        /// What it wants.
        challenge: String,
    },
    /// The registry answered with another failure.
    #[error("{host} answered {status}: {message}")]
    Status {
        /// Which registry.
        host: String,
        /// The HTTP status.
        status: StatusCode,
        /// In its words.
        message: String,
    },
    /// The registry's answer breaks the protocol.
    #[error("{host} gave an answer without {what}")]
    Protocol {
        /// Which registry.
        host: String,
        /// What was missing.
        what: &'static str,
    },
    /// The registry sent a manifest that cannot be used.
    #[error("{host} sent a manifest that cannot be used")]
    Manifest {
        /// Which registry.
        host: String,
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// The registry sent something else than what was asked for.
    #[error("{host} sent a document with the digest {found} for {expected}")]
    DigestMismatch {
        /// Which registry.
        host: String,
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// The registry sent more than any manifest or configuration has.
    #[error("{host} sent a document of more than {limit} bytes")]
    TooLarge {
        /// Which registry.
        host: String,
        /// The limit.
        limit: u64,
    },
    /// A certificate's file cannot be read.
    #[error("cannot read {}", path.display())]
    CertificateFile {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A certificate or key cannot be read.
    #[error("{} is no certificate or key that can be used", path.display())]
    Certificate {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificates cannot be used.
    #[error("cannot use the certificates in {}", folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" and "))]
    Certificates {
        /// Where they lie.
        folders: Vec<PathBuf>,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// An address that is none.
    #[error("`{0}` is not the address of a file")]
    Address(String),
    /// The program that keeps the credentials failed.
    #[error(transparent)]
    Helper(HelperError),
    /// A file to be sent could not be read.
    #[error("cannot read a blob to be sent")]
    Blob(#[source] io::Error),
}

impl RegistryError {
    /// Tells why a request got no answer.
    pub(super) fn transport(host: &str, limit: Duration, cause: reqwest::Error) -> Self {
        let host = host.to_owned();
        // The host stands in the message already, and tokens may stand in the query.
        let cause = cause.without_url();
        tracing::debug!(host, error = one_line(&cause), "no answer");
        if cause.is_timeout() {
            return Self::Timeout { host, limit };
        }
        if has_cause(&cause, |cause| cause.to_string().contains("dns error")) {
            return Self::Resolve { host };
        }
        let is_refused = |cause: &(dyn Error + 'static)| {
            let error = cause.downcast_ref::<io::Error>();
            error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        if has_cause(&cause, is_refused) { Self::Refused { host } } else { Self::Transport { host, cause } }
    }

    /// Tells what an HTTP status other than success means.
    pub(super) fn status(host: &str, status: StatusCode, message: String) -> Self {
        let host = host.to_owned();
        match status {
            StatusCode::NOT_FOUND => Self::NotFound { host, message },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Denied { host, message },
            status => Self::Status { host, status, message },
        }
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            // A connection that never was is not tried again; one that broke off is.
            Self::Transport { cause, .. } => !cause.is_connect() && !cause.is_builder(),
            _ => false,
        }
    }
}

impl RegistryError {
    /// Whether the registry wants to know who asks.
    pub(super) fn is_denial(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    /// Whether nobody was there to answer, as while a registry is being started anew.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Timeout { .. } | Self::Transport { .. })
    }
}

fn has_cause(error: &reqwest::Error, is_it: impl Fn(&(dyn Error + 'static)) -> bool) -> bool {
    std::iter::successors(error.source(), |&cause| cause.source()).any(is_it)
}

fn innermost(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &(dyn Error + 'static)), |&cause| cause.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

/// An error and its causes in one line.
pub(super) fn one_line(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
