//! The process that runs one command of a build.

use super::mount::{self, MountError};
use super::stub::Stubs;
use super::{StepSpec, take_over};
use crate::container::folder::Folder;
use crate::network::{self, NetworkError, lease, names};
use crate::runtime::launch::Stdio;
use crate::runtime::rootfs::{Durability, Overlay, RootfsError};
use crate::state::Layout;
use crate::state::container::ContainerRecord;
use crate::supervisor::detach;
use crate::supervisor::failure::Failure;
use crate::supervisor::launch::{self, Launched, StartFailure};
use crate::supervisor::message::{self, Answer};
use crate::supervisor::poll::timeout;
use crate::supervisor::presence::{self, Claim, Presence};
use crate::supervisor::{Supervised, entered};
use engine_spec::{
    BuildNetwork, ContainerId, ContainerName, ContainerSpec, Digest, EndpointSpec, ImageConfig,
    ImageReference, NetworkMode,
};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

/// The host name BuildKit gives its steps.
const HOSTNAME: &str = "buildkitsandbox";

/// Where a step's mounts are made ready, below its run folder.
const MOUNTS: &str = "mounts";

/// The exit code of a command that ended unseen.
const LOST: i32 = 255;

/// Why a step's command was not run.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("cannot {attempt} of the build step")]
    File {
        attempt: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("another step has the id {0}")]
    Taken(String),
    #[error("cannot prepare the network of the build step")]
    Network(#[from] NetworkError),
    #[error("cannot mount the file system of the build step")]
    Rootfs(#[from] RootfsError),
    #[error(transparent)]
    Mount(#[from] MountError),
    #[error(transparent)]
    Start(#[from] StartFailure),
}

/// Runs the step that arrives on standard input, and answers there.
pub(in crate::supervisor) fn main(layout: &Layout) -> ExitCode {
    let caller = io::stdin();
    let Ok(Some(step)) = take_over(&caller) else { return ExitCode::FAILURE };
    let answer = match serve(layout, &step) {
        Ok(exit_code) => Answer::Exited { exit_code },
        Err(error) => Answer::Failed(Failure::of(&error, None)),
    };
    match message::send(&caller, &answer, &[]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(layout: &Layout, step: &StepSpec) -> Result<i32, ServeError> {
    let file = |attempt| move |source| ServeError::File { attempt, source };
    let signals = detach::take_signals().map_err(file("block the signals"))?;
    let mut supervised = supervised(layout, step)?;
    let claimed = Presence::claim(&supervised.folder).map_err(file("make the run folder"))?;
    let Claim::Taken(_presence) = claimed else { return Err(ServeError::Taken(step.id.clone())) };
    supervised.record.spec.mounts =
        mount::prepare(&step.options.mounts, &supervised.folder.run().join(MOUNTS))?;
    let ended = launch(&supervised, step).and_then(|(launched, stubs)| {
        let exit_code = wait(launched, signals.as_fd()).map_err(file("wait for the end"))?;
        Ok((exit_code, stubs))
    });
    let left = leave(&supervised);
    let (exit_code, stubs) = ended?;
    left?;
    stubs.remove(&step.upper).map_err(file("tidy the upper folder"))?;
    Ok(exit_code)
}

fn launch(supervised: &Supervised, step: &StepSpec) -> Result<(Launched, Stubs), ServeError> {
    let overlay = Overlay {
        layers: step.layers.clone(),
        upper: step.upper.clone(),
        work: step.work.clone(),
        durability: Durability::Deferred,
    };
    let root = overlay.mount()?;
    let stubs = Stubs::missing_in(&root, &step.options.mounts);
    let stdio = streams().map_err(|source| ServeError::File { attempt: "open the output", source })?;
    Ok((launch::launch_in(supervised, root, Stdio::Files(stdio))?, stubs))
}

/// Empty input, and our own output, of which we keep nothing.
fn streams() -> io::Result<[OwnedFd; 3]> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let stdout = io::stdout().as_fd().try_clone_to_owned()?;
    let stderr = io::stderr().as_fd().try_clone_to_owned()?;
    nix::unistd::dup2_stdout(&null)?;
    nix::unistd::dup2_stderr(&null)?;
    Ok([null.into(), stdout, stderr])
}

/// A container of which nothing is recorded: repair finds its run folder and kills its control group.
fn supervised(layout: &Layout, step: &StepSpec) -> Result<Supervised, ServeError> {
    let id = ContainerId::from_random(Sha256::digest(step.id.as_bytes()).into());
    let image = ImageReference::parse("scratch").expect("a valid name");
    let name = ContainerName::new(id.as_str()).expect("64 hex digits are a valid name");
    let mut spec = ContainerSpec::new(name, image, Digest::from_sha256([0; 32]));
    spec.process.entrypoint = Some(step.arguments.clone());
    spec.process.working_dir = Some(step.working_dir.clone());
    spec.process.user.clone_from(&step.user);
    let options = &step.options;
    spec.hostname = Some(options.hostname.clone().unwrap_or_else(|| HOSTNAME.to_owned()));
    spec.security.privileged = options.is_insecure;
    spec.devices.cdi.clone_from(&options.devices);
    spec.resources.shm_size = options.shm_size;
    spec.resources.ulimits.clone_from(&options.ulimits);
    spec.extra_hosts.clone_from(&step.extra_hosts);
    spec.network = match step.network {
        BuildNetwork::None => NetworkMode::None,
        BuildNetwork::Host => NetworkMode::Host,
        BuildNetwork::Default => NetworkMode::Networks { endpoints: vec![default_endpoint(layout)?] },
    };
    let image = ImageConfig { environment: step.environment.clone(), ..ImageConfig::default() };
    let created_at = SystemTime::now();
    let record = ContainerRecord {
        id: id.clone(),
        spec,
        image,
        layers: Vec::new(),
        created_at,
        volumes: Default::default(),
        inherited: Vec::new(),
        mounted_images: Default::default(),
    };
    Ok(Supervised { layout: layout.clone(), record, folder: Folder::of(layout, &id), window: None })
}

fn default_endpoint(layout: &Layout) -> Result<EndpointSpec, NetworkError> {
    Ok(EndpointSpec::new(network::ensure_default(layout)?.spec.name))
}

/// Serves names until the command has ended; kills it when the builder has gone or a signal asks for it.
fn wait(mut launched: Launched, signals: BorrowedFd<'_>) -> io::Result<i32> {
    let stdin = io::stdin();
    let mut is_killed = false;
    loop {
        let mut polled = vec![PollFd::new(launched.pidfd.as_fd(), PollFlags::POLLIN)];
        if !is_killed {
            polled.extend([stdin.as_fd(), signals].map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        }
        let others = polled.len();
        let names = launched.names.iter().flat_map(|names| names.descriptors());
        polled.extend(names.map(|(fd, flags)| PollFd::new(fd, flags)));
        let deadline = launched.names.as_ref().and_then(|names| names.next_deadline());
        match poll(&mut polled, timeout(deadline, Instant::now())) {
            Err(Errno::EINTR) => continue,
            counted => counted?,
        };
        let has_happened = |polled: &PollFd<'_>| polled.any().unwrap_or(true);
        let has_ended = has_happened(&polled[0]);
        let is_unwanted = polled[1..others].iter().any(has_happened);
        let asked: Vec<RawFd> = polled[others..]
            .iter()
            .filter(|polled| has_happened(polled))
            .map(|polled| polled.as_fd().as_raw_fd())
            .collect();
        drop(polled);
        if has_ended {
            return Ok(entered::reap(launched.pidfd.as_fd()).unwrap_or(LOST));
        }
        if is_unwanted {
            is_killed = true;
            launched.description.cgroup.kill().map_err(io::Error::other)?;
        }
        if let Some(names) = launched.names.as_mut() {
            let now = Instant::now();
            asked.into_iter().for_each(|fd| names.ready(fd, now));
            names.expire(now);
        }
    }
}

/// Takes away everything but the upper folder.
fn leave(supervised: &Supervised) -> Result<(), ServeError> {
    launch::clean(supervised)?;
    for endpoint in supervised.endpoints() {
        let Supervised { layout, record, .. } = supervised;
        names::forget(layout, &endpoint.network, &record.id).map_err(NetworkError::from)?;
        lease::release(layout, &endpoint.network, &record.id, None).map_err(NetworkError::from)?;
    }
    mount::release(&supervised.folder.run().join(MOUNTS))
        .map_err(|source| ServeError::File { attempt: "unmount what the step mounted", source })?;
    presence::remove_run_folder(&supervised.folder)
        .map_err(|source| ServeError::File { attempt: "remove the run folder", source })
}
