//! `cp`: copies files between the host and the containers of a service.

use crate::args::Place;
use crate::error::CommandError;
use crate::session::{Scope, Session};
use crate::show::progress::{Mark, Progress};
use crate::target;
use clap::Args;
use engine::container::{self, CopyOptions, Destination, Origin};
use engine::state::Layout;
use engine_spec::{ContainerName, Observed};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `cp`.
#[derive(Debug, Args)]
pub(crate) struct Cp {
    /// What to copy: `SERVICE:PATH`, a path, or `-` for a tar archive from stdin
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Where to: `SERVICE:PATH`, a path, or `-` for a tar archive on stdout
    #[arg(value_name = "DESTINATION")]
    destination: String,
    /// Copy into the containers of `run` too
    #[arg(long)]
    all: bool,
    /// Keep owners and groups
    #[arg(short, long)]
    archive: bool,
    /// Follow a link that the source is
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// Only this container of the service
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
}

impl Cp {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let copy = Copy { arguments: &self, session, scope: &scope, layout: &layout, observed: &observed };
        match (Place::parse(&self.source), Place::parse(&self.destination)) {
            (Place::Inside { .. }, Place::Inside { .. }) => return Err(CommandError::CopyBetweenServices),
            (Place::Inside { name: service, path }, to) => copy.take_out(service, path, &to)?,
            (from, Place::Inside { name: service, path }) => copy.bring_in(&from, service, path)?,
            (Place::Host(_) | Place::Stream, Place::Host(_) | Place::Stream) => {
                return Err(CommandError::CopyWithoutService);
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn options(&self) -> CopyOptions {
        CopyOptions { archive: self.archive, follow_link: self.follow_link }
    }
}

struct Copy<'a> {
    arguments: &'a Cp,
    session: &'a Session,
    scope: &'a Scope,
    layout: &'a Layout,
    observed: &'a Observed,
}

impl Copy<'_> {
    /// Out of the first container.
    fn take_out(&self, service: &str, path: &Path, to: &Place<'_>) -> Result<(), CommandError> {
        self.scope.service(service)?;
        let name = target::existing(self.observed, service, self.arguments.index)?.name();
        let options = self.arguments.options();
        let Place::Host(host) = to else {
            if io::stdout().is_terminal() {
                return Err(CommandError::ArchiveOnTerminal);
            }
            let archive = Destination::Archive(&mut io::stdout());
            container::copy_out(self.layout, name, path, archive, options)?;
            return Ok(());
        };
        let what = format!("{name}:{} to {}", path.display(), host.display());
        self.told(name, &what, || {
            container::copy_out(self.layout, name, path, Destination::Path(host), options)?;
            Ok(())
        })
    }

    /// Into every container, or the one of `--index`.
    fn bring_in(&self, from: &Place<'_>, service: &str, path: &Path) -> Result<(), CommandError> {
        self.scope.service(service)?;
        let mut archive = if *from == Place::Stream { Some(spooled_input()?) } else { None };
        for name in self.targets(service)? {
            let what = format!("{} to {name}:{}", self.arguments.source, path.display());
            self.told(&name, &what, || {
                let origin = match (from, &mut archive) {
                    (_, Some(archive)) => {
                        archive.seek(SeekFrom::Start(0)).map_err(CommandError::Input)?;
                        Origin::Archive(archive)
                    }
                    (Place::Host(host), None) => Origin::Path(host),
                    (Place::Inside { .. } | Place::Stream, None) => return Ok(()),
                };
                container::copy_in(self.layout, &name, origin, path, self.arguments.options())?;
                Ok(())
            })?;
        }
        Ok(())
    }

    fn targets(&self, service: &str) -> Result<Vec<ContainerName>, CommandError> {
        if self.arguments.index.is_some() {
            let found = target::existing(self.observed, service, self.arguments.index)?;
            return Ok(vec![found.name().clone()]);
        }
        let containers = target::all(self.observed, service, self.arguments.all);
        if containers.is_empty() {
            return Err(CommandError::NoSuchContainer { service: service.to_owned(), index: None });
        }
        Ok(containers.iter().map(|container| container.name().clone()).collect())
    }

    fn told(
        &self,
        name: &ContainerName,
        what: &str,
        copy: impl FnOnce() -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let progress = Progress::new(&self.session.terminal, "cp");
        let label = format!("Container {name}");
        progress.begin(&label, "Copying");
        let copied = copy();
        match &copied {
            Ok(()) => progress.end(&label, Mark::Done, &format!("Copied {what}")),
            Err(_) => progress.end(&label, Mark::Failed, "Error"),
        }
        progress.close();
        copied
    }
}

/// Standard input in a nameless file, as each container reads all of it.
fn spooled_input() -> Result<File, CommandError> {
    let path = PathBuf::from("/tmp");
    let mut file =
        nameless_file(&path).map_err(|source| CommandError::File { attempt: "write", path, source })?;
    io::copy(&mut io::stdin().lock().by_ref(), &mut file).map_err(CommandError::Input)?;
    Ok(file)
}

/// It goes with its last descriptor (open(2), `O_TMPFILE`).
fn nameless_file(folder: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().read(true).write(true).custom_flags(nix::libc::O_TMPFILE).mode(0o600).open(folder)
}
