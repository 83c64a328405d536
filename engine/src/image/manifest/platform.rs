//! Which image of several is for a platform.

use super::{Descriptor, ManifestError};
use engine_spec::Platform;

/// Chooses the entry of an index that fits `wanted` best.
///
/// A variant fits itself and what it is compatible with, downward: v7 runs v6, not the reverse.
pub(crate) fn choose<'a>(
    entries: &'a [Descriptor],
    wanted: &Platform,
) -> Result<&'a Descriptor, ManifestError> {
    let ranked = entries.iter().filter_map(|entry| Some((rank(entry.platform.as_ref()?, wanted)?, entry)));
    ranked.max_by_key(|(rank, _)| *rank).map(|(_, entry)| entry).ok_or_else(|| ManifestError::NoPlatform {
        wanted: name(wanted),
        available: entries
            .iter()
            .filter_map(|entry| entry.platform.as_ref())
            .filter(|platform| platform.os != "unknown")
            .map(name)
            .collect(),
    })
}

/// Whether what is made for `offered` runs on `wanted`.
pub(crate) fn fits(offered: &Platform, wanted: &Platform) -> bool {
    rank(offered, wanted).is_some()
}

fn rank(offered: &Platform, wanted: &Platform) -> Option<u32> {
    let is_same =
        offered.os == wanted.os && architecture(&offered.architecture) == architecture(&wanted.architecture);
    let (offered, wanted) = (level(offered), level(wanted));
    (is_same && offered <= wanted).then_some(offered)
}

/// Go's word for what people and `uname` call otherwise.
fn architecture(name: &str) -> &str {
    match name {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armhf" | "armel" => "arm",
        other => other,
    }
}

/// The number in `v7`; without a variant, what the architecture means by default.
fn level(platform: &Platform) -> u32 {
    let given = platform.variant.as_deref().and_then(|variant| variant.strip_prefix('v')?.parse().ok());
    given.unwrap_or(match architecture(&platform.architecture) {
        "arm64" => 8,
        "arm" => 7,
        _ => 1,
    })
}

/// `os/architecture[/variant]`
pub(crate) fn name(platform: &Platform) -> String {
    let Platform { os, architecture, variant } = platform;
    variant
        .as_ref()
        .map_or(format!("{os}/{architecture}"), |variant| format!("{os}/{architecture}/{variant}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::manifest::OCI_MANIFEST;
    use engine_spec::Digest;

    fn platform(text: &str) -> Platform {
        let mut parts = text.split('/').map(str::to_owned);
        let (os, architecture) = (parts.next().expect("os"), parts.next().expect("architecture"));
        Platform { os, architecture, variant: parts.next() }
    }

    fn check(offered: &[&str], wanted: &str, chosen: Option<usize>) {
        let digest = |index| Digest::from_sha256([index; 32]);
        let entries: Vec<Descriptor> = (0u8..)
            .zip(offered)
            .map(|(index, text)| Descriptor {
                platform: Some(platform(text)),
                ..Descriptor::new(OCI_MANIFEST, digest(index), 1)
            })
            .collect();
        let found = choose(&entries, &platform(wanted)).ok().map(|entry| entry.digest.clone());
        assert_eq!(found, chosen.map(|index| entries[index].digest.clone()), "{offered:?} for {wanted}");
    }

    #[test]
    fn the_closest_lower_variant_is_chosen() {
        check(&["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], "linux/arm/v6", Some(1));
        check(&["linux/arm/v7"], "linux/arm/v6", None);
        check(&["linux/arm64/v8"], "linux/arm64", Some(0));
        check(&["linux/x86_64"], "linux/amd64", Some(0));
    }

    #[test]
    fn attestations_are_no_images() {
        check(&["unknown/unknown", "linux/amd64"], "linux/amd64", Some(1));
        check(&["unknown/unknown"], "linux/amd64", None);
    }
}
