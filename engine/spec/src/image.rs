//! Image names, platforms and the part of an image's config that containers are made of.

use crate::{Digest, HealthSpec, Labels};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The registry meant when a name gives none.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The folder on the default registry of names with one part.
const DEFAULT_FOLDER: &str = "library";
/// The tag meant when a name gives neither tag nor digest.
const DEFAULT_TAG: &str = "latest";

/// A text that is not an image name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{reference}` is not a valid image name: {reason}")]
pub struct ReferenceError {
    /// The text that was refused.
    pub reference: String,
    /// Why, in words.
    pub reason: &'static str,
}

/// A normalised image name, `registry/repository[:tag][@digest]` (distribution's reference grammar).
///
/// `redis` is `docker.io/library/redis:latest`; [`fmt::Display`] prints the short form again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl ImageReference {
    /// Parses and normalises a name as people write it.
    ///
    /// # Errors
    /// Says which rule of the grammar the name breaks.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let refuse = |reason| ReferenceError { reference: text.to_owned(), reason };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                (rest, Some(digest.parse().map_err(|_| refuse("the digest after `@` is malformed"))?))
            }
            None => (text, None),
        };
        let (rest, tag) = split_tag(rest);
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(refuse("a tag has letters, digits, `_`, `.` and `-`, 128 at most"));
        }
        let (registry, path) = split_registry(rest);
        if path.is_empty() {
            return Err(refuse("the name is empty"));
        }
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(refuse("the name must be lower case"));
        }
        if !path.split('/').all(is_path_component) {
            return Err(refuse(
                "each part of the name is lower-case letters and digits, joined by `.`, `_`, `__` or `-`",
            ));
        }
        let repository = if registry == DEFAULT_REGISTRY && !path.contains('/') {
            format!("{DEFAULT_FOLDER}/{path}")
        } else {
            path.to_owned()
        };
        let tag = tag.map(str::to_owned).or_else(|| digest.is_none().then(|| DEFAULT_TAG.to_owned()));
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }

    /// The registry's host, with its port if it has one (`docker.io`, `localhost:5000`).
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The full repository (`library/redis`).
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if there is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if there is one.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The name without tag and digest, in short form (`redis`, `localhost:5000/app`).
    #[must_use]
    pub fn familiar_repository(&self) -> String {
        if self.registry != DEFAULT_REGISTRY {
            return format!("{}/{}", self.registry, self.repository);
        }
        let short = self.repository.strip_prefix(DEFAULT_FOLDER).and_then(|rest| rest.strip_prefix('/'));
        short.unwrap_or(&self.repository).to_owned()
    }

    /// The full name, with registry and folder (`docker.io/library/redis:latest`).
    #[must_use]
    pub fn canonical(&self) -> String {
        self.with_suffix(format!("{}/{}", self.registry, self.repository))
    }

    fn with_suffix(&self, mut name: String) -> String {
        if let Some(tag) = &self.tag {
            name = format!("{name}:{tag}");
        }
        if let Some(digest) = &self.digest {
            name = format!("{name}@{digest}");
        }
        name
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.with_suffix(self.familiar_repository()))
    }
}

impl std::str::FromStr for ImageReference {
    type Err = ReferenceError;
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ImageReference {
    type Error = ReferenceError;
    fn try_from(text: String) -> Result<Self, ReferenceError> {
        Self::parse(&text)
    }
}

impl From<ImageReference> for String {
    fn from(reference: ImageReference) -> Self {
        reference.to_string()
    }
}

/// The tag follows the last colon, unless a slash comes after it (`host:5000/name`).
fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    }
}

/// The first part is a registry if it looks like a host: a dot, a colon, `localhost` or upper case.
fn split_registry(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some(("index.docker.io", rest)) => (DEFAULT_REGISTRY, rest),
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.chars().any(char::is_uppercase) =>
        {
            (first, rest)
        }
        _ => (DEFAULT_REGISTRY, text),
    }
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= 128
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && part
            .split(is_word)
            .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.chars().all(|c| c == '-'))
}

/// When an image is fetched (Compose `pull_policy`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PullPolicy {
    /// Every time.
    Always,
    /// When it is not there.
    #[default]
    Missing,
    /// Never: it must be there.
    Never,
    /// Not fetched but built.
    Build,
}

/// Operating system and processor, in Go's words (`linux/arm64/v8`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`, …
    pub architecture: String,
    /// `v7`, `v8`, …
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub variant: Option<String>,
}

impl Platform {
    /// Reads `linux/arm64/v8`; what is left out is the host's.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let host = Self::host();
        let mut parts = text.split('/').map(str::to_owned);
        Self {
            os: parts.next().filter(|os| !os.is_empty()).unwrap_or(host.os),
            architecture: parts.next().unwrap_or(host.architecture),
            variant: parts.next(),
        }
    }

    /// The platform this binary was built for.
    #[must_use]
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }
}

/// What an image says about containers made from it (OCI image config, with Docker's health check).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// `name|uid[:group|gid]`; `None` is root.
    pub user: Option<String>,
    /// Variables as `NAME=value`, in order.
    pub environment: Vec<String>,
    /// The program and its first arguments.
    pub entrypoint: Option<Vec<String>>,
    /// The default arguments.
    pub command: Option<Vec<String>>,
    /// Working folder; `None` is `/`.
    pub working_dir: Option<String>,
    /// Paths that become volumes.
    pub volumes: BTreeSet<String>,
    /// Ports the program listens on, `80/tcp`.
    pub exposed_ports: BTreeSet<String>,
    /// Labels.
    pub labels: Labels,
    /// The signal that stops it.
    pub stop_signal: Option<String>,
    /// Its health check.
    pub healthcheck: Option<HealthSpec>,
    /// The shell of shell-form instructions and `CMD-SHELL` probes.
    pub shell: Option<Vec<String>>,
    /// Instructions for builds that start from it.
    pub on_build: Vec<String>,
    /// Anything else, kept as found.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, canonical: &str, familiar: &str) {
        let reference = ImageReference::parse(text).expect(text);
        assert_eq!(reference.canonical(), canonical);
        assert_eq!(reference.to_string(), familiar);
    }

    #[test]
    fn short_names_mean_the_default_registry() {
        check("redis", "docker.io/library/redis:latest", "redis:latest");
        check("python:3.9-slim", "docker.io/library/python:3.9-slim", "python:3.9-slim");
        check("me/app", "docker.io/me/app:latest", "me/app:latest");
        check("docker.io/library/redis:7", "docker.io/library/redis:7", "redis:7");
    }

    #[test]
    fn a_host_part_names_the_registry() {
        check("localhost/app", "localhost/app:latest", "localhost/app:latest");
        check("127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1");
        check("ghcr.io/a/b__c-d", "ghcr.io/a/b__c-d:latest", "ghcr.io/a/b__c-d:latest");
    }

    #[test]
    fn a_digest_needs_no_tag() {
        let digest = format!("sha256:{}", "a".repeat(64));
        check(
            &format!("redis@{digest}"),
            &format!("docker.io/library/redis@{digest}"),
            &format!("redis@{digest}"),
        );
    }

    #[test]
    fn malformed_names_say_why() {
        for text in ["", "Redis", "a//b", "a/../b", "redis:", "redis:a b", "redis@sha256:12", "-a", "a_-_b"] {
            assert!(ImageReference::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
