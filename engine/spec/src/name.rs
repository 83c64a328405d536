//! Names people give to things, each with the rule that Docker or Compose sets for it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A name that breaks the rule of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a valid {kind} name: {rule}")]
pub struct NameError {
    /// What was to be named: `container`, `network`, …
    pub kind: &'static str,
    /// The text that was refused.
    pub name: String,
    /// The rule in words.
    pub rule: &'static str,
}

const OBJECT_RULE: &str = "use letters, digits, `_`, `.` and `-`, starting with a letter or digit";
const PROJECT_RULE: &str = "use lower-case letters, digits, `_` and `-`, starting with a letter or digit";

/// Docker's rule for containers, networks and volumes: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`.
fn is_object_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        && name.len() <= 255
}

/// Compose's rule for projects: `[a-z0-9][a-z0-9_-]*`.
fn is_project_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
        && name.len() <= 255
}

/// Compose's rule for services: `[a-zA-Z0-9._-]+`.
fn is_service_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        && name.len() <= 255
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $is_valid:ident, $rule:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `name` against the rule of its kind.
            ///
            /// # Errors
            /// Names the rule that `name` breaks.
            pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
                let name = name.into();
                if $is_valid(&name) { Ok(Self(name)) } else { Err(NameError { kind: $kind, name, rule: $rule }) }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(name: String) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

names! {
    /// The name of a container, unique in one `LIGHTER_ROOT`.
    ContainerName, "container", is_object_name, OBJECT_RULE;
    /// The name of a network, unique in one `LIGHTER_ROOT`.
    NetworkName, "network", is_object_name, OBJECT_RULE;
    /// The name of a volume, unique in one `LIGHTER_ROOT`.
    VolumeName, "volume", is_object_name, OBJECT_RULE;
    /// The name of a Compose project.
    ProjectName, "project", is_project_name, PROJECT_RULE;
    /// The name of a Compose service within its project.
    ServiceName, "service", is_service_name, "use letters, digits, `_`, `.` and `-`";
    /// Containers that share the fixed host ports they publish: the replicas of a service.
    PortGroup, "port group", is_object_name, OBJECT_RULE;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_name_that_could_leave_its_folder() {
        for name in ["", "..", "a/b", ".hidden", "-x", "a b"] {
            assert!(ContainerName::new(name).is_err(), "{name:?} was accepted");
        }
    }

    #[test]
    fn keeps_project_names_lower_case() {
        assert!(ProjectName::new("my_app-1").is_ok());
        assert!(ProjectName::new("MyApp").is_err());
    }
}
