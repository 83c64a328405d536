//! From a record to a running container, step by step, and back.

use super::attachment::{self, Attachment, Published};
use super::describe::{self, DescribeError, Description};
use super::links::{self, LinkError};
use super::storage::{self, StorageError};
use super::waiting::{self, Made};
use super::{Supervised, custody, mounts, stdio};
use crate::container::root;
use crate::network::NetworkError;
use crate::network::resolver::DnsService;
use crate::runtime::cgroup::CgroupError;
use crate::runtime::external::ExternalError;
use crate::runtime::launch::{LaunchError, Sandbox, Stdio};
use crate::runtime::rootfs::{Root, RootfsError};
use crate::runtime::seccomp::SeccompError;
use crate::runtime::spec::SpecError;
use crate::state::ProcessRef;
use crate::sys;
use engine_spec::ObservedEndpoint;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::Pid;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// The exit code of a container that could not be launched, where none is more fitting (Docker's).
pub(super) const NOT_LAUNCHED: i32 = 128;

/// Why a container does not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartFailure {
    #[error("cannot describe the container")]
    Describe(#[from] DescribeError),
    #[error("cannot mount the container's root file system")]
    Rootfs(#[from] RootfsError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("cannot make the container's control group")]
    Cgroup(#[from] CgroupError),
    #[error("cannot connect the container")]
    Network(#[from] NetworkError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error("cannot read the container's seccomp profile")]
    Seccomp(#[from] SeccompError),
    #[error("cannot tell what the container may do")]
    Spec(#[from] SpecError),
    #[error(transparent)]
    External(#[from] ExternalError),
    #[error("cannot {attempt} of the container")]
    File {
        attempt: &'static str,
        #[source]
        source: io::Error,
    },
}

impl StartFailure {
    /// What Docker would report.
    pub(super) fn exit_code(&self) -> i32 {
        match self {
            Self::Launch(error) => error.exit_code(),
            _ => NOT_LAUNCHED,
        }
    }
}

/// A container that runs, and what its supervisor holds for it.
#[derive(Debug)]
pub(super) struct Launched {
    /// Its first process.
    pub(super) init: ProcessRef,
    /// The same as a descriptor.
    pub(super) pidfd: OwnedFd,
    /// What it was launched with.
    pub(super) description: Description,
    /// Its addresses.
    pub(super) endpoints: Vec<ObservedEndpoint>,
    /// Its ports on the host.
    pub(super) published: Published,
    /// Its name server.
    pub(super) names: Option<DnsService>,
    /// Its terminal.
    pub(super) terminal: Option<OwnedFd>,
    /// Who keeps the terminal when its supervisor dies.
    pub(super) custodian: Option<ProcessRef>,
    /// Keeps its input from ending before a client has come.
    pub(super) keeper: Option<OwnedFd>,
    /// Its place in its networks.
    pub(super) attachment: Attachment,
}

/// Launches a container from its record.
pub(super) fn launch(supervised: &Supervised) -> Result<Launched, StartFailure> {
    storage::limit(supervised)?;
    let root = root::overlay(&supervised.layout, &supervised.record).mount()?;
    let (stdio, keeper) = stdio_of(supervised)?;
    let launched = launch_in(supervised, root, stdio)?;
    Ok(Launched { keeper, ..launched })
}

/// Launches a container in `root`. What it made before it failed is cleaned by [`clean`].
pub(super) fn launch_in(supervised: &Supervised, root: Root, stdio: Stdio) -> Result<Launched, StartFailure> {
    links::check(supervised)?;
    let attachment = Attachment::lease(supervised)?;
    attachment.write_files(supervised).map_err(file("write the /etc files"))?;
    mounts::prepare(supervised).map_err(DescribeError::from)?;
    let description = describe::describe(supervised, &root)?;
    description.cgroup.create(&resources(&description))?;
    let sandbox = Sandbox {
        spec: description.spec.clone(),
        root,
        cgroup: description.cgroup.clone(),
        seccomp: description.seccomp.clone(),
        stdio,
        init: supervised.record.spec.init,
        bundle: supervised.folder.run().join("bundle"),
    };
    let Made { waiting, descriptors, terminal } = waiting::make(supervised, sandbox, &attachment)?;
    if let Some(terminal) = &terminal {
        prepare(terminal, supervised.window).map_err(file("prepare the terminal"))?;
    }
    let names = attachment.serve_names(supervised, descriptors)?;
    let published = attachment.publish(supervised)?;
    attachment.announce(supervised)?;
    let running = waiting.start()?;
    // Without one the terminal is lost with this process, and nothing else.
    let custodian = terminal
        .as_ref()
        .and_then(|terminal| custody::begin(&supervised.record.id, terminal, running.pidfd.as_fd()).ok());
    Ok(Launched {
        init: reference(running.pid)?,
        pidfd: running.pidfd,
        description,
        endpoints: attachment.observed(),
        published,
        names,
        terminal,
        custodian,
        keeper: None,
        attachment,
    })
}

/// Removes what a run of the container left: its processes, control group, names and ports.
///
/// Goes on after a failure and returns the first; does nothing where nothing is left.
pub(super) fn clean(supervised: &Supervised) -> Result<(), StartFailure> {
    let record = &supervised.record;
    let cgroup = describe::cgroup_of(&supervised.layout, &record.id, &record.spec);
    let killed = cgroup.kill();
    let forgotten = waiting::forget(supervised);
    let withdrawn = attachment::withdraw(supervised);
    let removed = cgroup.remove();
    let released = mounts::release(supervised).map_err(file("unmount the volumes and images"));
    killed?;
    forgotten?;
    withdrawn?;
    removed?;
    released
}

fn resources(description: &Description) -> oci_spec::runtime::LinuxResources {
    let linux = description.spec.linux().as_ref();
    linux.and_then(|linux| linux.resources().clone()).unwrap_or_default()
}

fn stdio_of(supervised: &Supervised) -> Result<(Stdio, Option<OwnedFd>), StartFailure> {
    let process = &supervised.record.spec.process;
    if process.tty {
        return Ok((Stdio::Terminal, None));
    }
    let ends = stdio::container_ends(&supervised.folder, process);
    let stdio::Ends { streams, keeper } = ends.map_err(file("open the standard streams"))?;
    Ok((Stdio::Files(streams), keeper))
}

/// A client may fill its input; its supervisor must not wait for it. A wrong size is no reason not to run.
fn prepare(terminal: &OwnedFd, window: Option<(u16, u16)>) -> io::Result<()> {
    if let Some((rows, columns)) = window {
        let _ = sys::set_window_size(terminal.as_fd(), rows, columns);
    }
    fcntl(terminal, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK))?;
    Ok(())
}

fn reference(pid: Pid) -> Result<ProcessRef, StartFailure> {
    ProcessRef::of(pid).map_err(file("read the start time"))
}

fn file(attempt: &'static str) -> impl Fn(io::Error) -> StartFailure {
    move |source| StartFailure::File { attempt, source }
}
