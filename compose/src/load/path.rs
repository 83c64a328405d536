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
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => drop(cleaned.pop()),
                Some(Component::RootDir) => {}
                _ => cleaned.push(component),
            },
            Component::CurDir => {}
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// How one comes from the folder `from` to `path`; both are absolute and clean.
pub(super) fn relative(path: &Path, from: &Path) -> PathBuf {
    let shared = path.components().zip(from.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
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
    fn a_relative_path_keeps_what_leads_out_of_it() {
        for (path, expected) in
            [("a/../../b", "../b"), ("../../b", "../../b"), ("./a/..", ""), ("/../b", "/b")]
        {
            assert_eq!(clean(Path::new(path)), Path::new(expected), "{path}");
        }
        for (path, from, expected) in
            [("/p/sub", "/p", "sub"), ("/p", "/p", ""), ("/q/r", "/p/s", "../../q/r")]
        {
            assert_eq!(relative(Path::new(path), Path::new(from)), Path::new(expected), "{path} from {from}");
        }
    }

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
