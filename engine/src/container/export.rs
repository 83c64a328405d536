//! A container's files as one archive, without its volumes.

use super::files::walk::{Reach, Sink, WalkError, walk};
use super::files::{self, FilesError, record_of};
use crate::image::layer::{Entry, TarWriter};
use crate::state::{Layout, events};
use engine_spec::{ContainerAction, ContainerName};
use nix::fcntl::OFlag;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A container's files could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// They could not be reached.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// One of them could not be read, or the archive not written.
    #[error("cannot export {} of container {name}", path.display())]
    File {
        /// Which container.
        name: ContainerName,
        /// Which file, from its root.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes a container's files as an uncompressed tar archive; where something is mounted, an empty file
/// or folder.
///
/// # Errors
/// Says what could not be read or written.
pub fn export(layout: &Layout, name: &ContainerName, to: &mut (dyn Write + Send)) -> Result<(), ExportError> {
    let failed = |path: PathBuf, source| ExportError::File {
        name: name.clone(),
        path: Path::new("/").join(path),
        source,
    };
    let record = record_of(layout, name)?;
    let root = files::own_files(layout, &record)?;
    let folder = root.open(Path::new("/"), OFlag::O_PATH | OFlag::O_DIRECTORY);
    let folder = folder.map_err(|errno| failed(PathBuf::new(), errno.into()))?;
    let mut archive = Archive { writer: TarWriter::new(to), buffer: vec![0; BUFFER] };
    walk(&folder, b"", b"", Reach::OneMount, &mut archive)
        .map_err(|WalkError { path, source }| failed(path, source))?;
    archive.writer.finish().map_err(|source| failed(PathBuf::new(), source))?;
    events::note_container(layout, &record, ContainerAction::Export);
    Ok(())
}

/// Large enough that most files are one read.
const BUFFER: usize = 256 << 10;

struct Archive<'a> {
    writer: TarWriter<&'a mut (dyn Write + Send)>,
    buffer: Vec<u8>,
}

impl Sink for Archive<'_> {
    fn append(&mut self, entry: &Entry, mut data: &mut dyn Read) -> io::Result<()> {
        // The root folder itself is nobody's to change where the archive is unpacked.
        if entry.path == b"./" {
            return Ok(());
        }
        self.writer.append(entry, &mut data, &mut self.buffer)
    }
}
