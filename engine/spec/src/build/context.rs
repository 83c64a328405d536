//! Where files of a build come from.

use crate::{ImageReference, ReferenceError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where files of a build come from: its context, or one of those it knows by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContextSource {
    /// A folder of the host, read where it lies behind its ignore file.
    Folder(PathBuf),
    /// A Git repository as written: `https://host/repository.git#branch:folder`.
    Git(String),
    /// An archive to download, or a lone Dockerfile.
    Url(String),
    /// An archive of the host.
    Archive(PathBuf),
    /// An image (`docker-image://`).
    Image(ImageReference),
    /// An image in an OCI layout: the folder and the tag or digest in it (`oci-layout://`).
    Layout {
        /// The layout's folder.
        folder: PathBuf,
        /// A tag or digest; `None` is `latest`.
        name: Option<String>,
    },
    /// The result of another build of the same request, by its id (`service:`).
    Build(String),
}

impl ContextSource {
    /// Reads what stands in `context:`, `additional_contexts` or `--build-context`.
    ///
    /// A relative folder stays relative; an unreadable image name is an error of its text.
    ///
    /// # Errors
    /// What follows `docker-image://` is no image name.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if let Some(name) = text.strip_prefix("docker-image://") {
            return ImageReference::parse(name).map(Self::Image);
        }
        if let Some(layout) = text.strip_prefix("oci-layout://") {
            return Ok(Self::layout(layout));
        }
        if let Some(build) = text.strip_prefix("service:").or_else(|| text.strip_prefix("target:")) {
            return Ok(Self::Build(build.to_owned()));
        }
        if is_git(text) {
            return Ok(Self::Git(text.to_owned()));
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self::Url(text.to_owned()));
        }
        Ok(Self::Folder(text.into()))
    }

    /// The folder, if it is one of the host.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        match self {
            Self::Folder(path) => Some(path),
            _ => None,
        }
    }

    /// `folder`, `folder:tag` or `folder@digest`.
    fn layout(text: &str) -> Self {
        let split = text.split_once('@').or_else(|| {
            let (folder, tag) = text.rsplit_once(':')?;
            (!tag.contains('/')).then_some((folder, tag))
        });
        match split {
            Some((folder, name)) => Self::Layout { folder: folder.into(), name: Some(name.to_owned()) },
            None => Self::Layout { folder: text.into(), name: None },
        }
    }
}

/// Whether `text` names a Git repository, as Docker tells it.
#[must_use]
pub fn is_git(text: &str) -> bool {
    let address = text.split_once('#').map_or(text, |(address, _)| address);
    let path = address.split_once('?').map_or(address, |(path, _)| path);
    let is_web = path.starts_with("http://") || path.starts_with("https://");
    path.starts_with("git://")
        || path.starts_with("ssh://")
        || path.starts_with("git@")
        || path.starts_with("github.com/")
        || (is_web && path.ends_with(".git"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_told_by_its_text() {
        let parse = |text: &str| ContextSource::parse(text).expect(text);
        assert_eq!(parse("./app"), ContextSource::Folder("./app".into()));
        assert_eq!(parse("service:base"), ContextSource::Build("base".into()));
        assert_eq!(parse("https://h/x.tar.gz"), ContextSource::Url("https://h/x.tar.gz".into()));
        for git in
            ["https://h/r.git", "https://h/r.git#main:dir", "git@h:r.git", "ssh://git@h/r", "github.com/o/r"]
        {
            assert_eq!(parse(git), ContextSource::Git(git.into()));
        }
        let image = ImageReference::parse("alpine:3").expect("a name");
        assert_eq!(parse("docker-image://alpine:3"), ContextSource::Image(image));
        let layout = ContextSource::Layout { folder: "/l".into(), name: Some("v1".into()) };
        assert_eq!(parse("oci-layout:///l:v1"), layout);
        assert_eq!(parse("oci-layout:///l"), ContextSource::Layout { folder: "/l".into(), name: None });
    }
}
