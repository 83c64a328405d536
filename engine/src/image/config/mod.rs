//! The image configuration: the JSON object whose digest is the image's id.
//!
//! OCI image specification, config.md, with the fields that Docker adds (`Healthcheck`, `OnBuild`,
//! `Shell`) and everything unknown kept as found. Only [`wire`] knows its spelling.

mod wire;

use engine_spec::{Digest, ImageConfig, Platform};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use wire::Wire;

/// A text that is no image configuration.
#[derive(Debug, thiserror::Error)]
#[error("the image configuration is malformed")]
pub struct ConfigurationError(#[from] serde_json::Error);

/// An image's configuration: what it runs on, what containers of it are like, what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// When it was made (RFC 3339).
    pub created: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// What it runs on.
    pub platform: Platform,
    /// What it says about containers.
    pub config: ImageConfig,
    /// The digests of its layers' uncompressed archives, bottom first.
    pub diff_ids: Vec<Digest>,
    /// How it came about, oldest first.
    pub history: Vec<History>,
    /// Fields unknown to us, kept as found.
    pub extra: BTreeMap<String, Value>,
}

/// One step of an image's making.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// When (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By which instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// In whose words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether the step made no layer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub empty_layer: bool,
}

impl History {
    /// The comment of a layer that has only what changed in the layer below it: a copy brought up to date.
    pub const DELTA: &str = "lighter: what changed in the layer below";

    /// Whether its layer is such a one.
    #[must_use]
    pub fn is_delta(&self) -> bool {
        self.comment.as_deref() == Some(Self::DELTA)
    }
}

impl Configuration {
    /// An image of nothing, as `FROM scratch` starts it.
    #[must_use]
    pub fn scratch(platform: Platform) -> Self {
        Self {
            created: None,
            author: None,
            platform,
            config: ImageConfig::default(),
            diff_ids: Vec::new(),
            history: Vec::new(),
            extra: BTreeMap::new(),
        }
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// Says at which place the text is malformed.
    pub fn from_json(text: &[u8]) -> Result<Self, ConfigurationError> {
        let wire: Wire = serde_json::from_slice(text)?;
        Ok(wire.into())
    }

    /// Writes the configuration; equal configurations give equal bytes, thus equal ids.
    ///
    /// # Errors
    /// Fails only where a kept unknown field has no JSON form.
    pub fn to_json(&self) -> Result<Vec<u8>, ConfigurationError> {
        Ok(serde_json::to_vec(&Wire::from(self))?)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::HealthTest;
    use std::time::Duration;

    const DOCKER: &str = r#"{"architecture":"amd64","os":"linux","config":{"Hostname":"","Env":["PATH=/bin"],
        "Cmd":["sh"],"Entrypoint":null,"Volumes":null,"ExposedPorts":{"80/tcp":{}},"User":"",
        "Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":5000000000},"OnBuild":["RUN a"],"Shell":["/bin/bash","-c"],
        "ArgsEscaped":true},"rootfs":{"type":"layers","diff_ids":null},"history":null,"docker_version":"26"}"#;

    #[test]
    fn docker_fields_survive_a_round_trip() {
        let read = Configuration::from_json(DOCKER.as_bytes()).expect("read");
        let again = Configuration::from_json(&read.to_json().expect("written")).expect("read again");
        assert_eq!(read, again);
        let health = again.config.healthcheck.expect("kept");
        assert_eq!(health.test, Some(HealthTest::Shell("true".into())));
        assert_eq!(health.interval, Some(Duration::from_secs(5)));
        assert_eq!(again.config.on_build, ["RUN a"]);
        assert_eq!(again.config.user, None);
        assert_eq!(again.config.extra["ArgsEscaped"], true);
        assert_eq!(again.extra["docker_version"], "26");
    }

    #[test]
    fn nulls_of_go_are_absent() {
        let read = Configuration::from_json(DOCKER.as_bytes()).expect("read");
        assert_eq!((read.config.entrypoint, read.diff_ids, read.history), (None, vec![], vec![]));
    }

    #[test]
    fn an_invalid_diff_id_is_refused() {
        let text = DOCKER.replace(r#""diff_ids":null"#, r#""diff_ids":["sha256:../../etc"]"#);
        assert!(Configuration::from_json(text.as_bytes()).is_err());
    }
}
