//! Images into an archive or a folder that is an OCI layout and a docker-archive at once.
//!
//! Blobs come first and the lists last, so what was broken off has no list. The same images give the
//! same bytes.

use super::{
    DockerImage, INDEX_FILE, LAYOUT_FILE, LAYOUT_TEXT, MANIFEST_FILE, NAME_ANNOTATION, TAG_ANNOTATION,
    blob_path,
};
use crate::image::layer::{Entry, EntryKind, TarWriter, Time};
use crate::image::manifest::{Descriptor, Manifest, ManifestError, OCI_INDEX};
use crate::image::{Image, Store, StoreError};
use engine_spec::{Digest, ImageAction, ImageReference};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Large enough that a read costs little beside the writing.
const BUFFER: usize = 256 << 10;

/// Images were not all written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The store could not give one.
    #[error("cannot read an image from the store")]
    Store(#[from] StoreError),
    /// A manifest of the store cannot be used.
    #[error("cannot use the manifest of an image")]
    Manifest(#[from] ManifestError),
    /// The archive, or a file of the folder, could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// Which of its files.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// An image to be written, and the names that are to go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Which.
    pub image: Image,
    /// Its names.
    pub names: Vec<ImageReference>,
}

/// Writes images to an archive.
///
/// # Errors
/// Says what could not be read or written.
pub fn save(store: &Store, images: &[Saved], sink: impl Write) -> Result<(), SaveError> {
    let mut tar = Tar { writer: TarWriter::new(sink), buffer: vec![0; BUFFER], folders: BTreeSet::new() };
    write(store, images, &mut tar)?;
    let ended = tar.writer.finish().and_then(|mut sink| sink.flush());
    ended.map_err(|source| SaveError::Write { path: "the archive's end".to_owned(), source })
}

/// Writes images to a folder.
///
/// # Errors
/// Says what could not be read or written.
pub fn save_folder(store: &Store, images: &[Saved], folder: &Path) -> Result<(), SaveError> {
    write(store, images, &mut Layout(folder.to_owned()))
}

/// Where files go.
trait Files {
    /// A file of exactly `size` bytes.
    fn file(&mut self, path: &str, size: u64, data: &mut dyn Read) -> io::Result<()>;
}

struct Tar<W> {
    writer: TarWriter<W>,
    buffer: Vec<u8>,
    folders: BTreeSet<String>,
}

impl<W: Write> Files for Tar<W> {
    fn file(&mut self, path: &str, size: u64, mut data: &mut dyn Read) -> io::Result<()> {
        for (slash, _) in path.match_indices('/') {
            if self.folders.insert(path[..slash].to_owned()) {
                let folder = entry(&path[..=slash], EntryKind::Directory, 0o755);
                self.writer.append(&folder, &mut io::empty(), &mut self.buffer)?;
            }
        }
        self.writer.append(&entry(path, EntryKind::File(size), 0o644), &mut data, &mut self.buffer)
    }
}

fn entry(path: &str, kind: EntryKind, mode: u32) -> Entry {
    let (path, modified) = (path.as_bytes().to_vec(), Time::default());
    Entry { path, kind, mode, uid: 0, gid: 0, modified, xattrs: Vec::new() }
}

struct Layout(PathBuf);

impl Files for Layout {
    fn file(&mut self, path: &str, _size: u64, data: &mut dyn Read) -> io::Result<()> {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
        io::copy(data, &mut File::create(path)?).map(drop)
    }
}

fn write(store: &Store, images: &[Saved], files: &mut dyn Files) -> Result<(), SaveError> {
    let mut saver = Saver { store, files, written: BTreeSet::new() };
    let (mut entries, mut list) = (Vec::new(), Vec::new());
    for saved in images {
        let image = store.whole(&saved.image)?;
        let saved = &Saved { image: image.clone(), names: saved.names.clone() };
        let manifest_text = store.read_blob(&saved.image.manifest)?;
        let manifest: Manifest = serde_json::from_slice(&manifest_text).map_err(ManifestError::Malformed)?;
        for (layer, diff_id) in manifest.layers.iter().zip(&saved.image.layers) {
            saver.layer(layer, diff_id)?;
        }
        saver.document(&saved.image.id, &store.read_blob(&saved.image.id)?)?;
        saver.document(&saved.image.manifest, &manifest_text)?;
        entries.extend(descriptors(saved, &manifest, manifest_text.len() as u64));
        list.push(listed(saved, &manifest));
        store.note(Some(&saved.image.id), saved.names.first(), ImageAction::Save);
    }
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
    saver.list(INDEX_FILE, &index)?;
    saver.list(MANIFEST_FILE, &serde_json::to_value(list).map_err(ManifestError::Malformed)?)?;
    saver.bytes(LAYOUT_FILE, LAYOUT_TEXT)
}

/// One entry of the index for each name, and one for an image without any.
fn descriptors(saved: &Saved, manifest: &Manifest, size: u64) -> Vec<Descriptor> {
    let mut descriptor = Descriptor::new(manifest.media_type(), saved.image.manifest.clone(), size);
    descriptor.platform = Some(saved.image.platform.clone());
    let of_name = |name: &ImageReference| {
        let mut named = descriptor.clone();
        named.annotations.insert(NAME_ANNOTATION.to_owned(), Value::from(name.canonical()));
        named.annotations.extend(name.tag().map(|tag| (TAG_ANNOTATION.to_owned(), Value::from(tag))));
        named
    };
    if saved.names.is_empty() { vec![descriptor] } else { saved.names.iter().map(of_name).collect() }
}

fn listed(saved: &Saved, manifest: &Manifest) -> DockerImage {
    DockerImage {
        config: blob_path(&saved.image.id),
        repo_tags: (!saved.names.is_empty()).then(|| saved.names.iter().map(ToString::to_string).collect()),
        layers: Some(manifest.layers.iter().map(|layer| blob_path(&layer.digest)).collect()),
    }
}

struct Saver<'a> {
    store: &'a Store,
    files: &'a mut dyn Files,
    /// Blobs that several images share are written once.
    written: BTreeSet<Digest>,
}

