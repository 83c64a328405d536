//! One function per step.

use super::mount::{self, Masks};
use super::path::{Kind, ensure};
use super::{Place, device, hook};
use crate::runtime::cgroup::SELF_MOVE;
use crate::runtime::launch::Step;
use crate::runtime::owners::Owners;
use crate::runtime::rootfs::{Root, open_inside};
use crate::sys::mount::{Attributes, Depth, attach, clone_tree, set_attributes};
use crate::sys::{process, terminal};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MntFlags, MsFlags, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use nix::unistd::{chdir, fchdir, pivot_root, sethostname, setsid, write};
use oci_spec::runtime::{PosixRlimit, PosixRlimitType};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What steps leave for later ones.
pub(super) struct Scene {
    place: Place,
    owners: BTreeMap<Owners, OwnedFd>,
    masks: Masks,
    terminal: Option<(OwnedFd, OwnedFd)>,
}

impl Scene {
    /// `owners` are the user namespaces of idmapped mounts.
    pub(super) fn new(place: Place, owners: BTreeMap<Owners, OwnedFd>) -> Self {
        Self { place, owners, masks: Masks::default(), terminal: None }
    }

    /// The container's root folder.
    pub(super) fn root(&self) -> BorrowedFd<'_> {
        self.place.root()
    }

    /// The terminal's master and slave, if a step made them.
    pub(super) fn take_terminal(&mut self) -> Option<(OwnedFd, OwnedFd)> {
        self.terminal.take()
    }

    /// Does one step.
    pub(super) fn perform(&mut self, step: &Step) -> nix::Result<()> {
        match step {
            Step::StartSession => setsid().map(drop),
            Step::JoinCgroup(folders) => folders.iter().try_for_each(|folder| join_cgroup(folder)),
            Step::Join { kind, path } => join(*kind, path),
            Step::Enter(namespaces) => self.enter(*namespaces),
            Step::IsolateCgroup => unshare(CloneFlags::CLONE_NEWCGROUP),
            Step::IsolateMounts => isolate_mounts(),
            Step::AttachRoot => self.with_root(Root::attach),
            Step::Mount(plan) => {
                let owners = plan.owners.as_ref().and_then(|owners| self.owners.get(owners));
                mount::perform(self.root(), plan, owners.map(AsFd::as_fd))
            }
            Step::Device(node) => device::create(self.root(), node),
            Step::Link { path, target } => device::link(self.root(), Path::new(path), target),
            Step::OpenTerminal { has_console } => self.open_terminal(*has_console),
            Step::Hook(plan) => hook::run(plan),
            Step::EnterRoot => enter_root(self.root()),
            Step::Sysctl { key, value } => set_sysctl(self.root(), key, value),
            Step::HostName(name) => sethostname(name),
            Step::DomainName(name) => process::set_domain_name(name),
            Step::ReadOnlyPath(path) => mount::make_read_only(self.root(), path),
            Step::MaskPath(path) => self.mask(path),
            Step::ReadOnlyRoot => make_root_read_only(self.root()),
            Step::CreateWorkingDir(path) => ensure(self.root(), path, Kind::Folder).map(drop),
            Step::OomScore(score) => adjust_oom_score(*score),
            Step::Confine(profile) => confine(profile),
            Step::Limit(limit) => set_limit(limit),
        }
    }

    fn with_root(&self, task: impl FnOnce(&Root) -> nix::Result<()>) -> nix::Result<()> {
        match &self.place {
            Place::Root(root) => task(root),
            Place::Container { .. } => Err(Errno::EINVAL),
        }
    }

    /// Enters the namespaces of a running container; its root becomes this process's.
    fn enter(&mut self, namespaces: CloneFlags) -> nix::Result<()> {
        let Place::Container { init, root } = &mut self.place else { return Err(Errno::EINVAL) };
        setns(init, namespaces)?;
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        *root = Some(nix::fcntl::open("/", flags, nix::sys::stat::Mode::empty())?);
        Ok(())
    }

    fn mask(&mut self, path: &Path) -> nix::Result<()> {
        let Self { place, masks, .. } = self;
        masks.cover(place.root(), path)
    }

    /// A terminal of the container's own devpts; a container's first process has it as its console too.
    fn open_terminal(&mut self, has_console: bool) -> nix::Result<()> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY;
        let master = open_inside(self.root(), Path::new("/dev/pts/ptmx"), flags)?;
        let slave = terminal::open_slave(master.as_fd())?;
        if has_console {
            let console = ensure(self.root(), Path::new("/dev/console"), Kind::File)?;
            attach(clone_tree(slave.as_fd(), "", Depth::Mount)?, console)?;
        }
        terminal::set_controlling(slave.as_fd())?;
        self.terminal = Some((master, slave));
        Ok(())
    }
}

