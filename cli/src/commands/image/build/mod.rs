//! `image build`: an image from a Dockerfile, for those who come from `docker build`.
//!
//! ```text
//! flags ── section ──► a Compose build section ── compose::load, plan::single_build ──► BuildSpec
//! ```

mod given;
mod section;

use crate::apply::acquire::{build_one, check};
use crate::commands::push::push_all;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use crate::show::progress::Progress;
use crate::unwritten::{self, literal};
use clap::Args;
use compose::plan;
use engine::build::BuildRequest;
use engine::image::Store;
use engine_spec::{BuildSpec, ContextSource, ServiceName};
use given::Given;
use section::{SectionFlags, Written};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// The service's name in its file; nobody gets to see it.
const NAME: &str = "image";

/// Options of `image build`.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// What COPY and ADD read from: a folder, a Git repository, the address of an archive, or `-`, an
    /// archive or a lone Dockerfile on stdin
    #[arg(value_name = "CONTEXT")]
    context: String,
    /// Read this Dockerfile; `-` is stdin [default: Dockerfile in the context]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    section: SectionFlags,
    /// Build for this platform
    #[arg(long, value_name = "OS/ARCHITECTURE")]
    platform: Option<String>,
    /// Make one layer of all that is added to the base image
    #[arg(long)]
    squash: bool,
    /// Print what is doubtful in the Dockerfile, and build nothing
    #[arg(long)]
    check: bool,
    /// Push the image to its registry
    #[arg(long)]
    push: bool,
    /// Write the image's id to this file
    #[arg(long, value_name = "FILE")]
    iidfile: Option<PathBuf>,
    /// Print the image's id only
    #[arg(short, long)]
    quiet: bool,
    /// Accepted for docker: images always go to the store
    #[arg(long, hide = true)]
    load: bool,
    /// Accepted for docker: nothing is left of steps
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true)]
    rm: Option<Option<bool>>,
    /// Accepted for docker: nothing is left of steps
    #[arg(long, hide = true)]
    force_rm: bool,
    /// Accepted for docker: there is one builder
    #[arg(long, hide = true, value_name = "NAME")]
    builder: Option<String>,
    /// Accepted for docker: no attestation is made
    #[arg(long, hide = true, value_name = "ATTESTATION")]
    provenance: Option<String>,
    /// Accepted for docker: no attestation is made
    #[arg(long, hide = true, value_name = "ATTESTATION")]
    sbom: Option<String>,
}

impl Build {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let given = Given::read(&self.context, self.file.as_deref())?;
        let spec = self.spec(session, &given)?;
        if self.check {
            return check(session, &layout, &[BuildRequest { id: String::new(), spec }]);
        }
        let tags = spec.tags.clone();
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "build"));
        let image = build_one(session, &layout, spec, &progress);
        progress.close();
        let id = image?.id.to_string();
        if let Some(path) = &self.iidfile {
            let written = std::fs::write(path, &id);
            written.map_err(|source| CommandError::File { attempt: "write", path: path.clone(), source })?;
        }
        if self.quiet {
            output::print_lines([id])?;
        }
        if self.push {
            let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "push"));
            push_all(session, &Store::open(&layout), &progress, &tags, false)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn spec(&self, session: &Session, given: &Given) -> Result<BuildSpec, CommandError> {
        let Written { mut section, secrets } = self.section.write()?;
        section.insert("context".into(), literal(given.context()));
        if let Some((key, value)) = given.dockerfile()? {
            section.insert(key.into(), literal(&value));
        }
        let mut service = json!({ "build": section });
        if let Some(platform) = &self.platform {
            service["platform"] = literal(platform);
        }
        let file = json!({ "name": NAME, "services": { NAME: service }, "secrets": secrets });
        let project = unwritten::load(session, &file)?;
        let mut spec = plan::single_build(&project, &ServiceName::new(NAME)?)?;
        spec.squash = self.squash;
        if let Some(archive) = given.archive() {
            spec.context = ContextSource::Archive(archive);
        }
        Ok(spec)
    }
}
