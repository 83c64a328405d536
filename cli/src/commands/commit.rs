//! `commit`: makes an image of a container as it is.

use crate::args::CommitFlags;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::progress::{Mark, Progress};
use crate::target;
use clap::Args;
use engine::container;
use engine_spec::ImageReference;
use std::process::ExitCode;

/// Options of `commit`.
#[derive(Debug, Args)]
pub(crate) struct Commit {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The name of the image
    #[arg(value_name = "IMAGE[:TAG]")]
    image: Option<ImageReference>,
    /// How it is made.
    #[command(flatten)]
    flags: CommitFlags,
    /// Choose among several containers of the service
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
}

impl Commit {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        scope.service(&self.service)?;
        let name = target::existing(&observed, &self.service, self.index)?.name();
        let progress = Progress::new(&session.terminal, "commit");
        let label = format!("Container {name}");
        progress.begin(&label, "Committing");
        let committed = container::commit(&layout, name, self.image.as_ref(), &self.flags.into());
        match &committed {
            Ok(id) => progress.end(&label, Mark::Done, &format!("Committed as {id}")),
            Err(_) => progress.end(&label, Mark::Failed, "Error"),
        }
        progress.close();
        committed?;
        Ok(ExitCode::SUCCESS)
    }
}
