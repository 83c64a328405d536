//! Paths in files, made absolute.

use std::path::{Component, Path, PathBuf};

/// `path` seen from `base`, with `~` for `home`, and with `.` and `..` worked out of the text.
pub(super) fn absolute(path: &str, base: &Path, home: Option<&str>) -> PathBuf {
    let expanded = match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) => PathBuf::from(format!("{home}/{rest}")),
        _ => PathBuf::from(path),
    };
    clean(&base.join(expanded))
}

/// The same, but an absolute path stays as it is written, as Docker Compose leaves it.
pub(super) fn resolve(path: &str, base: &Path, home: Option<&str>) -> PathBuf {
    if path.starts_with('/') { PathBuf::from(path) } else { absolute(path, base, home) }
}

/// The path without `.`, `..` and doubled or trailing slashes, as Go's `filepath.Clean` has it.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(cleaned.pop()),
            Component::CurDir => {}
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// Whether a build context is fetched rather than read: an address, a git repository, a service's image.
pub(super) fn is_remote(context: &str) -> bool {
    context.contains("://")
        || context.starts_with("git@")
        || context.starts_with("github.com/")
        || context.starts_with("service:")
}

/// Whether a Compose file would have to be fetched: an address, an artifact of a registry, a git repository.
pub(super) fn is_fetched(file: &str) -> bool {
    is_remote(file) && !file.starts_with("service:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_from_the_base_or_home() {
        for (path, expected) in [
            ("./a/../b/", "/p/b"),
            ("../x", "/x"),
            ("/abs/./y", "/abs/y"),
            ("~/d", "/h/d"),
            ("~", "/h"),
            ("~x", "/h/x"),
        ] {
            assert_eq!(absolute(path, Path::new("/p"), Some("/h")), Path::new(expected), "{path}");
        }
    }
}
