//! `image build`: an image from a Dockerfile, for those who come from `docker build`.
//!
//! ```text
//! flags ──► a Compose build section ── compose::load, plan::single_build ──► BuildSpec
//! ```

use crate::acquire::build_one;
use crate::error::CommandError;
use crate::output;
use crate::progress::Progress;
use crate::session::Session;
use crate::unwritten::{self, literal};
use clap::Args;
use compose::plan;
use engine_spec::{BuildSpec, ServiceName};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;
use std::sync::Arc;

/// The service's name in its file; nobody gets to see it.
const NAME: &str = "image";

/// Options of `image build`.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// What COPY and ADD read from: a folder
    #[arg(value_name = "CONTEXT")]
    context: String,
    /// Give the image this name; may be given several times
    #[arg(short, long = "tag", value_name = "NAME[:TAG]")]
    tags: Vec<String>,
    /// Read this Dockerfile [default: Dockerfile in the context]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Set a build argument; without a value it is taken from the environment
    #[arg(long = "build-arg", value_name = "NAME[=VALUE]")]
    build_args: Vec<String>,
    /// Stop at this stage
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Add a label to the image
    #[arg(long = "label", value_name = "NAME[=VALUE]")]
    labels: Vec<String>,
    /// Use nothing from earlier builds
    #[arg(long)]
    no_cache: bool,
    /// Fetch base images even if they are there
    #[arg(long)]
    pull: bool,
    /// Build for this platform
    #[arg(long, value_name = "OS/ARCHITECTURE")]
    platform: Option<String>,
    /// The network of RUN steps: `default`, `host` or `none`
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// Add a line to /etc/hosts of RUN steps
    #[arg(long = "add-host", value_name = "HOST:ADDRESS")]
    hosts: Vec<String>,
    /// Write the image's id to this file
    #[arg(long, value_name = "FILE")]
    iidfile: Option<PathBuf>,
    /// Print the image's id only
    #[arg(short, long)]
    quiet: bool,
}

impl Build {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let spec = self.spec(session)?;
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
        Ok(ExitCode::SUCCESS)
    }

    fn spec(&self, session: &Session) -> Result<BuildSpec, CommandError> {
        let mut service = json!({ "build": self.section()? });
        if let Some(platform) = &self.platform {
            service["platform"] = literal(platform);
        }
        let file = json!({ "name": NAME, "services": { NAME: service } });
        let project = unwritten::load(session, &file)?;
        Ok(plan::single_build(&project, &ServiceName::new(NAME)?)?)
    }

    /// The build section that the flags stand for.
    fn section(&self) -> Result<Value, CommandError> {
        let mut section = Map::new();
        let texts = |items: &[String]| Value::Array(items.iter().map(|item| literal(item)).collect());
        section.insert("context".into(), literal(&self.context));
        for (key, text) in [("target", &self.target), ("network", &self.network)] {
            section.extend(text.as_ref().map(|text| (key.to_owned(), literal(text))));
        }
        if let Some(file) = &self.file {
            section.insert("dockerfile".into(), literal(&in_current_folder(file)?.to_string_lossy()));
        }
        for (key, items) in [
            ("args", &self.build_args),
            ("labels", &self.labels),
            ("tags", &self.tags),
            ("extra_hosts", &self.hosts),
        ] {
            section.insert(key.into(), texts(items));
        }
        section.insert("no_cache".into(), self.no_cache.into());
        section.insert("pull".into(), self.pull.into());
        Ok(Value::Object(section))
    }
}

/// A Dockerfile named on the command line is not looked for in the context.
fn in_current_folder(path: &Path) -> Result<PathBuf, CommandError> {
    absolute(path).map_err(CommandError::CurrentFolder)
}
