//! TLS with a registry that has certificates of its own in `certs.d`.
//!
//! `*.crt` are authorities beside those of the host, `*.cert` with the `*.key` of the same name is what we
//! show of ourselves. As docker does it, a `*.crt` may be the registry's very certificate, which has signed
//! itself and calls itself an authority, as `openssl req -x509` makes them: it is good because it was put
//! there, though no authority may end a chain (RFC 5280, section 4.2.1.9).

use super::error::RegistryError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the client may speak inside TLS, the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The settings of TLS that the certificates in `folders` make.
pub(super) fn configuration(
    folders: &[PathBuf],
    provider: &Arc<CryptoProvider>,
) -> Result<ClientConfig, RegistryError> {
    let (mut known, mut own) = (Vec::new(), None);
    for folder in folders {
        for path in files(folder, "crt") {
            known.extend(certificates(&path)?);
        }
        for path in files(folder, "cert") {
            own = Some((certificates(&path)?, key(&path.with_extension("key"))?));
        }
    }
    let refuse = |source| RegistryError::Certificates { folders: folders.to_owned(), source };
    let usual =
        Verifier::new_with_extra_roots(known.iter().cloned(), Arc::clone(provider)).map_err(refuse)?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(refuse)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(Trust { usual, known }));
    let mut configuration = match own {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(refuse)?,
        None => builder.with_no_client_auth(),
    };
    configuration.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(configuration)
}

/// The usual checks, and for a certificate that is itself among those that are `known` all but one of them.
#[derive(Debug)]
struct Trust {
    usual: Verifier,
    known: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let checked =
            self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match checked {
            // Times are looked at before this, and have errors of their own.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.known.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, RegistryError> {
    let pem = read(path)?;
    let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    found.map_err(|source| RegistryError::Certificate { path: path.to_owned(), source })
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, RegistryError> {
    PrivateKeyDer::from_pem_slice(&read(path)?)
        .map_err(|source| RegistryError::Certificate { path: path.to_owned(), source })
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
