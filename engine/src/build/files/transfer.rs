//! COPY and ADD as steps: what is copied, by which key it is found again.

mod earlier;
mod origin;
mod request;

pub(in crate::build) use origin::Origin;

use super::archive::{ArchiveError, unpack_if_archive};
use super::copy::Copier;
use super::delta::Changes;
use super::fingerprint::Fingerprint;
use super::permission::{Owner, PermissionError};
use super::select::{SelectError, Selected};
use super::upper::{Upper, UpperError};
use crate::build::dockerfile::{Span, Step, Transfer};
use crate::build::error::BuildError;
use crate::build::input::contents::Content;
use crate::build::input::contexts::OpenContext;
use crate::build::input::remote::{DownloadError, GitError};
use crate::build::input::view::{Kind, View, ViewError};
use crate::build::outcome::draft::Draft;
use crate::build::stage::{LayerStep, StageBuild, Trust, Workplace};
use engine_spec::Digest;
use request::{Piece, Request};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files could not be copied into a layer.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// What to copy could not be found or read.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The layer could not be written.
    #[error(transparent)]
    Upper(#[from] UpperError),
    /// An owner or mode cannot be given.
    #[error(transparent)]
    Permission(#[from] PermissionError),
    /// A tree could not be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// An archive could not be unpacked.
    #[error("cannot unpack {}", path.display())]
    Archive {
        /// The archive, from the context's root.
        path: PathBuf,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// A file could not be downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// A repository could not be checked out.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// All that a copy's result may depend on, but the layers below.
#[derive(Serialize)]
struct Action<'a> {
    copy: &'a Inputs<'a>,
    texts: &'a [(String, String)],
    target: &'a str,
    is_folder: bool,
    owner: Option<Owner>,
    mode: Option<&'a str>,
    unpacks: Vec<bool>,
    keeps_parents: bool,
}

#[derive(Serialize)]
enum Inputs<'a> {
    /// Where the layers copied from are the same, so is what the sources name in them.
    Definition { layers: &'a [Digest], sources: Vec<&'a str>, excludes: &'a [String] },
    /// What the sources name, by content.
    Content(&'a Digest),
    /// What the sources name, whatever is in it: a folder of the host.
    Place { folder: &'a Path, source: &'a str, excludes: &'a [String] },
}

impl StageBuild<'_> {
    /// Copies files unless an earlier build made the same copy.
    pub(in crate::build) fn transfer(
        &mut self,
        draft: &mut Draft,
        step: &Step,
        copy: &Transfer,
    ) -> Result<(), BuildError> {
        let request = self.request(draft, step, copy)?;
        let below = if copy.is_linked { Vec::new() } else { draft.configuration.diff_ids.clone() };
        let definition = request.definition().map(|inputs| self.key(&below, &request.action(&inputs)));
        let known = definition.as_ref().filter(|key| self.found(key).is_some()).cloned();
        let (key, content) = match known {
            Some(key) => (key, None),
            None => {
                let content = self.content_once(step, &request)?;
                (self.key(&below, &request.action(&Inputs::Content(&content.digest))), Some(content))
            }
        };
        let missing = content.as_ref().filter(|_| self.found(&key).is_none());
        let earlier = missing.and_then(|content| self.earlier_copy(&below, &request, content));
        let (over, changes) = earlier.unzip();
        let history = format!("{} # buildkit", step.text);
        let layer =
            LayerStep { history, is_linked: copy.is_linked, over, ..LayerStep::new(step, key.clone()) };
        self.layer(draft, layer, |stage, place| {
            match &changes {
                Some(changes) => stage.update(place, &request, changes)?,
                None => stage.write(place, &request)?,
            }
            stage.trust(step, &request, content.as_deref())
        })?;
        if let Some(content) = missing.filter(|_| changes.is_none()) {
            self.remember_copy((&key, &below), &request, content);
        }
        self.alias(definition.filter(|definition| *definition != key), &key)
    }

    /// Whether the context still is what the key was made of: a file may be saved while it is copied.
    fn trust(&self, step: &Step, request: &Request, before: Option<&Content>) -> Result<Trust, BuildError> {
        match before {
            Some(before)
                if request.reads_context() && self.content(step, request)?.digest != before.digest =>
            {
                Ok(Trust::Once)
            }
            _ => Ok(Trust::Kept),
        }
    }

    /// Lets a step be found by its definition too, which is cheaper to look up than its content.
    pub(in crate::build) fn alias(&self, definition: Option<Digest>, key: &Digest) -> Result<(), BuildError> {
        if let Some(definition) = definition
            && let Some(record) = self.found(key)
        {
            self.shop.note_step((self.solver.id, self.node.stage), &definition, &record);
            self.shop.cache.keep(&definition, &record)?;
        }
        Ok(())
    }

    /// What a piece names.
    fn selected(&self, piece: &Piece, request: &Request) -> Result<Vec<Selected>, BuildError> {
        self.pointed(request.selection.select(piece.origin.view(), &piece.path), piece.span)
    }

    /// The digest of what is to be copied, found out once for all builds of a request that copy it.
    fn content_once(&self, step: &Step, request: &Request) -> Result<Arc<Content>, BuildError> {
        let identities: Vec<(String, &str)> =
            request.pieces.iter().map(|piece| (piece.origin.identity(), piece.path.as_str())).collect();
        let rules = (&request.excludes, request.selection.keeps_parents, request.target.owner.is_some());
        let key = self.key(&[], &(identities, rules));
        if let Some(known) = self.shop.contents.selection(&key) {
            return Ok(known);
        }
        let content = Arc::new(self.content(step, request)?);
        self.shop.contents.keep_selection(key, Arc::clone(&content));
        Ok(content)
    }

    /// The digest of what is to be copied.
    fn content(&self, step: &Step, request: &Request) -> Result<Content, BuildError> {
        let (mut whole, mut all) = (Sha256::new(), Vec::new());
        for piece in &request.pieces {
            let selected = self.selected(piece, request)?;
            let counts_owners = piece.origin.layers().is_some() && request.target.owner.is_none();
            let mut fingerprint = Fingerprint::new(piece.origin.view(), &self.shop.contents, counts_owners);
            let read = selected.iter().try_for_each(|selected| fingerprint.add(selected));
            read.map_err(|error| self.copy_error(step, error))?;
            let (digest, listing) = fingerprint.finish();
            whole.update(digest);
            all.extend(listing);
        }
        Ok(Content { digest: Digest::from_sha256(whole.finalize().into()), listing: all })
    }

    /// Puts everything into the layer.
    fn write(&self, place: &Workplace, request: &Request) -> Result<(), BuildError> {
        let mut all = Vec::new();
        for piece in &request.pieces {
            all.push((piece, self.selected(piece, request)?));
        }
        let target = request.target(all.iter().map(|(_, selected)| selected.len()).sum());
        for (number, (piece, selected)) in all.iter().enumerate() {
            let mut copier = Copier::new(&place.upper, piece.origin.view(), &target);
            for (index, source) in selected.iter().enumerate() {
                let tree = place.staging.path(&format!("archive-{number}-{index}"));
                let is_file = piece.unpacks && source.entry.kind == Kind::File;
                let unpacked = is_file.then(|| unpack(&place.upper, piece, (source, &tree), request));
                if !self.pointed(unpacked.transpose(), piece.span)?.unwrap_or(false) {
                    self.pointed(copier.copy(source), piece.span)?;
                }
            }
        }
        let nothing = self.pointed(View::of_layers(&[]), request.span)?;
        let mut copier = Copier::new(&place.upper, &nothing, &target);
        for (name, text) in &request.texts {
            self.pointed(copier.text(name, text), request.span)?;
        }
        Ok(())
    }

    /// Puts what changed since an earlier copy into the layer.
    fn update(&self, place: &Workplace, request: &Request, changes: &Changes) -> Result<(), BuildError> {
        for piece in &request.pieces {
            let mut copier = Copier::new(&place.upper, piece.origin.view(), &request.target);
            for source in self.selected(piece, request)? {
                self.pointed(copier.update(&source.entry, changes), piece.span)?;
            }
        }
        Ok(())
    }

    /// An error at `span` of the file.
    pub(in crate::build) fn pointed<T, E: Into<CopyError>>(
        &self,
        result: Result<T, E>,
        span: Span,
    ) -> Result<T, BuildError> {
        result.map_err(|error| self.pointed_error(error.into(), span))
    }

    fn pointed_error(&self, error: CopyError, span: Span) -> BuildError {
        let file = &self.solver.file;
        match error {
            error @ (CopyError::Select(SelectError::NotFound { .. } | SelectError::Pattern { .. })
            | CopyError::Permission(
                PermissionError::Mode(_) | PermissionError::UnknownName { .. },
            )) => file.source.error(span, error.to_string()).into(),
            source => BuildError::Copy { at: file.source.line(span.line), source: Box::new(source) },
        }
    }
}

/// Unpacks an archive beside the layer and copies its content; returns whether it is an archive.
fn unpack(
    upper: &Upper,
    piece: &Piece,
    (source, tree): (&Selected, &Path),
    request: &Request,
) -> Result<bool, CopyError> {
    let fail = |error| CopyError::Archive { path: source.entry.path.clone(), source: error };
    let archive = piece.origin.view().open(&source.entry)?;
    let Some(folders) = unpack_if_archive(archive, tree).map_err(fail)? else { return Ok(false) };
    let unpacked = View::of_layers(&[tree.to_owned()])?;
    if let Some(entry) = unpacked.root()? {
        let content = Selected { entry, name: OsString::new(), parents: None };
        Copier::new(upper, &unpacked, &request.target).of_archive(&folders).copy(&content)?;
    }
    Ok(true)
}