fn join_cgroup(folder: &Path) -> nix::Result<()> {
    let (file, this) = SELF_MOVE;
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let file = nix::fcntl::open(&folder.join(file), flags, nix::sys::stat::Mode::empty())?;
    write(file, this.as_bytes()).map(drop)
}

fn join(kind: CloneFlags, path: &Path) -> nix::Result<()> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    setns(nix::fcntl::open(path, flags, nix::sys::stat::Mode::empty())?, kind)
}

/// Mounts made later on the host still arrive, so that propagation to the container can be asked for;
/// nothing goes the other way.
fn isolate_mounts() -> nix::Result<()> {
    let nothing = None::<&str>;
    nix::mount::mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_SLAVE, nothing)
}

/// pivot_root(2), "pivot_root(".", ".")": the old root is stacked on the new one and taken off again,
/// without a folder for it.
fn enter_root(root: BorrowedFd<'_>) -> nix::Result<()> {
    fchdir(root)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")
}

/// The file must be the kernel's: an image or volume could have put a link or another file in its place.
fn set_sysctl(root: BorrowedFd<'_>, key: &str, value: &str) -> nix::Result<()> {
    let path = PathBuf::from("/proc/sys").join(key.replace('.', "/"));
    write_proc(open_inside(root, &path, OFlag::O_WRONLY)?, value)
}

fn adjust_oom_score(score: i32) -> nix::Result<()> {
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let file = nix::fcntl::open("/proc/self/oom_score_adj", flags, nix::sys::stat::Mode::empty())?;
    write_proc(file, &score.to_string())
}

/// See apparmor(7) and the kernel's security/apparmor/lsm.c: the profile is entered at the next execve.
fn confine(profile: &str) -> nix::Result<()> {
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let path = "/proc/self/attr/apparmor/exec";
    write_proc(nix::fcntl::open(path, flags, nix::sys::stat::Mode::empty())?, &format!("exec {profile}"))
}

fn write_proc(file: OwnedFd, value: &str) -> nix::Result<()> {
    if fstatfs(&file)?.filesystem_type() != PROC_SUPER_MAGIC {
        return Err(Errno::EXDEV);
    }
    write(File::from(file), value.as_bytes()).map(drop)
}

fn make_root_read_only(root: BorrowedFd<'_>) -> nix::Result<()> {
    let read_only = Attributes { set: libc::MOUNT_ATTR_RDONLY, ..Attributes::default() };
    set_attributes(root, read_only, Depth::Mount)
}

fn set_limit(limit: &PosixRlimit) -> nix::Result<()> {
    setrlimit(resource(limit.typ()), limit.soft(), limit.hard())
}

fn resource(kind: PosixRlimitType) -> Resource {
    match kind {
        PosixRlimitType::RlimitCpu => Resource::RLIMIT_CPU,
        PosixRlimitType::RlimitFsize => Resource::RLIMIT_FSIZE,
        PosixRlimitType::RlimitData => Resource::RLIMIT_DATA,
        PosixRlimitType::RlimitStack => Resource::RLIMIT_STACK,
        PosixRlimitType::RlimitCore => Resource::RLIMIT_CORE,
        PosixRlimitType::RlimitRss => Resource::RLIMIT_RSS,
        PosixRlimitType::RlimitNproc => Resource::RLIMIT_NPROC,
        PosixRlimitType::RlimitNofile => Resource::RLIMIT_NOFILE,
        PosixRlimitType::RlimitMemlock => Resource::RLIMIT_MEMLOCK,
        PosixRlimitType::RlimitAs => Resource::RLIMIT_AS,
        PosixRlimitType::RlimitLocks => Resource::RLIMIT_LOCKS,
        PosixRlimitType::RlimitSigpending => Resource::RLIMIT_SIGPENDING,
        PosixRlimitType::RlimitMsgqueue => Resource::RLIMIT_MSGQUEUE,
        PosixRlimitType::RlimitNice => Resource::RLIMIT_NICE,
        PosixRlimitType::RlimitRtprio => Resource::RLIMIT_RTPRIO,
        PosixRlimitType::RlimitRttime => Resource::RLIMIT_RTTIME,
    }
}
