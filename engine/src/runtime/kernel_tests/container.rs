//! A container of one busybox layer, and what came out of it.

use engine::runtime::cgroup::Cgroup;
use engine::runtime::exec::{ExecProcess, Executing, Target, exec};
use engine::runtime::launch::{Inside, LaunchError, Running, Sandbox, Stdio, spawn};
use engine::runtime::rootfs::{Durability, Overlay, Root};
use engine::runtime::seccomp::{self, Program};
use engine::runtime::spec::{Host, Joined, Resolved, capabilities, oci_spec, seccomp_profile};
use engine::runtime::user;
use engine_spec::{ContainerId, ContainerName, ContainerSpec, Digest, ImageConfig, ImageReference};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::pipe;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A container to be run once or more; everything it made is gone when it is dropped.
pub(crate) struct Container {
    pub(crate) folder: PathBuf,
    pub(crate) spec: ContainerSpec,
    pub(crate) image: ImageConfig,
    pub(crate) id: ContainerId,
    pub(crate) mounts: Vec<engine::runtime::spec::ResolvedMount>,
}

/// How a process ended and what it wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) output: String,
}

/// A container whose program runs.
pub(crate) struct Live {
    pub(crate) running: Running,
    pub(crate) spec: oci_spec::runtime::Spec,
    pub(crate) seccomp: Option<Program>,
    pub(crate) cgroup: Cgroup,
    pub(crate) output: File,
}

const APPLETS: [&str; 25] = [
    "sh", "echo", "cat", "id", "hostname", "sleep", "touch", "mknod", "ls", "env", "pwd", "grep", "mount",
    "ulimit", "kill", "head", "tty", "stat", "true", "dd", "cut", "sort", "readlink", "tail", "sed",
];

impl Container {
    /// A container that runs `script` in busybox's shell.
    pub(crate) fn new(script: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("lighter-runtime-{}", std::process::id()));
        let layer = folder.join("layer");
        for path in ["layer/bin", "layer/etc", "layer/root", "upper", "work"] {
            fs::create_dir_all(folder.join(path)).expect("created");
        }
        fs::copy("/bin/busybox", layer.join("bin/busybox")).expect("copied");
        for applet in APPLETS {
            symlink("busybox", layer.join("bin").join(applet)).expect("linked");
        }
        fs::write(
            layer.join("etc/passwd"),
            "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n",
        )
        .expect("written");
        fs::write(layer.join("etc/group"), "root:x:0:\napp:x:1000:\nextra:x:50:app\n").expect("written");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("changed");
        let name = ContainerName::new("test").expect("name");
        let image = ImageReference::parse("busybox").expect("reference");
        let mut spec = ContainerSpec::new(name, image, Digest::from_sha256([0; 32]));
        spec.process.command = Some(["sh", "-c", script].map(str::to_owned).to_vec());
        let mut random = [7; 32];
        random[..4].copy_from_slice(&std::process::id().to_be_bytes());
        let id = ContainerId::from_random(random);
        Self { folder, spec, image: ImageConfig::default(), id, mounts: Vec::new() }
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> Outcome {
        let live = self.start().expect("started");
        live.finish()
    }

    /// Launches it; its output and errors go to a pipe.
    pub(crate) fn start(&self) -> Result<Live, LaunchError> {
        self.start_with(Box::new(|| Ok(Vec::new())))
    }

    pub(crate) fn start_with(&self, inside: Inside) -> Result<Live, LaunchError> {
        let (sandbox, output) = self.sandbox();
        let spec = sandbox.spec.clone();
        let (seccomp, cgroup) = (sandbox.seccomp.clone(), sandbox.cgroup.clone());
        let running = spawn(sandbox, inside)?.proceed()?.start()?;
        Ok(Live { running, spec, seccomp, cgroup, output })
    }

    pub(crate) fn root(&self) -> Root {
        let overlay = Overlay {
            layers: vec![self.folder.join("layer")],
            upper: self.folder.join("upper"),
            work: self.folder.join("work"),
            durability: Durability::Honoured,
        };
        overlay.mount().expect("mounted")
    }

