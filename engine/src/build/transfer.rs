//! COPY and ADD as steps: what is copied, by which key it is found again.

use super::archive::{ArchiveError, unpack_if_archive};
use super::config::working_dir;
use super::contexts::OpenContext;
use super::copy::{Copier, Target};
use super::dockerfile::{Diagnostic, Located, Span, Step, Transfer, expand_body};
use super::draft::Draft;
use super::error::BuildError;
use super::graph::{Base, copied_from};
use super::path::absolute;
use super::permission::{ModeChange, Owner, PermissionError};
use super::schedule::Node;
use super::select::{Fingerprint, SelectError, Selected, select};
use super::stage::{LayerStep, StageBuild, Trust, Workplace};
use super::upper::{Upper, UpperError};
use super::view::{Kind, View, ViewError};
use engine_spec::Digest;
use serde::Serialize;
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
    unpacks: bool,
}

#[derive(Serialize)]
enum Inputs<'a> {
    /// Where the layers copied from are the same, so is what the sources name in them.
    Definition { layers: &'a [Digest], sources: &'a [String] },
    /// What the sources name, by content.
    Content(Digest),
}

/// A copy with its variables replaced.
struct Request {
    sources: Vec<Located<String>>,
    texts: Vec<(String, String)>,
    mode: Option<String>,
    target: Target,
    unpacks: bool,
}

/// The tree copied from.
enum Origin {
    /// A folder of the host.
    Context(Arc<OpenContext>),
    /// A stage or image.
    Layers {
        view: View,
        /// Bottom first.
        layers: Vec<Digest>,
    },
}

impl Origin {
    fn view(&self) -> &View {
        match self {
            Self::Context(context) => &context.view,
            Self::Layers { view, .. } => view,
        }
    }

    fn layers(&self) -> Option<&[Digest]> {
        match self {
            Self::Context(_) => None,
            Self::Layers { layers, .. } => Some(layers),
        }
    }
}

