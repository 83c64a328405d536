//! `runtime: runc`: the same spec, launched by another OCI runtime through its command line.
//!
//! ```text
//! bundle/  config.json  rootfs/ (empty)  state/ (the runtime's own)  log  pid  console.sock
//! create ──> the first process waits ──> network from outside and inside ──> start ──> … ──> delete
//! ```
//! The runtime's commands end at once; the container's first process becomes the caller's child, who is
//! made a subreaper for that. The overlay is mounted in a mount namespace that ends with `create`, so
//! the host never sees it. Programs are added with [`super::exec`], as to any container.

use super::init_process;
use super::launch::{Sandbox, Stdio};
use super::namespace::{self, InsideError};
use crate::sys::{pidfd_open, receive_message};
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::socket::MsgFlags;
use nix::sys::stat::Mode;
use nix::unistd::{AccessFlags, Pid, access};
use oci_spec::runtime::{LinuxSeccomp, Mount, Spec};
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// An external runtime failed.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// No such program on PATH.
    #[error("the runtime `{0}` is not installed")]
    NotFound(String),
    /// What only our own runtime does.
    #[error("an external runtime cannot launch a container with {0}")]
    Unsupported(&'static str),
    /// A file or folder for it could not be made or read.
    #[error("cannot prepare {path} for the runtime")]
    Bundle {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The program could not be run.
    #[error("cannot run {program}")]
    Run {
        /// Its path.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The container could not be made.
    #[error("the runtime could not create the container")]
    Create(#[from] InsideError),
    /// It reported a failure.
    #[error("`{program} {verb}` failed: {output}")]
    Failed {
        /// Its path.
        program: PathBuf,
        /// What it was asked for.
        verb: &'static str,
        /// What it wrote to its log or standard error.
        output: String,
    },
}

/// A container made by an external runtime; its first process waits.
#[derive(Debug)]
pub struct Created {
    /// The first process, in the caller's pid namespace; a child of the caller.
    pub pid: Pid,
    /// The same as a descriptor.
    pub pidfd: OwnedFd,
    /// The terminal's master.
    pub terminal: Option<OwnedFd>,
}

/// One container of an external runtime.
#[derive(Debug, Clone)]
pub struct External {
    /// The runtime's program, see [`find`].
    pub program: PathBuf,
    /// A folder for its files; made where it is missing.
    pub bundle: PathBuf,
    /// The container's id.
    pub id: String,
}

/// The path of the runtime called `name`, which may be a path itself.
///
/// # Errors
/// Says that it is not installed.
pub fn find(name: &str, search_path: &str) -> Result<PathBuf, ExternalError> {
    let is_program =
        |path: &PathBuf| path.is_absolute() && path.is_file() && access(path, AccessFlags::X_OK).is_ok();
    // Joining an absolute name replaces the folder.
    let mut candidates = search_path.split(':').map(|folder| Path::new(folder).join(name));
    candidates.find(is_program).ok_or_else(|| ExternalError::NotFound(name.to_owned()))
}

impl External {
    /// Makes the container without starting it. `seccomp` are the rules that the sandbox's own filter was
    /// compiled from.
    ///
    /// # Errors
    /// Carries what the runtime wrote to its log.
    pub fn create(&self, sandbox: Sandbox, seccomp: Option<LinuxSeccomp>) -> Result<Created, ExternalError> {
        let Sandbox { mut spec, root, stdio, init, .. } = sandbox;
        let mut sources = spec.mounts().iter().flatten().filter_map(|mount| mount.source().as_ref());
        if sources.any(|source| source.starts_with("/proc")) {
            return Err(ExternalError::Unsupported(
                "the IPC namespace of another container: it cannot bind its /dev/shm",
            ));
        }
        let rootfs = self.bundle.join("rootfs");
        fs::create_dir_all(&rootfs).map_err(self.bundle_error("rootfs"))?;
        if init {
            self.put_init_first(&mut spec)?;
        }
        self.write_config(spec, seccomp, matches!(stdio, Stdio::Terminal))?;
        set_child_subreaper(true).map_err(|errno| self.bundle_error("pid")(errno.into()))?;
        let mut command = self.command("create");
        command.arg("--bundle").arg(&self.bundle).arg("--pid-file").arg(self.bundle.join("pid"));
        let console = match stdio {
            Stdio::Terminal => Some(Console::listen(&self.bundle)?),
            Stdio::Files([input, output, error]) => {
                command.stdin(input).stdout(output).stderr(error);
                None
            }
        };
        if let Some(console) = &console {
            command.arg("--console-socket").arg(&console.path);
        }
        command.arg(&self.id);
        namespace::apart(CloneFlags::CLONE_NEWNS, || {
            let nothing = None::<&str>;
            mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
            root.attach_at(&rootfs)?;
            let status = command.status().map_err(|source| self.run_error(source))?;
            if status.success() {
                return Ok(Vec::new());
            }
            Err(self.failed("create", fs::read_to_string(self.bundle.join("log")).unwrap_or_default()).into())
        })?;
        let (pid, pidfd) = self.first_process()?;
        let terminal = console.map(|console| console.receive()).transpose()?;
        Ok(Created { pid, pidfd, terminal })
    }

    /// Starts it.
    ///
    /// # Errors
    /// Carries what the runtime wrote to its standard error.
    pub fn start(&self) -> Result<(), ExternalError> {
        self.run("start", &[])
    }

    /// Kills what is left of it and removes what the runtime keeps of it.
    ///
    /// # Errors
    /// Carries what the runtime wrote to its standard error.
    pub fn delete(&self) -> Result<(), ExternalError> {
        self.run("delete", &["--force"])
    }

    /// Puts our own init before the program: a copy that the runtime mounts where nothing of it stays behind.
    fn put_init_first(&self, spec: &mut Spec) -> Result<(), ExternalError> {
        let path = self.bundle.join("init");
        init_process::write_to(&path).map_err(self.bundle_error("init"))?;
        let inside = Path::new("/dev").join(init_process::NAME);
        let mut mount = Mount::default();
        mount
            .set_destination(inside.clone())
            .set_typ(Some("bind".to_owned()))
            .set_source(Some(path))
            .set_options(Some(["bind", "ro", "nosuid", "nodev"].map(str::to_owned).to_vec()));
        spec.mounts_mut().get_or_insert_default().push(mount);
        if let Some(process) = spec.process_mut() {
            let own = [inside.to_string_lossy().into_owned(), String::new()];
            let program = process.args().iter().flatten().cloned();
            process.set_args(Some(own.into_iter().chain(program).collect()));
        }
        Ok(())
    }

    fn write_config(
        &self,
        mut spec: Spec,
        seccomp: Option<LinuxSeccomp>,
        has_terminal: bool,
    ) -> Result<(), ExternalError> {
        if let Some(root) = spec.root_mut() {
            root.set_path(self.bundle.join("rootfs"));
        }
        if let Some(process) = spec.process_mut() {
            process.set_terminal(Some(has_terminal));
        }
        if let Some(linux) = spec.linux_mut() {
            linux.set_seccomp(seccomp);
        }
        let path = self.bundle.join("config.json");
        let text =
            serde_json::to_vec(&spec).map_err(|error| self.bundle_error("config.json")(error.into()))?;
        fs::write(path, text).map_err(self.bundle_error("config.json"))
    }

    fn first_process(&self) -> Result<(Pid, OwnedFd), ExternalError> {
        let read = || -> io::Result<(Pid, OwnedFd)> {
            let text = fs::read_to_string(self.bundle.join("pid"))?;
            let pid = text.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
            Ok((Pid::from_raw(pid), pidfd_open(Pid::from_raw(pid))?))
        };
        read().map_err(self.bundle_error("pid"))
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--root")
            .arg(self.bundle.join("state"))
            .arg("--log")
            .arg(self.bundle.join("log"))
            .arg(verb);
        command
    }

    fn run(&self, verb: &'static str, options: &[&str]) -> Result<(), ExternalError> {
        let output = self.command(verb).args(options).arg(&self.id).stdin(process::Stdio::null()).output();
        let output = output.map_err(|source| self.run_error(source))?;
        if output.status.success() {
            return Ok(());
        }
        Err(self.failed(verb, String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    fn failed(&self, verb: &'static str, output: String) -> ExternalError {
        ExternalError::Failed { program: self.program.clone(), verb, output: output.trim().to_owned() }
    }

    fn run_error(&self, source: io::Error) -> ExternalError {
        ExternalError::Run { program: self.program.clone(), source }
    }

    fn bundle_error(&self, name: &str) -> impl FnOnce(io::Error) -> ExternalError + use<> {
        let path = self.bundle.join(name);
        move |source| ExternalError::Bundle { path, source }
    }
}

/// Where the runtime sends the terminal's master.
#[derive(Debug)]
struct Console {
    listener: UnixListener,
    path: PathBuf,
    /// The bundle; its descriptor makes the path short enough for a socket (108 bytes, unix(7)).
    _folder: OwnedFd,
}

impl Console {
    fn listen(bundle: &Path) -> Result<Self, ExternalError> {
        let refused = |source| ExternalError::Bundle { path: bundle.join("console.sock"), source };
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let folder = open(bundle, flags, Mode::empty()).map_err(|errno| refused(errno.into()))?;
        let path = PathBuf::from(format!("/proc/{}/fd/{}/console.sock", process::id(), folder.as_raw_fd()));
        let listener = UnixListener::bind(&path).map_err(refused)?;
        Ok(Self { listener, path, _folder: folder })
    }

    /// The runtime has connected before its command ended, so this does not wait.
    fn receive(&self) -> Result<OwnedFd, ExternalError> {
        let receive = || -> io::Result<OwnedFd> {
            let (stream, _) = self.listener.accept()?;
            let mut name = [0; 256];
            let (_, mut descriptors) = receive_message(stream.as_fd(), &mut name, MsgFlags::empty())?;
            descriptors.pop().ok_or_else(|| io::ErrorKind::InvalidData.into())
        };
        receive().map_err(|source| ExternalError::Bundle { path: self.path.clone(), source })
    }
}
