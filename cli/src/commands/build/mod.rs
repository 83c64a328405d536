//! `build`: builds the images of services.

mod bake;

use super::push::{built_images, push_all};
use crate::apply::acquire::{acquire, check};
use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use crate::show::output;
use crate::show::progress::Progress;
use clap::Args;
use compose::graph::Selection;
use compose::load::Depth;
use compose::model::Project;
use compose::plan::{self, BuildChoice, ImageOptions, ImagePlan};
use engine::build::BuildRequest;
use engine::image::Store;
use engine::state::Layout;
use engine_spec::{BuildSpec, ServiceName, SshSource};
use std::process::ExitCode;
use std::sync::Arc;

/// Options of `build`.
#[derive(Debug, Default, Args)]
pub(crate) struct Build {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Set a build argument; without a value it is taken from the environment
    #[arg(long, value_name = "NAME[=VALUE]")]
    build_arg: Vec<String>,
    /// Use nothing from earlier builds
    #[arg(long)]
    no_cache: bool,
    /// Fetch base images even if they are there
    #[arg(long)]
    pull: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// Push the images to their registries
    #[arg(long)]
    push: bool,
    /// Accepted for docker compose; there is one builder
    #[arg(long, hide = true, value_name = "NAME")]
    builder: Option<String>,
    /// Accepted for docker compose; its builder has no limit either
    #[arg(short, long, hide = true, value_name = "BYTES")]
    memory: Option<String>,
    /// Build what the services depend on too
    #[arg(long)]
    with_dependencies: bool,
    /// Let RUN steps ask for an SSH agent
    #[arg(long, value_name = "default|ID=SOCKET")]
    ssh: Vec<String>,
    /// Print what is doubtful in the Dockerfiles, and build nothing
    #[arg(long)]
    check: bool,
    /// Print the equivalent bake file, and build nothing
    #[arg(long)]
    print: bool,
    /// Accepted for docker compose; no attestation is made
    #[arg(long, hide = true, value_name = "ATTESTATION")]
    provenance: Option<String>,
    /// Accepted for docker compose; no attestation is made
    #[arg(long, hide = true, value_name = "ATTESTATION")]
    sbom: Option<String>,
}

impl Build {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let project = session.project(Depth::Contents)?;
        let selection = Selection::of(&project, &self.services, self.with_dependencies)?;
        let layout = session.layout()?;
        let options = ImageOptions { build: BuildChoice::Always, ..ImageOptions::default() };
        let mut builds = plan::images(&project, &selection, &options, &Store::open(&layout).names()?)?.builds;
        builds.iter_mut().for_each(|(_, spec)| self.adjust(spec, &project));
        if self.print {
            output::print_lines([serde_json::to_string_pretty(&bake::file(&builds))?])?;
        } else if builds.is_empty() {
            report::warning("no services to build", &session.terminal);
        } else if self.check {
            let request = |(service, spec): (ServiceName, _)| BuildRequest { id: service.to_string(), spec };
            return check(session, &layout, &builds.into_iter().map(request).collect::<Vec<_>>());
        } else if session.global.dry_run {
            output::print_lines(builds.iter().map(|(service, _)| format!("build the image of {service}")))?;
        } else {
            self.build(session, &layout, &project, builds)?;
            if self.push {
                let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "push"));
                let images = built_images(&project, &selection)?;
                push_all(session, &Store::open(&layout), &progress, &images, false)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn build(
        &self,
        session: &Session,
        layout: &Layout,
        project: &Project,
        builds: Vec<(ServiceName, BuildSpec)>,
    ) -> Result<(), CommandError> {
        let progress = Arc::new(Progress::unless(self.quiet, &session.terminal, "build"));
        let result = acquire(session, layout, project, ImagePlan { pulls: Vec::new(), builds }, &progress);
        progress.close();
        result
    }

    /// What the command line says wins over the file.
    fn adjust(&self, spec: &mut BuildSpec, project: &Project) {
        spec.no_cache |= self.no_cache;
        spec.pull |= self.pull;
        for argument in &self.build_arg {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), project.environment.get(argument).cloned()),
            };
            spec.args.insert(name.to_owned(), value);
        }
        for agent in &self.ssh {
            let (id, source) = match agent.split_once('=') {
                Some((id, socket)) => (id, SshSource::Socket(socket.into())),
                None => (agent.as_str(), SshSource::Agent),
            };
            spec.ssh.insert(id.to_owned(), source);
        }
    }
}
