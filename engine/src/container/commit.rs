//! An image of what a container has become: its image's layers, and its changes as one more.
//!
//! The changes are archived and unpacked again as a layer of their own, so that the container can go on
//! changing its files.

use super::diff::is_empty;
use super::files::{FilesError, record_of};
use super::folder::Folder;
use super::generated::Generated;
use super::{PauseError, pause, unpause};
use crate::build::{self, ChangeError};
use crate::image::Staging;
use crate::image::layer::{UnpackError, tree, unpack_tree, write_without};
use crate::image::{Configuration, History, Store, StoreError, layer};
use crate::state::container::{self, ContainerRecord};
use crate::state::{Layout, events};
use crate::supervisor::time;
use engine_spec::{ContainerAction, ContainerName, Digest, ImageConfig, ImageReference, Status};
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;

/// How to make the image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitOptions {
    /// Who made it.
    pub author: Option<String>,
    /// What was done.
    pub message: Option<String>,
    /// Instructions of a Dockerfile that change how it is run (`CMD ["nginx"]`).
    pub changes: Vec<String>,
    /// Freeze the container meanwhile.
    pub pause: bool,
}

/// An image could not be made of a container.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Its record could not be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// It could not be frozen meanwhile.
    #[error(transparent)]
    Pause(#[from] PauseError),
    /// A change is none.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Its image is gone.
    #[error("the image of container {0} is not in the local store any more")]
    NoImage(ContainerName),
    /// Its changes could not be read.
    #[error("cannot read the changes of container {name}")]
    Read {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<layer::CommitError>,
    },
    /// Its changes did not become a layer.
    #[error("cannot make a layer of the changes of container {name}")]
    Unpack {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: UnpackError,
    },
    /// No pipe could be made.
    #[error("cannot make a pipe")]
    Pipe(#[source] io::Error),
    /// The store refused it.
    #[error("cannot store the image of container {name}")]
    Store {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
}

/// Makes an image of a container, and returns its id. Volumes and what the engine writes for the container
/// stay out of it.
///
/// # Errors
/// Says why not.
pub fn commit(
    layout: &Layout,
    name: &ContainerName,
    reference: Option<&ImageReference>,
    options: &CommitOptions,
) -> Result<Digest, CommitError> {
    let record = record_of(layout, name)?;
    let stored = |source| CommitError::Store { name: name.clone(), source: Box::new(source) };
    let store = Store::open(layout);
    let image = store.image(&record.spec.image_id).map_err(stored)?;
    let image = image.ok_or_else(|| CommitError::NoImage(name.clone()))?;
    let mut configuration = store.configuration(&image).map_err(stored)?;
    configuration.config = config(&record);
    let mut configuration = build::change(configuration, &options.changes)?;
    let paused = Paused::begin(layout, &record, options.pause)?;
    let layer = layer_of(layout, &store, &record)?;
    paused.end()?;
    describe(&mut configuration, &record, layer, options);
    let image = store.create_image(&configuration, reference.map_or(&[], std::slice::from_ref));
    let image = image.map_err(stored)?;
    events::note_container(layout, &record, ContainerAction::Commit { image: reference.cloned() });
    Ok(image.id)
}

/// How the container is run, as a new container of the image shall be.
fn config(record: &ContainerRecord) -> ImageConfig {
    let mut config = record.image.clone();
    let process = &record.spec.process;
    if let Some(entrypoint) = &process.entrypoint {
        config.entrypoint = Some(entrypoint.clone());
        config.command = None;
    }
    config.command = process.command.clone().or(config.command);
    config.user = process.user.clone().or(config.user);
    let folder = process.working_dir.as_ref().map(|folder| folder.to_string_lossy().into_owned());
    config.working_dir = folder.or(config.working_dir);
    config.stop_signal = record.spec.stop.signal.clone().or(config.stop_signal);
    config.healthcheck = record.spec.healthcheck.clone().or(config.healthcheck);
    config.labels.extend(record.spec.labels.clone());
    config.exposed_ports.extend(record.spec.expose.iter().cloned());
    for (name, value) in &process.environment {
        let start = format!("{name}=");
        config.environment.retain(|variable| !variable.starts_with(&start));
        config.environment.extend(value.as_ref().map(|value| format!("{start}{value}")));
    }
    config
}

fn describe(
    configuration: &mut Configuration,
    record: &ContainerRecord,
    layer: Option<Digest>,
    options: &CommitOptions,
) {
    let now = Some(time::format(SystemTime::now()));
    configuration.created.clone_from(&now);
    configuration.author = options.author.clone().or(configuration.author.take());
    let command = record.spec.process.command.as_ref().or(record.image.command.as_ref());
    configuration.history.push(History {
        created: now,
        created_by: command.map(|command| command.join(" ")),
        author: options.author.clone(),
        comment: options.message.clone(),
        empty_layer: layer.is_none(),
    });
    configuration.diff_ids.extend(layer);
}

/// The container's changes as a layer; `None` where it has none.
fn layer_of(layout: &Layout, store: &Store, record: &ContainerRecord) -> Result<Option<Digest>, CommitError> {
    let name = || record.spec.name.clone();
    let stored = |source| CommitError::Store { name: name(), source: Box::new(source) };
    let (upper, generated) = (Folder::of(layout, &record.id).upper(), Generated::of(&record.spec));
    let left_out = |path: &[u8]| {
        let path = Path::new("/").join(OsStr::from_bytes(path));
        generated.has(&path) && is_empty_in(&upper, &path)
    };
    let staging = Staging::new(layout).map_err(stored)?;
    let tree = store.stage_tree(&staging).map_err(stored)?;
    let (archive, sink) = pipe2(OFlag::O_CLOEXEC).map_err(|errno| CommitError::Pipe(errno.into()))?;
    let (written, unpacked) = std::thread::scope(|scope| {
        let unpacking = scope.spawn(|| unpack_tree(File::from(archive), &tree));
        let mut sink = BufWriter::with_capacity(BUFFER, File::from(sink));
        let written = write_without(&upper, &mut sink, &left_out);
        let flushed = sink.flush();
        drop(sink);
        (written.map(|layer| (layer, flushed)), unpacking.join())
    });
    let unpacked = unpacked.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    // Why it was not written is better than that it was cut off.
    let (_, flushed) =
        written.map_err(|source| CommitError::Read { name: name(), source: Box::new(source) })?;
    flushed.map_err(CommitError::Pipe)?;
    unpacked.map_err(|source| CommitError::Unpack { name: name(), source })?;
    if is_without_content(&tree) {
        return Ok(None);
    }
    Ok(Some(store.commit_layer(&tree).map_err(stored)?.diff_id))
}

const BUFFER: usize = 1 << 20;

fn is_empty_in(upper: &Path, path: &Path) -> bool {
    let inner = path.strip_prefix("/").unwrap_or(path);
    let look = || -> io::Result<bool> {
        let parent = File::open(upper.join(inner).parent().unwrap_or(upper))?.into();
        let name = inner.file_name().map(OsStr::as_bytes).unwrap_or_default();
        Ok(tree::stat(&parent, name)?.is_some_and(|stat| is_empty(&parent, name, &stat)))
    };
    look().unwrap_or(false)
}

fn is_without_content(tree: &Path) -> bool {
    std::fs::read_dir(tree).is_ok_and(|mut entries| entries.next().is_none())
}

/// A container that is frozen for a while, if it runs and is to be.
struct Paused<'a>(Option<(&'a Layout, &'a ContainerName)>);

impl<'a> Paused<'a> {
    fn begin(layout: &'a Layout, record: &'a ContainerRecord, wanted: bool) -> Result<Self, PauseError> {
        let status = container::status(layout, &record.id).map(|status| status.status);
        if !wanted || !matches!(status, Ok(Status::Running { .. })) {
            return Ok(Self(None));
        }
        pause(layout, &record.spec.name)?;
        Ok(Self(Some((layout, &record.spec.name))))
    }

    fn end(mut self) -> Result<(), PauseError> {
        self.0.take().map_or(Ok(()), |(layout, name)| unpause(layout, name))
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        if let Some((layout, name)) = self.0.take() {
            // The failure that leads here is told instead.
            let _ = unpause(layout, name);
        }
    }
}
