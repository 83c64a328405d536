//! `x-lighter-…`: what Lighter adds to the Compose specification. Other programs pass over it.

use super::Kind;
use Kind::{Bool, Signal, Word};

/// One extension: its key, its form, and the objects that may have it.
struct Extension {
    key: &'static str,
    kind: Kind,
    homes: &'static [&'static str],
}

static EXTENSIONS: [Extension; 3] = [
    Extension { key: "x-lighter-idmap", kind: Bool, homes: &["bind"] },
    Extension { key: "x-lighter-on-change", kind: Signal, homes: &["a config", "a secret", "a reference"] },
    Extension { key: "x-lighter-on-unhealthy", kind: Word(&["restart", "none"]), homes: &["a service"] },
];

/// What is known of a key that begins with `x-lighter-`.
pub(in crate::load) enum Known {
    /// It belongs here, and this is its form.
    Here(&'static Kind),
    /// It belongs elsewhere.
    Elsewhere(&'static [&'static str]),
    /// There is no such extension.
    No,
}

/// Looks up an extension in an object.
pub(in crate::load) fn find(key: &str, object: &str) -> Known {
    match EXTENSIONS.iter().find(|extension| extension.key == key) {
        Some(extension) if extension.homes.contains(&object) => Known::Here(&extension.kind),
        Some(extension) => Known::Elsewhere(extension.homes),
        None => Known::No,
    }
}

/// The keys of all extensions.
pub(in crate::load) fn keys() -> impl Iterator<Item = &'static str> {
    EXTENSIONS.iter().map(|extension| extension.key)
}
