//! Addresses of Git repositories, as Docker writes them.

/// What of which repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Address {
    /// What `git` is told to fetch from.
    pub(super) remote: String,
    /// A branch, tag or commit; `None` is the repository's own choice.
    pub(super) reference: Option<Reference>,
    /// The commit it must be, or the start of its name.
    pub(super) commit: Option<String>,
    /// The folder in it.
    pub(super) folder: String,
    /// `keep-git-dir`, if given.
    pub(super) keeps_git: Option<bool>,
    /// Whether submodules come along.
    pub(super) has_submodules: bool,
}

/// How a commit is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// By a branch only.
    Branch(String),
    /// By a tag only.
    Tag(String),
    /// By anything.
    Any(String),
}

impl Address {
    /// Reads `remote#reference:folder` and `remote?ref=…&subdir=…`.
    ///
    /// # Errors
    /// Names the part that means nothing.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (rest, fragment) = text.split_once('#').map_or((text, None), |(rest, part)| (rest, Some(part)));
        let (remote, query) = match rest.split_once('?') {
            Some((remote, query)) if !rest.starts_with("git@") => (remote, Some(query)),
            _ => (rest, None),
        };
        let mut address = Self { remote: whole(remote), has_submodules: true, ..Self::default() };
        if let Some(fragment) = fragment {
            let (reference, folder) = fragment.split_once(':').unwrap_or((fragment, ""));
            address.reference =
                Some(reference).filter(|text| !text.is_empty()).map(|text| Reference::Any(text.to_owned()));
            address.folder = folder.to_owned();
        }
        for field in query.unwrap_or_default().split('&').filter(|field| !field.is_empty()) {
            let (key, value) = field.split_once('=').unwrap_or((field, "true"));
            address.set(key, value)?;
        }
        if address.remote.starts_with('-') {
            return Err(format!("`{text}` is not the address of a repository"));
        }
        Ok(address)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let is_set = || match value {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(format!("`{key}` is `true` or `false`, not `{value}`")),
        };
        match key {
            "ref" => self.reference = Some(Reference::Any(value.to_owned())),
            "branch" => self.reference = Some(Reference::Branch(value.to_owned())),
            "tag" => self.reference = Some(Reference::Tag(value.to_owned())),
            "commit" | "checksum" => self.commit = Some(value.to_owned()),
            "subdir" => value.clone_into(&mut self.folder),
            "keep-git-dir" => self.keeps_git = Some(is_set()?),
            "submodules" => self.has_submodules = is_set()?,
            _ => return Err(format!("`{key}` means nothing in the address of a repository")),
        }
        Ok(())
    }
}

/// `github.com/…` is short for its web address.
fn whole(remote: &str) -> String {
    match remote.starts_with("github.com/") {
        true => format!("https://{remote}"),
        false => remote.to_owned(),
    }
}

/// Whether `text` is a whole commit's name.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragment_and_query_say_the_same() {
        let by_fragment = Address::parse("https://h/r.git#main:sub/dir").expect("valid");
        let by_query = Address::parse("https://h/r.git?ref=main&subdir=sub/dir").expect("valid");
        assert_eq!(by_fragment, by_query);
        assert_eq!(by_fragment.reference, Some(Reference::Any("main".into())));
        assert_eq!(
            (by_fragment.remote.as_str(), by_fragment.folder.as_str()),
            ("https://h/r.git", "sub/dir")
        );
    }

    #[test]
    fn everything_may_be_asked_for() {
        let text = "https://h/r.git?tag=v1&commit=abc&keep-git-dir&submodules=false";
        let address = Address::parse(text).expect("valid");
        assert_eq!(address.reference, Some(Reference::Tag("v1".into())));
        assert_eq!((address.commit.as_deref(), address.keeps_git), (Some("abc"), Some(true)));
        assert!(!address.has_submodules);
        assert_eq!(Address::parse("github.com/o/r").expect("valid").remote, "https://github.com/o/r");
        assert_eq!(Address::parse("git@h:o/r.git#x").expect("valid").remote, "git@h:o/r.git");
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for text in ["https://h/r.git?depth=1", "https://h/r.git?submodules=some", "--upload-pack=x#y"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
