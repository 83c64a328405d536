//! Paths as text, before anything on disk is looked at.

/// `path` below its root: no `.`, no empty names, `..` never above the root, no slash at either end.
pub(in crate::build) fn clean(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.join("/")
}

/// `path` as an absolute path, starting from `folder` if it is relative.
pub(in crate::build) fn absolute(folder: &str, path: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    format!("/{}", clean(&joined))
}

/// The last name of `path`, `None` for the root.
pub(in crate::build) fn base_name(path: &str) -> Option<&str> {
    path.rsplit('/').find(|name| !name.is_empty() && *name != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_above_the_root() {
        assert_eq!(clean("../a/./b//../c/"), "a/c");
        assert_eq!(clean("/.."), "");
        assert_eq!(absolute("/app", "../x"), "/x");
        assert_eq!(absolute("/app", "/x/"), "/x");
        assert_eq!(absolute("/app", "."), "/app");
    }

    #[test]
    fn the_base_name_skips_what_means_nothing() {
        assert_eq!(base_name("a/b/."), Some("b"));
        assert_eq!(base_name("/"), None);
    }
}
