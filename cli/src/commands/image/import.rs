//! `image import`: makes an image from an archive of a root file system.

use clap::Args;
use engine_spec::ImageReference;
use std::path::PathBuf;

/// Options of `image import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A tar archive, plain or compressed; `-` is stdin
    #[arg(value_name = "FILE")]
    archive: PathBuf,
    /// The name of the image
    #[arg(value_name = "NAME")]
    image: Option<ImageReference>,
    /// Apply a Dockerfile instruction, such as `CMD ["sh"]`
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
}
