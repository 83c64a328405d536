//! A COPY or ADD with its variables replaced and its downloads done.

use super::{Action, CopyError, Inputs, Origin};
use crate::build::dockerfile::{Diagnostic, Heredoc, Located, Remote, Span, Step, Transfer, expand_body};
use crate::build::error::BuildError;
use crate::build::files::copy::Target;
use crate::build::files::permission::{ModeChange, Owner, PermissionError};
use crate::build::files::select::Selection;
use crate::build::input::contexts::OpenContext;
use crate::build::input::ignore::Ignore;
use crate::build::input::path::absolute;
use crate::build::input::remote::{Checkout, Checksum, download, is_remote_git, is_url};
use crate::build::input::view::View;
use crate::build::outcome::config::working_dir;
use crate::build::outcome::draft::Draft;
use crate::build::stage::StageBuild;
use std::path::Path;
use std::sync::Arc;

/// A copy with its variables replaced.
pub(super) struct Request {
    pub(super) pieces: Vec<Piece>,
    pub(super) texts: Vec<(String, String)>,
    mode: Option<String>,
    pub(super) target: Target,
    pub(super) selection: Selection,
    pub(super) excludes: Vec<String>,
    /// Where the destination stands.
    pub(super) span: Span,
}

/// One source.
pub(super) struct Piece {
    /// Where it lies.
    pub(super) origin: Origin,
    /// A path or pattern there.
    pub(super) path: String,
    /// Whether it is unpacked if it is an archive.
    pub(super) unpacks: bool,
    pub(super) span: Span,
}

impl Request {
    /// What it is by definition, if all of it comes from one stage or image.
    pub(super) fn definition(&self) -> Option<Inputs<'_>> {
        let first = self.pieces.first()?.origin.layers()?;
        let sources = self.pieces.iter().map(|piece| piece.path.as_str()).collect();
        Some(Inputs::Definition { layers: first, sources, excludes: &self.excludes })
    }

    /// Whether it reads files that may change meanwhile.
    pub(super) fn reads_context(&self) -> bool {
        self.pieces.iter().any(|piece| piece.origin.layers().is_none())
    }

    pub(super) fn action<'a>(&'a self, inputs: &'a Inputs<'a>) -> Action<'a> {
        Action {
            copy: inputs,
            texts: &self.texts,
            target: self.target.path.to_str().unwrap_or_default(),
            is_folder: self.target.is_folder,
            owner: self.target.owner,
            mode: self.mode.as_deref(),
            unpacks: self.pieces.iter().map(|piece| piece.unpacks).collect(),
            keeps_parents: self.selection.keeps_parents,
        }
    }

    /// Where to; several sources need a folder, also if they come from one pattern.
    pub(super) fn target(&self, sources: usize) -> Target {
        let is_folder = self.target.is_folder || sources > 1;
        Target { is_folder, ..self.target.clone() }
    }
}

