//! What is run at turning points of a service's containers, and providers that stand for a service.

use super::{Rest, is_default};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One entry of `post_start`, `pre_stop` or `pre_start`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// What is run.
    pub command: Vec<String>,
    /// As whom; `None` is the service's user.
    #[serde(skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// With all capabilities.
    #[serde(skip_serializing_if = "is_default")]
    pub privileged: bool,
    /// Where; `None` is the service's folder.
    #[serde(skip_serializing_if = "is_default")]
    pub working_dir: Option<String>,
    /// Added to the service's variables.
    #[serde(skip_serializing_if = "is_default")]
    pub environment: BTreeMap<String, Option<String>>,
    /// The image of a `pre_start` container; `None` is the service's.
    #[serde(skip_serializing_if = "is_default")]
    pub image: Option<String>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// The `provider` section: a program that provides what a container would.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// The program: `docker-<type>` or `<type>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its options.
    #[serde(skip_serializing_if = "is_default")]
    pub options: BTreeMap<String, ProviderOption>,
    /// `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

/// The value of a provider's option, given once or several times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ProviderOption {
    /// Once.
    One(OptionValue),
    /// Several times.
    Many(Vec<OptionValue>),
}

/// A value as the file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OptionValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Number(f64),
    /// Anything else.
    Text(String),
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}