    pub(crate) fn cgroup(&self) -> Cgroup {
        Cgroup::at(format!("lighter-test/{}", self.id))
    }

    /// Everything up to the launch, and the end its output is read from.
    pub(crate) fn sandbox(&self) -> (Sandbox, File) {
        let root = self.root();
        let host = Host::read().expect("read");
        let user = self.spec.process.user.clone().or(self.image.user.clone()).unwrap_or_default();
        let resolved = Resolved {
            id: self.id.clone(),
            user: user::resolve(&root, &user, &self.spec.process.group_add).expect("known"),
            mounts: self.mounts.clone(),
            devices: Vec::new(),
            apparmor: None,
            edits: Default::default(),
            block_io: None,
            cgroup_path: self.cgroup().path().to_owned(),
            joined: Joined::default(),
            host: host.clone(),
        };
        let spec = oci_spec(&self.spec, &self.image, &resolved).expect("described");
        let cgroup = self.cgroup();
        let resources = spec.linux().as_ref().and_then(|linux| linux.resources().clone()).expect("resources");
        cgroup.create(&resources).expect("created");
        let profile = seccomp_profile(&self.spec).expect("known");
        let capabilities = capabilities(&self.spec, &host).expect("known");
        let seccomp = seccomp::load(&profile, capabilities).expect("compiled");
        let (stdio, output) = if self.spec.process.tty { (Stdio::Terminal, null()) } else { pipes() };
        let sandbox =
            Sandbox { spec, root, cgroup, seccomp, stdio, init: false, bundle: self.folder.join("bundle") };
        (sandbox, output)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.cgroup().kill().expect("killed");
        self.cgroup().remove().expect("removed");
        fs::remove_dir_all(&self.folder).expect("removed");
    }
}

impl Live {
    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Outcome {
        let mut output = String::new();
        self.output.read_to_string(&mut output).expect("read");
        Outcome { code: wait(&self.running.pidfd), output }
    }

    /// What processes are added to.
    pub(crate) fn target(&self) -> Target<'_> {
        Target {
            init: self.running.pidfd.as_fd(),
            cgroup: &self.cgroup,
            seccomp: self.seccomp.as_ref(),
            spec: &self.spec,
        }
    }

    /// Runs `script` in it.
    pub(crate) fn exec(
        &self,
        script: &str,
        change: impl FnOnce(&mut ExecProcess),
    ) -> Result<Outcome, LaunchError> {
        let mut process = ExecProcess {
            arguments: ["sh", "-c", script].map(str::to_owned).to_vec(),
            ..ExecProcess::default()
        };
        change(&mut process);
        let (stdio, mut reader) = pipes();
        let Executing { pidfd, .. } = exec(&self.target(), &process, stdio)?;
        let mut output = String::new();
        reader.read_to_string(&mut output).expect("read");
        Ok(Outcome { code: wait(&pidfd), output })
    }
}

/// Waits for a child: its exit code, or 128 and the signal.
pub(crate) fn wait(pidfd: &OwnedFd) -> i32 {
    match waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED).expect("waited") {
        WaitStatus::Exited(_, code) => code,
        WaitStatus::Signaled(_, signal, _) => 128 + signal as i32,
        other => panic!("{other:?}"),
    }
}

fn null() -> File {
    File::open("/dev/null").expect("opened")
}

pub(crate) fn pipes() -> (Stdio, File) {
    let (reader, writer) = pipe().expect("made");
    nix::fcntl::fcntl(&reader, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).expect("set");
    let error = writer.try_clone().expect("cloned");
    (Stdio::Files([null().into(), writer, error]), File::from(reader))
}

/// Whether `path` is mounted anywhere in the host's mount namespace.
pub(crate) fn is_mounted(path: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("read");
    mounts.contains(path.to_str().expect("text"))
}
