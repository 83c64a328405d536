//! `image save`: writes images to an archive or a folder.

use super::error::ImageCommandError;
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use engine::image::Store;
use engine::image::archive::{self, SaveError, Saved};
use engine_spec::ImageReference;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `image save`.
#[derive(Debug, Args)]
pub(crate) struct Save {
    /// The images; a name without a tag means all of its tags
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Write to this file instead of stdout, or to this folder if it is one or ends with `/`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Save {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        let mut images: Vec<Saved> = Vec::new();
        for text in &self.images {
            for saved in select(&store, text)? {
                match images.iter_mut().find(|known| known.image.id == saved.image.id) {
                    Some(known) => known.names.extend(saved.names),
                    None => images.push(saved),
                }
            }
        }
        let refuse = |source| ImageCommandError::Save(Box::new(source));
        match &self.output {
            Some(path) if is_folder(path) => archive::save_folder(&store, &images, path).map_err(refuse)?,
            Some(path) => to_file(path, |file| archive::save(&store, &images, file)).map_err(refuse)?,
            None if io::stdout().is_terminal() => return Err(CommandError::ArchiveOnTerminal),
            None => archive::save(&store, &images, BufWriter::new(io::stdout().lock())).map_err(refuse)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// An image by id or full name, or all that share a name without its tag.
fn select(store: &Store, text: &str) -> Result<Vec<Saved>, CommandError> {
    if let Ok(wanted) = ImageReference::parse(text)
        && !text.contains('@')
        && !text.rsplit('/').next().unwrap_or(text).contains(':')
    {
        let same = |name: &&ImageReference| name.familiar_repository() == wanted.familiar_repository();
        let tagged = store.list()?.into_iter().map(|(image, names)| Saved {
            names: names.iter().filter(same).filter(|name| name.tag().is_some()).cloned().collect(),
            image,
        });
        let tagged: Vec<_> = tagged.filter(|saved| !saved.names.is_empty()).collect();
        if !tagged.is_empty() {
            return Ok(tagged);
        }
    }
    let image = super::find(store, text)?;
    let name = ImageReference::parse(text).ok();
    let named =
        name.filter(|name| name.tag().is_some() && store.find(name).is_ok_and(|found| found.is_some()));
    Ok(vec![Saved { image, names: named.into_iter().collect() }])
}

fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// A regular file is there when it is whole; a pipe or device is written as it is.
fn to_file(
    path: &Path,
    write: impl FnOnce(BufWriter<File>) -> Result<(), SaveError>,
) -> Result<(), SaveError> {
    let failed = |source| SaveError::Write { path: path.display().to_string(), source };
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return write(BufWriter::new(File::create(path).map_err(failed)?));
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let half = PathBuf::from(name);
    let written = File::create(&half).map_err(failed).and_then(|file| write(BufWriter::new(file)));
    match written.and_then(|()| fs::rename(&half, path).map_err(failed)) {
        Ok(()) => Ok(()),
        Err(error) => {
            let _ = fs::remove_file(&half);
            Err(error)
        }
    }
}
