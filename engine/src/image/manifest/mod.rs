//! Manifests and indexes: which blobs an image is made of, and which image is for which platform.
//!
//! OCI image specification, manifest.md and image-index.md, and the Docker forms they grew from.
//! A body must be what its media type says (CVE-2021-41190).

mod platform;

pub(crate) use platform::{choose, fits, name};

use engine_spec::{Digest, Platform};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `application/vnd.oci.image.index.v1+json`
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// `application/vnd.oci.image.manifest.v1+json`
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// `application/vnd.oci.image.config.v1+json`
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A layer that is not compressed.
pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// A layer as gzip.
pub(crate) const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A layer as gzip, in Docker's manifest.
pub(crate) const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Docker's index.
pub(crate) const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's manifest.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's first manifest, signed.
pub(crate) const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/// Docker's first manifest. A registry that still has some answers with it only if asked, so that
/// it can be refused by name.
pub(crate) const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";

/// A manifest or index that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not the JSON it should be.
    #[error("the manifest is malformed")]
    Malformed(#[from] serde_json::Error),
    /// Fields of a manifest and of an index in one.
    #[error("the manifest is at once a manifest and an index")]
    Ambiguous,
    /// The body says it is something else than the response.
    #[error("the manifest calls itself {body}, the registry calls it {header}")]
    TypeMismatch {
        /// In the body.
        body: String,
        /// In the response.
        header: String,
    },
    /// A form that nobody should use any more.
    #[error("the manifest is of Docker's schema 1, which is no longer supported: push the image anew")]
    Schema1,
    /// Neither manifest nor index.
    #[error("`{0}` is not a known manifest type")]
    UnknownType(String),
    /// No entry of the index fits.
    #[error("there is no image for {wanted}, only for {}", available.join(", "))]
    NoPlatform {
        /// What was asked for.
        wanted: String,
        /// What there is.
        available: Vec<String>,
    },
    /// A layer that its vendor does not let registries have.
    #[error("layer {0} is foreign: it is to be fetched from its vendor, which is not supported")]
    Foreign(Digest),
    /// An index of indexes.
    #[error("the index leads to another index instead of an image")]
    Nested,
    /// The configuration knows another number of layers than the manifest.
    #[error("the manifest has {manifest} layers, the configuration {configuration}")]
    LayerCount {
        /// In the manifest.
        manifest: usize,
        /// In the configuration.
        configuration: usize,
    },
}

/// A blob by what it is, its digest and its size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// In an index: what the manifest is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Notes, kept as found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Value>,
}

impl Descriptor {
    /// Describes a blob.
    #[must_use]
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self { media_type: media_type.to_owned(), digest, size, platform: None, annotations: BTreeMap::new() }
    }
}

/// An image's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, bottom first.
    pub layers: Vec<Descriptor>,
}

impl Manifest {
    /// A manifest of OCI's form.
    #[must_use]
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self { schema_version: 2, media_type: Some(OCI_MANIFEST.to_owned()), config, layers }
    }

    /// What a registry is told that it is.
    #[must_use]
    pub fn media_type(&self) -> &str {
        self.media_type.as_deref().unwrap_or(OCI_MANIFEST)
    }
}

/// What a registry has under one name: one image, or one for each of several platforms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Document {
    /// One image.
    Manifest(Manifest),
    /// Images for several platforms.
    Index(Vec<Descriptor>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Value>,
    #[serde(default)]
    layers: Option<Vec<Value>>,
}

impl Document {
    /// Reads a manifest or index whose type the response gave as `header`, if at all.
    pub(crate) fn parse(body: &[u8], header: Option<&str>) -> Result<Self, ManifestError> {
        let shape: Shape = serde_json::from_slice(body)?;
        let media_type = agreed_type(&shape, header)?;
        let is_manifest = shape.config.is_some() || shape.layers.is_some();
        match (media_type.as_deref(), shape.manifests) {
            (Some(DOCKER_SCHEMA1 | DOCKER_SCHEMA1_SIGNED), _) => Err(ManifestError::Schema1),
            (_, Some(_)) if is_manifest => Err(ManifestError::Ambiguous),
            (Some(OCI_INDEX | DOCKER_INDEX) | None, Some(manifests)) => Ok(Self::Index(manifests)),
            (Some(OCI_MANIFEST | DOCKER_MANIFEST) | None, None) if is_manifest => {
                Ok(Self::Manifest(serde_json::from_slice(body)?))
            }
            (other, _) => Err(ManifestError::UnknownType(other.unwrap_or("nothing").to_owned())),
        }
    }
}

/// Makes sure that a text is a manifest or an index, and that an index has an image for this host.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_manifest(text: &[u8]) -> Result<(), ManifestError> {
    match Document::parse(text, None)? {
        Document::Manifest(_) => Ok(()),
        Document::Index(entries) => choose(&entries, &Platform::host()).map(drop),
    }
}

/// A registry may leave the header generic; where both name a manifest type they must agree.
fn agreed_type(shape: &Shape, header: Option<&str>) -> Result<Option<String>, ManifestError> {
    let header = header.map(|header| header.split(';').next().unwrap_or(header).trim());
    let header = header.filter(|header| header.starts_with("application/vnd."));
    match (shape.media_type.as_deref(), header) {
        (Some(body), Some(header)) if body != header => {
            Err(ManifestError::TypeMismatch { body: body.to_owned(), header: header.to_owned() })
        }
        (body, header) => Ok(body.or(header).map(str::to_owned)),
    }
}

/// Whether a layer is of a type that only its vendor may distribute (image specification, layer.md).
pub(crate) fn is_foreign(media_type: &str) -> bool {
    media_type.contains("nondistributable") || media_type.contains("rootfs.foreign")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_both_is_refused() {
        let body = br#"{"schemaVersion":2,"manifests":[],"layers":[]}"#;
        assert!(matches!(Document::parse(body, None), Err(ManifestError::Ambiguous)));
    }

    #[test]
    fn body_and_header_must_agree() {
        let body = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[]}}"#);
        assert!(matches!(
            Document::parse(body.as_bytes(), Some(OCI_MANIFEST)),
            Err(ManifestError::TypeMismatch { .. })
        ));
        assert_eq!(
            Document::parse(body.as_bytes(), Some("application/json")).expect("generic header"),
            Document::Index(vec![])
        );
    }

    #[test]
    fn schema_one_is_refused_by_name() {
        let body = br#"{"schemaVersion":1,"fsLayers":[]}"#;
        let parsed = Document::parse(body, Some(DOCKER_SCHEMA1_SIGNED));
        assert!(matches!(parsed, Err(ManifestError::Schema1)));
    }
}
