//! Published ports, in long form.

use super::{Rest, is_default};
use serde::{Deserialize, Serialize};

/// One published port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Port {
    /// A name for people.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// `ingress` or `host`; the same on one host.
    #[serde(default = "ingress")]
    pub mode: String,
    /// The host's address; `None` is every address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host_ip: Option<String>,
    /// The container's port.
    pub target: u16,
    /// A host port or a range of them; `None` is any free one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub published: Option<String>,
    /// `tcp`, `udp` or `sctp`.
    #[serde(default = "tcp")]
    pub protocol: String,
    /// Attributes the engine does not apply, and `x-` extensions.
    #[serde(flatten)]
    pub rest: Rest,
}

fn ingress() -> String {
    "ingress".to_owned()
}

fn tcp() -> String {
    "tcp".to_owned()
}