impl Saver<'_> {
    /// The blob as it was pulled, else the archive that the layer's tree gives.
    fn layer(&mut self, layer: &Descriptor, diff_id: &Digest) -> Result<(), SaveError> {
        if !self.written.insert(layer.digest.clone()) {
            return Ok(());
        }
        let path = blob_path(&layer.digest);
        if self.store.has_blob(&layer.digest) {
            let blob = self.store.layout().blob(&layer.digest);
            let mut file = File::open(&blob).map_err(StoreError::io("read", blob))?;
            return self.file(&path, layer.size, &mut file);
        }
        // Written by one thread, read by the archive's: a layer does not fit into memory.
        let (mut reader, writer) =
            io::pipe().map_err(|source| SaveError::Write { path: path.clone(), source })?;
        std::thread::scope(|scope| {
            let store = self.store;
            let writing = scope
                .spawn(move || store.write_archive(diff_id, io::BufWriter::with_capacity(BUFFER, writer)));
            let written = self.file(&path, layer.size, &mut reader);
            drop(reader);
            // A reader that gave up breaks the writer's pipe; the reader's word counts.
            let archived = writing.join().expect("the archive's thread does not panic");
            written.and_then(|()| archived.map(drop).map_err(SaveError::from))
        })
    }

    fn document(&mut self, digest: &Digest, text: &[u8]) -> Result<(), SaveError> {
        if self.written.insert(digest.clone()) { self.bytes(&blob_path(digest), text) } else { Ok(()) }
    }

    fn list(&mut self, path: &str, value: &Value) -> Result<(), SaveError> {
        self.bytes(path, value.to_string().as_bytes())
    }

    fn bytes(&mut self, path: &str, mut text: &[u8]) -> Result<(), SaveError> {
        self.file(path, text.len() as u64, &mut text)
    }

    fn file(&mut self, path: &str, size: u64, data: &mut dyn Read) -> Result<(), SaveError> {
        self.files.file(path, size, data).map_err(|source| SaveError::Write { path: path.to_owned(), source })
    }
}
