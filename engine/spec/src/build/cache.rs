//! Results of builds that travel between machines.

use crate::ImageReference;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where results of other machines lie (`cache_from`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum CacheLocation {
    /// A registry.
    Registry {
        /// The name they are kept under.
        reference: ImageReference,
    },
    /// A folder of the host: an OCI layout.
    Local {
        /// The folder.
        folder: PathBuf,
    },
    /// A place this engine has no client for, which is skipped with a warning (`gha`, `s3`, `azblob`, `inline`).
    Unknown {
        /// Its type.
        name: String,
    },
}

/// Where results go (`cache_to`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheTarget {
    /// The place.
    pub location: CacheLocation,
    /// Of which stages.
    pub mode: CacheMode,
    /// Whether a failure to write is only a warning.
    pub ignores_errors: bool,
}

/// Which results are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheMode {
    /// Those of the image's own layers.
    #[default]
    Min,
    /// Those of all stages.
    Max,
}

/// A text that names no cache.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheTextError {
    /// `type=` needs another value beside it.
    #[error("a cache of type `{kind}` needs `{missing}=…`")]
    Missing {
        /// The type.
        kind: String,
        /// What is missing.
        missing: &'static str,
    },
    /// `ref=` is no image name.
    #[error("`{0}` is not an image name")]
    Reference(String),
    /// A value is not one of those there are.
    #[error("`{value}` is not a value of `{key}`")]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
}

impl CacheLocation {
    /// Reads `type=registry,ref=…`, `type=local,src=…` or a bare image name.
    ///
    /// # Errors
    /// Says what is missing or cannot be read.
    pub fn parse(text: &str) -> Result<Self, CacheTextError> {
        Fields::of(text).location("src")
    }
}

impl CacheTarget {
    /// Reads `type=registry,ref=…,mode=max` or `type=local,dest=…`.
    ///
    /// # Errors
    /// Says what is missing or cannot be read.
    pub fn parse(text: &str) -> Result<Self, CacheTextError> {
        let fields = Fields::of(text);
        let mode = match fields.value("mode") {
            None | Some("min") => CacheMode::Min,
            Some("max") => CacheMode::Max,
            Some(value) => return Err(CacheTextError::Value { key: "mode", value: value.to_owned() }),
        };
        let ignores_errors = fields.value("ignore-error") == Some("true");
        Ok(Self { location: fields.location("dest")?, mode, ignores_errors })
    }
}

/// `key=value` pairs between commas.
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    fn of(text: &'a str) -> Self {
        if !text.contains('=') {
            return Self(vec![("type", "registry"), ("ref", text)]);
        }
        Self(text.split(',').map(|field| field.split_once('=').unwrap_or((field, ""))).collect())
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    fn location(&self, folder_key: &'static str) -> Result<CacheLocation, CacheTextError> {
        let kind = self.value("type").unwrap_or_default();
        let needed = |key: &'static str| {
            let value = self.value(key).filter(|value| !value.is_empty());
            value.ok_or_else(|| CacheTextError::Missing { kind: kind.to_owned(), missing: key })
        };
        match kind {
            "registry" => {
                let name = needed("ref")?;
                let reference =
                    ImageReference::parse(name).map_err(|_| CacheTextError::Reference(name.to_owned()))?;
                Ok(CacheLocation::Registry { reference })
            }
            "local" => Ok(CacheLocation::Local { folder: needed(folder_key)?.into() }),
            "" => Err(CacheTextError::Missing { kind: String::new(), missing: "type" }),
            name => Ok(CacheLocation::Unknown { name: name.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_read_from_their_fields() {
        let reference = ImageReference::parse("h:5000/c").expect("a name");
        let registry = CacheLocation::Registry { reference };
        assert_eq!(CacheLocation::parse("h:5000/c"), Ok(registry.clone()));
        assert_eq!(CacheLocation::parse("type=registry,ref=h:5000/c"), Ok(registry.clone()));
        let target = CacheTarget { location: registry, mode: CacheMode::Max, ignores_errors: true };
        assert_eq!(CacheTarget::parse("type=registry,ref=h:5000/c,mode=max,ignore-error=true"), Ok(target));
        let local = CacheTarget::parse("type=local,dest=/c").expect("readable");
        assert_eq!(local.location, CacheLocation::Local { folder: "/c".into() });
        assert_eq!(CacheLocation::parse("type=gha"), Ok(CacheLocation::Unknown { name: "gha".into() }));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, expected) in [
            ("type=local", "a cache of type `local` needs `src=…`"),
            ("type=registry", "a cache of type `registry` needs `ref=…`"),
            ("mode=max", "a cache of type `` needs `type=…`"),
        ] {
            assert_eq!(CacheLocation::parse(text).expect_err(text).to_string(), expected);
        }
        assert!(CacheTarget::parse("type=local,dest=x,mode=most").is_err());
    }
}