impl StageBuild<'_> {
    /// Replaces the variables of a copy and fetches what comes from elsewhere.
    pub(super) fn request(&self, draft: &Draft, step: &Step, copy: &Transfer) -> Result<Request, BuildError> {
        let file = &self.solver.file;
        let expanded = |text: &Located<String>| file.expanded(text, &|name| draft.scope.value(name));
        let located = |text: &Located<String>| Ok(Located { value: expanded(text)?, span: text.span });
        let sources = copy.sources.iter().map(located).collect::<Result<Vec<_>, Diagnostic>>()?;
        let destination = expanded(&copy.destination)?;
        let mode = copy.chmod.as_ref().map(&expanded).transpose()?.filter(|mode| !mode.is_empty());
        let owner = copy.chown.as_ref().map(&located).transpose()?.filter(|owner| !owner.value.is_empty());
        let is_several = sources.len() + copy.heredocs.len() > 1;
        let names_folder = matches!(destination.rsplit('/').next(), None | Some("" | "." | ".."));
        let target = Target {
            path: absolute(&working_dir(&draft.configuration.config), &destination).into(),
            is_folder: is_several || names_folder || copy.parents,
            owner: owner.map(|owner| self.owner(draft, &owner)).transpose()?,
            mode: match (&mode, &copy.chmod) {
                (Some(mode), Some(flag)) => Some(self.pointed(ModeChange::parse(mode), flag.span)?),
                _ => None,
            },
        };
        let checksum = copy.remote.as_ref().and_then(|remote| remote.checksum.as_ref());
        let checksum = checksum.map(&located).transpose()?;
        let selection = Selection { excludes: self.excludes(copy)?, keeps_parents: copy.parents };
        Ok(Request {
            pieces: self.pieces(step, copy, (&sources, checksum.as_ref()))?,
            texts: self.texts(draft, copy)?,
            mode,
            target,
            selection,
            excludes: copy.excludes.clone(),
            span: copy.destination.span,
        })
    }

    fn excludes(&self, copy: &Transfer) -> Result<Option<Arc<Ignore>>, Diagnostic> {
        if copy.excludes.is_empty() {
            return Ok(None);
        }
        let patterns = copy.excludes.iter().map(|pattern| (1, pattern.as_str()));
        let refuse = |error: crate::build::IgnoreError| {
            let message = format!("`--exclude={}` is not a pattern", error.pattern);
            self.solver.file.source.error(copy.destination.span, message)
        };
        Ignore::of(patterns).map(|ignore| Some(Arc::new(ignore))).map_err(refuse)
    }

    /// The sources, each with the tree it lies in.
    fn pieces(
        &self,
        step: &Step,
        copy: &Transfer,
        (sources, checksum): (&[Located<String>], Option<&Located<String>>),
    ) -> Result<Vec<Piece>, BuildError> {
        if let (Some(checksum), true) = (checksum, sources.len() != 1) {
            let message = "`--checksum` takes one source at a time";
            return Err(self.solver.file.source.error(checksum.span, message).into());
        }
        let mut origin = None;
        let mut pieces = Vec::new();
        for source in sources {
            let checksum = checksum.map(|text| self.checksum(text, &source.value)).transpose()?;
            let piece = match &copy.remote {
                Some(remote) if is_remote_git(&source.value) => self.repository(source, remote, checksum)?,
                Some(remote) if is_url(&source.value) => self.downloaded(source, remote, checksum)?,
                remote => {
                    let origin = match &origin {
                        Some(origin) => Origin::clone(origin),
                        None => origin.insert(self.origin(step, copy.from.as_ref())?).clone(),
                    };
                    let unpacks = remote.as_ref().is_some_and(|remote| remote.unpack != Some(false));
                    Piece { origin, path: source.value.clone(), unpacks, span: source.span }
                }
            };
            pieces.push(piece);
        }
        Ok(pieces)
    }

    fn checksum(&self, text: &Located<String>, source: &str) -> Result<Checksum, Diagnostic> {
        let refuse = |error: crate::build::input::remote::ChecksumError| {
            self.solver.file.source.error(text.span, error.to_string())
        };
        Checksum::parse(&text.value, source).map_err(refuse)
    }

    fn downloaded(
        &self,
        source: &Located<String>,
        remote: &Remote,
        checksum: Option<Checksum>,
    ) -> Result<Piece, BuildError> {
        let expected = match &checksum {
            Some(Checksum::Content(digest)) => Some(digest),
            Some(Checksum::Commit(_)) | None => None,
        };
        let secrets = |id: &str| String::from_utf8(self.secret(id, false).ok()??).ok();
        let downloaded = download(self.shop, &source.value, expected, &secrets);
        let (folder, name) = self.pointed(downloaded, source.span)?;
        let origin = self.tree(&folder, source.span)?;
        // The name is not a pattern, whatever the server's author put into it.
        let path = name.replace('\\', "\\\\").replace('[', "\\[").replace('*', "\\*").replace('?', "\\?");
        Ok(Piece { origin, path, unpacks: remote.unpack == Some(true), span: source.span })
    }

    fn repository(
        &self,
        source: &Located<String>,
        remote: &Remote,
        checksum: Option<Checksum>,
    ) -> Result<Piece, BuildError> {
        let commit = match &checksum {
            Some(Checksum::Commit(commit)) => Some(commit.as_str()),
            Some(Checksum::Content(_)) | None => None,
        };
        let checkout = Checkout::of(self.shop, &source.value, (remote.keeps_git, commit));
        let Checkout { folder, subfolder } = self.pointed(checkout, source.span)?;
        Ok(Piece {
            origin: self.tree(&folder, source.span)?,
            path: subfolder,
            unpacks: false,
            span: source.span,
        })
    }

    /// A folder of the engine as a tree of root's files.
    fn tree(&self, folder: &Path, span: Span) -> Result<Origin, BuildError> {
        let view = self.pointed(View::of_context(folder, Ignore::default()), span)?;
        Ok(Origin::Context(Arc::new(OpenContext::of_engine(view, folder))))
    }

    /// The files given in the Dockerfile itself, by name.
    fn texts(&self, draft: &Draft, copy: &Transfer) -> Result<Vec<(String, String)>, Diagnostic> {
        let file = &self.solver.file;
        let text = |heredoc: &Heredoc| {
            let body = match heredoc.is_expanded {
                true => expand_body(&heredoc.body, file.escape, &|name| draft.scope.value(name)),
                false => Ok(heredoc.body.clone()),
            };
            let span = copy.destination.span;
            Ok((heredoc.name.clone(), body.map_err(|error| file.source.error(span, error.to_string()))?))
        };
        copy.heredocs.iter().map(text).collect()
    }

    /// The owner that `--chown` means in the image so far.
    fn owner(&self, draft: &Draft, text: &Located<String>) -> Result<Owner, BuildError> {
        let image = View::of_layers(&draft.layer_paths(self.shop.layout)).map_err(PermissionError::from);
        let owner = image.and_then(|image| Owner::parse(&text.value, &image));
        self.pointed(owner.map_err(CopyError::from), text.span)
    }
}