impl StageBuild<'_> {
    /// Copies files unless an earlier build made the same copy.
    pub(super) fn transfer(
        &mut self,
        draft: &mut Draft,
        step: &Step,
        copy: &Transfer,
    ) -> Result<(), BuildError> {
        let request = self.request(draft, copy)?;
        let origin = self.origin(step, copy.from.as_ref())?;
        let below = if copy.is_linked { Vec::new() } else { draft.configuration.diff_ids.clone() };
        let sources: Vec<String> = request.sources.iter().map(|source| source.value.clone()).collect();
        let definition = origin.layers().map(|layers| {
            let inputs = Inputs::Definition { layers, sources: &sources };
            self.key(&below, &request.action(&inputs))
        });
        let known = definition.as_ref().filter(|key| self.found(key).is_some()).cloned();
        let (key, content) = match known {
            Some(key) => (key, None),
            None => {
                let content = self.content_once(step, &origin, &request)?;
                (self.key(&below, &request.action(&Inputs::Content(content.clone()))), Some(content))
            }
        };
        let history = format!("{} # buildkit", step.text);
        let layer = LayerStep { history, is_linked: copy.is_linked, ..LayerStep::new(step, key.clone()) };
        self.layer(draft, layer, |stage, place| {
            let selected = stage.selected(&origin, &request)?;
            write(place, &origin, &request, &selected).map_err(|error| stage.copy_error(step, error))?;
            stage.trust(step, (&origin, &request), content.as_ref())
        })?;
        self.alias(definition.filter(|definition| *definition != key), &key)
    }

    /// Whether the context still is what the key was made of: a file may be saved while it is copied.
    fn trust(
        &self,
        step: &Step,
        (origin, request): (&Origin, &Request),
        before: Option<&Digest>,
    ) -> Result<Trust, BuildError> {
        match before {
            Some(before) if origin.layers().is_none() && self.content(step, origin, request)? != *before => {
                Ok(Trust::Once)
            }
            _ => Ok(Trust::Kept),
        }
    }

    /// Lets a copy be found by its definition too, which is cheaper to look up than its content.
    fn alias(&self, definition: Option<Digest>, key: &Digest) -> Result<(), BuildError> {
        if let Some(definition) = definition
            && let Some(record) = self.found(key)
        {
            self.shop.cache.keep(&definition, &record)?;
        }
        Ok(())
    }

    /// Replaces the variables of a copy.
    fn request(&self, draft: &Draft, copy: &Transfer) -> Result<Request, BuildError> {
        let expanded =
            |text: &Located<String>| self.solver.file.expanded(text, &|name| draft.scope.value(name));
        let located = |text: &Located<String>| Ok(Located { value: expanded(text)?, span: text.span });
        let sources = copy.sources.iter().map(located).collect::<Result<Vec<_>, Diagnostic>>()?;
        let destination = expanded(&copy.destination)?;
        let mode = copy.chmod.as_ref().map(&expanded).transpose()?.filter(|mode| !mode.is_empty());
        let owner = copy.chown.as_ref().map(&located).transpose()?.filter(|owner| !owner.value.is_empty());
        let is_several = sources.len() + copy.heredocs.len() > 1;
        let names_folder = matches!(destination.rsplit('/').next(), None | Some("" | "." | ".."));
        let target = Target {
            path: absolute(&working_dir(&draft.configuration.config), &destination).into(),
            is_folder: is_several || names_folder,
            owner: owner.map(|owner| self.owner(draft, &owner)).transpose()?,
            mode: match (&mode, &copy.chmod) {
                (Some(mode), Some(flag)) => Some(self.pointed(ModeChange::parse(mode), flag.span)?),
                _ => None,
            },
        };
        Ok(Request { sources, texts: self.texts(draft, copy)?, mode, target, unpacks: copy.unpacks })
    }

    /// The files given in the Dockerfile itself, by name.
    fn texts(&self, draft: &Draft, copy: &Transfer) -> Result<Vec<(String, String)>, Diagnostic> {
        let text = |heredoc: &super::dockerfile::Heredoc| {
            let body = match heredoc.is_expanded {
                true => expand_body(&heredoc.body, self.solver.file.escape, &|name| draft.scope.value(name)),
                false => Ok(heredoc.body.clone()),
            };
            let span = copy.destination.span;
            Ok((
                heredoc.name.clone(),
                body.map_err(|error| self.solver.file.source.error(span, error.to_string()))?,
            ))
        };
        copy.heredocs.iter().map(text).collect()
    }

    /// The owner that `--chown` means in the image so far.
    fn owner(&self, draft: &Draft, text: &Located<String>) -> Result<Owner, BuildError> {
        let image = View::of_layers(&draft.layer_paths(self.shop.layout)).map_err(PermissionError::from);
        self.pointed(image.and_then(|image| Owner::parse(&text.value, &image)), text.span)
    }

    fn origin(&self, step: &Step, from: Option<&Located<String>>) -> Result<Origin, BuildError> {
        let Some(from) = from else { return Ok(Origin::Context(self.solver.contexts.own()?)) };
        let solver = self.solver;
        let layers = match copied_from(&solver.file, self.node.stage, from, &solver.spec.contexts)? {
            Base::Scratch => Vec::new(),
            Base::Stage(stage) => self.result_layers(Node { stage, ..self.node })?,
            Base::Image(reference) => self.image(&reference, from.span)?.0.layers,
            Base::Context(name) => match self.solver.contexts.named(&name)? {
                Some(context) => return Ok(Origin::Context(context)),
                None => self.context_layers(&name, from.span)?,
            },
        };
        let paths: Vec<PathBuf> = layers.iter().rev().map(|layer| self.shop.layout.layer(layer)).collect();
        let view = View::of_layers(&paths).map_err(|error| self.copy_error(step, error))?;
        Ok(Origin::Layers { view, layers })
    }

    fn result_layers(&self, node: Node) -> Result<Vec<Digest>, BuildError> {
        Ok(self.schedule.result(node)?.configuration.diff_ids)
    }

    /// What the sources name.
    fn selected(&self, origin: &Origin, request: &Request) -> Result<Vec<Selected>, BuildError> {
        let mut all = Vec::new();
        for source in &request.sources {
            all.extend(self.pointed(select(origin.view(), &source.value), source.span)?);
        }
        Ok(all)
    }

    /// The digest of what is to be copied, found out once for all builds of a request that copy it.
    fn content_once(&self, step: &Step, origin: &Origin, request: &Request) -> Result<Digest, BuildError> {
        let Origin::Context(context) = origin else { return self.content(step, origin, request) };
        let sources: Vec<&str> = request.sources.iter().map(|source| source.value.as_str()).collect();
        let key = self.key(&[], &(&context.identity, sources));
        if let Some(known) = self.shop.contents.selection(&key) {
            return Ok(known);
        }
        let content = self.content(step, origin, request)?;
        self.shop.contents.keep_selection(key, content.clone());
        Ok(content)
    }

    /// The digest of what is to be copied.
    fn content(&self, step: &Step, origin: &Origin, request: &Request) -> Result<Digest, BuildError> {
        let selected = self.selected(origin, request)?;
        let counts_owners = origin.layers().is_some() && request.target.owner.is_none();
        let mut fingerprint = Fingerprint::new(origin.view(), &self.shop.contents, counts_owners);
        match selected.iter().try_for_each(|selected| fingerprint.add(selected)) {
            Ok(()) => Ok(Digest::from_sha256(fingerprint.finish())),
            Err(error) => Err(self.copy_error(step, error)),
        }
    }

    /// An error at `span` of the file.
    fn pointed<T, E: Into<CopyError>>(&self, result: Result<T, E>, span: Span) -> Result<T, BuildError> {
        result.map_err(|error| match error.into() {
            error @ (CopyError::Select(SelectError::NotFound { .. } | SelectError::Pattern { .. })
            | CopyError::Permission(
                PermissionError::Mode(_) | PermissionError::UnknownName { .. },
            )) => self.solver.file.source.error(span, error.to_string()).into(),
            source => {
                BuildError::Copy { at: self.solver.file.source.line(span.line), source: Box::new(source) }
            }
        })
    }
}

