//! The trees a build reads from by name: its context and the named ones, opened when first asked for.

use super::context::{self, ContextError};
use super::view::View;
use super::workshop::Workshop;
use engine_spec::{BuildSpec, ContextSource};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A tree of files that no image owns.
#[derive(Debug)]
pub(super) struct OpenContext {
    pub(super) view: View,
    /// Tells it from other trees: the folder and what it leaves out.
    pub(super) identity: String,
}

/// The contexts of one build.
pub(super) struct Contexts<'a> {
    shop: &'a Workshop<'a>,
    spec: &'a BuildSpec,
    /// Where the Dockerfile lies, beside which the context's ignore file may.
    dockerfile: Option<PathBuf>,
    /// By name; the build's own has none.
    opened: Mutex<BTreeMap<Option<String>, Arc<OpenContext>>>,
}

impl<'a> Contexts<'a> {
    pub(super) fn new(shop: &'a Workshop<'a>, spec: &'a BuildSpec) -> Self {
        Self { shop, spec, dockerfile: None, opened: Mutex::default() }
    }

    /// Says where the Dockerfile was found.
    pub(super) fn dockerfile_lies_at(&mut self, path: Option<PathBuf>) {
        self.dockerfile = path;
    }

    /// The build's own context.
    pub(super) fn own(&self) -> Result<Arc<OpenContext>, ContextError> {
        self.opened(None, &self.spec.context)
    }

    /// A named context that is a tree of files; `None` if it is an image or there is none of that name.
    pub(super) fn named(&self, name: &str) -> Result<Option<Arc<OpenContext>>, ContextError> {
        match self.spec.contexts.get(name) {
            None | Some(ContextSource::Image(_) | ContextSource::Layout { .. } | ContextSource::Build(_)) => {
                Ok(None)
            }
            Some(source) => self.opened(Some(name.to_owned()), source).map(Some),
        }
    }

    fn opened(&self, name: Option<String>, source: &ContextSource) -> Result<Arc<OpenContext>, ContextError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = opened.get(&name) {
            return Ok(Arc::clone(context));
        }
        let dockerfile = self.dockerfile.as_deref().filter(|_| name.is_none());
        let context = Arc::new(self.open(source, dockerfile)?);
        opened.insert(name, Arc::clone(&context));
        Ok(context)
    }

    fn open(&self, source: &ContextSource, dockerfile: Option<&Path>) -> Result<OpenContext, ContextError> {
        let _ = self.shop;
        let folder = match source {
            ContextSource::Folder(folder) => folder.clone(),
            other => return Err(ContextError::NoTree { place: format!("{other:?}") }),
        };
        let (ignore, text) = context::read_ignore(&folder, dockerfile)?;
        let identity = format!("{}\n{text}", folder.display());
        Ok(OpenContext { view: View::of_context(&folder, ignore)?, identity })
    }
}
