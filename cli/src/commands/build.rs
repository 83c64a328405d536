//! `build`: builds the images of services.

use clap::Args;

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
    /// Push the images when they are built
    #[arg(long)]
    push: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// Build what the services depend on too
    #[arg(long)]
    with_dependencies: bool,
}

impl Build {
    pub(super) fn run(
        self,
        _session: &crate::session::Session,
    ) -> Result<std::process::ExitCode, crate::error::CommandError> {
        todo!()
    }
}