impl Request {
    fn action<'a>(&'a self, inputs: &'a Inputs<'a>) -> Action<'a> {
        Action {
            copy: inputs,
            texts: &self.texts,
            target: self.target.path.to_str().unwrap_or_default(),
            is_folder: self.target.is_folder,
            owner: self.target.owner,
            mode: self.mode.as_deref(),
            unpacks: self.unpacks,
        }
    }

    /// Where to; several sources need a folder, also if they come from one pattern.
    fn target(&self, sources: usize) -> Target {
        let is_folder = self.target.is_folder || sources > 1;
        Target { is_folder, ..self.target.clone() }
    }
}

fn write(
    place: &Workplace,
    origin: &Origin,
    request: &Request,
    selected: &[Selected],
) -> Result<(), CopyError> {
    let target = request.target(selected.len());
    let mut copier = Copier::new(&place.upper, origin.view(), &target);
    for (index, source) in selected.iter().enumerate() {
        let is_unpacked = request.unpacks
            && source.entry.kind == Kind::File
            && unpack(
                &place.upper,
                origin,
                (source, &place.staging.path(&format!("archive-{index}"))),
                request,
            )?;
        if !is_unpacked {
            copier.copy(source)?;
        }
    }
    for (name, text) in &request.texts {
        copier.text(name, text)?;
    }
    Ok(())
}

/// Unpacks an archive beside the layer and copies its content; returns whether it is an archive.
fn unpack(
    upper: &Upper,
    origin: &Origin,
    (source, tree): (&Selected, &Path),
    request: &Request,
) -> Result<bool, CopyError> {
    let fail = |error| CopyError::Archive { path: source.entry.path.clone(), source: error };
    if !unpack_if_archive(origin.view().open(&source.entry)?, tree).map_err(fail)? {
        return Ok(false);
    }
    let unpacked = View::of_layers(&[tree.to_owned()])?;
    if let Some(entry) = unpacked.root()? {
        Copier::new(upper, &unpacked, &request.target).copy(&Selected { entry, name: OsString::new() })?;
    }
    Ok(true)
}
