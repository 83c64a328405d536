//! The trees a build reads from by name: its context and the named ones, opened when first asked for.

use super::context::{self, ContextError};
use super::remote::{Checkout, download};
use super::view::{Found, Kind, View};
use crate::build::files::archive::unpack_if_archive;
use crate::build::workshop::Workshop;
use crate::image::Staging;
use engine_spec::{BuildSpec, ContextSource};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A tree of files that no image owns.
pub(in crate::build) struct OpenContext {
    pub(in crate::build) view: View,
    /// Tells it from other trees: the folder and what it leaves out.
    pub(in crate::build) identity: String,
    /// An unpacked archive, for as long as the build needs it.
    _unpacked: Option<Staging>,
}

impl OpenContext {
    /// A folder of the engine's own, whose path tells its content.
    pub(in crate::build) fn of_engine(view: View, folder: &Path) -> Self {
        Self { view, identity: folder.display().to_string(), _unpacked: None }
    }
}

/// The contexts of one build.
pub(in crate::build) struct Contexts<'a> {
    shop: &'a Workshop<'a>,
    spec: &'a BuildSpec,
    /// Where the Dockerfile lies, beside which the context's ignore file may.
    dockerfile: Option<PathBuf>,
    /// By name; the build's own has none.
    opened: Mutex<BTreeMap<Option<String>, Arc<OpenContext>>>,
}

/// A folder a context is read from.
struct Place {
    folder: PathBuf,
    unpacked: Option<Staging>,
}

impl<'a> Contexts<'a> {
    pub(in crate::build) fn new(shop: &'a Workshop<'a>, spec: &'a BuildSpec) -> Self {
        Self { shop, spec, dockerfile: None, opened: Mutex::default() }
    }

    /// Says where the Dockerfile was found on the host.
    pub(in crate::build) fn dockerfile_lies_at(&mut self, path: Option<PathBuf>) {
        self.dockerfile = path;
    }

    /// The build's own context.
    pub(in crate::build) fn own(&self) -> Result<Arc<OpenContext>, ContextError> {
        self.opened(None, &self.spec.context)
    }

    /// A file of the build's own context, which is not on this host's disk by its own name; no link
    /// leads out of it, and the ignore file does not hide it.
    pub(in crate::build) fn read(&self, path: &Path) -> Result<Option<String>, ContextError> {
        let place = self.place(&self.spec.context)?;
        read_inside(&place.folder, path)
    }

    /// A named context that is a tree of files; `None` if it is an image or there is none of that name.
    pub(in crate::build) fn named(&self, name: &str) -> Result<Option<Arc<OpenContext>>, ContextError> {
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
        let Place { folder, unpacked } = self.place(source)?;
        let (ignore, text) = context::read_ignore(&folder, dockerfile)?;
        let identity = format!("{}\n{text}", folder.display());
        Ok(OpenContext { view: View::of_context(&folder, ignore)?, identity, _unpacked: unpacked })
    }

    fn place(&self, source: &ContextSource) -> Result<Place, ContextError> {
        let here = |folder| Ok(Place { folder, unpacked: None });
        match source {
            ContextSource::Folder(folder) => here(folder.clone()),
            ContextSource::Git(address) => {
                let Checkout { folder, subfolder } = Checkout::of(self.shop, address, (false, None))?;
                here(inside(&folder, &subfolder)?)
            }
            ContextSource::Url(address) => {
                let (folder, name) = download(self.shop, address, None, &|_| None)?;
                self.unpacked(&folder.join(name))
            }
            ContextSource::Archive(path) => self.unpacked(path),
            ContextSource::Image(_) | ContextSource::Layout { .. } | ContextSource::Build(_) => {
                Err(ContextError::NoTree)
            }
        }
    }

    /// An archive's tree; a file that is no archive is a Dockerfile on its own.
    fn unpacked(&self, archive: &Path) -> Result<Place, ContextError> {
        let failed = |source| ContextError::Archive { path: archive.to_owned(), source };
        let staging = Staging::new(self.shop.layout)?;
        let folder = staging.path("context");
        let file = File::open(archive).map_err(|error| failed(error.into()))?;
        if unpack_if_archive(file, &folder).map_err(failed)?.is_none() {
            let alone = DirBuilder::new().mode(0o755).create(&folder);
            let copied = alone.and_then(|()| fs::copy(archive, folder.join("Dockerfile")));
            copied.map_err(|error| failed(error.into()))?;
        }
        Ok(Place { folder, unpacked: Some(staging) })
    }
}

/// A folder below `root`, links followed inside it only.
fn inside(root: &Path, folder: &str) -> Result<PathBuf, ContextError> {
    let view = View::of_context(root, super::ignore::Ignore::default())?;
    match view.resolve(Path::new(folder))? {
        Found::Entry(entry) if entry.kind == Kind::Folder => Ok(root.join(entry.path)),
        Found::Entry(_) | Found::Missing(_) => Err(ContextError::NoFolder { folder: folder.to_owned() }),
    }
}

/// The text of a file below `root`, links followed inside it only.
pub(in crate::build) fn read_inside(root: &Path, path: &Path) -> Result<Option<String>, ContextError> {
    let view = View::of_context(root, super::ignore::Ignore::default())?;
    let entry = match view.resolve(path)? {
        Found::Entry(entry) if entry.kind == Kind::File => entry,
        Found::Entry(_) | Found::Missing(_) => return Ok(None),
    };
    let mut text = String::new();
    let read = view.open(&entry)?.read_to_string(&mut text);
    read.map_err(|source| ContextError::ReadIgnore { path: root.join(path), source })?;
    Ok(Some(text))
}
