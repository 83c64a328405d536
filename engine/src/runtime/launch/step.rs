//! What the child does, as data: an OCI spec becomes a list of named steps. Pure.
//!
//! The order is the contract: everything that needs the host comes before `EnterRoot`, everything that
//! needs privilege before the credentials, which [`init`](crate::runtime::init) sets last.

use super::LaunchError;
use super::hook::HookPlan;
use super::mount::{MountPlan, Source};
use nix::sched::CloneFlags;
use oci_spec::runtime::{LinuxDevice, LinuxNamespaceType, PosixRlimit, Spec};
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing the child does. Its text completes "cannot …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runtime) enum Step {
    /// Lead a session of its own.
    StartSession,
    /// Move into its control group, by its folders in the trees of version 1.
    JoinCgroup(Vec<PathBuf>),
    /// Enter a namespace of another container.
    Join { kind: CloneFlags, path: PathBuf },
    /// Enter the namespaces of the running container.
    Enter(CloneFlags),
    /// See its own control group as the root of all.
    IsolateCgroup,
    /// Keep its mounts from reaching the host.
    IsolateMounts,
    /// Attach the root file system.
    AttachRoot,
    /// Mount something below the root.
    Mount(MountPlan),
    /// Make a device node.
    Device(LinuxDevice),
    /// Make a symbolic link in /dev.
    Link { path: &'static str, target: &'static str },
    /// Make a terminal for the standard streams.
    OpenTerminal {
        /// Whether /dev/console is it too.
        has_console: bool,
    },
    /// Run a program of the host that changes the container before it is entered.
    Hook(Box<HookPlan>),
    /// Leave the host's files behind.
    EnterRoot,
    /// Set a kernel setting of its namespaces.
    Sysctl { key: String, value: String },
    /// Name the host.
    HostName(String),
    /// Name the NIS domain.
    DomainName(String),
    /// Refuse writes below a path.
    ReadOnlyPath(PathBuf),
    /// Hide a path.
    MaskPath(PathBuf),
    /// Refuse writes to the root file system.
    ReadOnlyRoot,
    /// Make the working folder.
    CreateWorkingDir(PathBuf),
    /// Set the out-of-memory score's adjustment.
    OomScore(i32),
    /// Have the program confined by an AppArmor profile.
    Confine(String),
    /// Set a process limit.
    Limit(PosixRlimit),
}

/// Links every container has, as runc makes them.
const LINKS: [(&str, &str); 5] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/ptmx", "pts/ptmx"),
];

/// The steps of `spec`. `cgroups` are the container's folders on a host with control groups v1.
pub(in crate::runtime) fn steps(
    spec: &Spec,
    cgroups: &[(String, PathBuf)],
    has_terminal: bool,
    hooks: Vec<HookPlan>,
) -> Result<Vec<Step>, LaunchError> {
    let mut steps = vec![Step::StartSession];
    steps.extend(join_cgroup(cgroups));
    steps.extend(oom_score(spec));
    steps.extend(confine(spec));
    steps.extend(joins(spec));
    if namespace(spec, LinuxNamespaceType::Cgroup).is_some() {
        steps.push(Step::IsolateCgroup);
    }
    steps.extend([Step::IsolateMounts, Step::AttachRoot]);
    for mount in spec.mounts().iter().flatten() {
        steps.push(Step::Mount(MountPlan::parse(mount, cgroups)?));
    }
    steps.extend(devices(spec));
    if has_terminal {
        steps.push(Step::OpenTerminal { has_console: true });
    }
    steps.extend(hooks.into_iter().map(|plan| Step::Hook(Box::new(plan))));
    steps.push(Step::EnterRoot);
    steps.extend(restrictions(spec));
    steps.extend(limits(spec));
    Ok(steps)
}

/// The namespaces to be made with the child.
pub(in crate::runtime) fn new_namespaces(spec: &Spec) -> CloneFlags {
    let flags = namespaces(spec).filter(|(_, path)| path.is_none()).filter_map(|(kind, _)| clone_flag(kind));
    // The cgroup namespace's root is the group its maker is in, so the child makes it once it is there.
    flags.fold(CloneFlags::empty(), CloneFlags::union).difference(CloneFlags::CLONE_NEWCGROUP)
}

/// The pid namespace to be born in, where it is another's.
pub(in crate::runtime) fn joined_pid_namespace(spec: &Spec) -> Option<&Path> {
    namespace(spec, LinuxNamespaceType::Pid).flatten()
}

fn namespaces(spec: &Spec) -> impl Iterator<Item = (LinuxNamespaceType, Option<&Path>)> {
    let namespaces = spec.linux().as_ref().and_then(|linux| linux.namespaces().as_ref());
    namespaces.into_iter().flatten().map(|namespace| (namespace.typ(), namespace.path().as_deref()))
}

fn namespace(spec: &Spec, kind: LinuxNamespaceType) -> Option<Option<&Path>> {
    namespaces(spec).find(|(found, _)| *found == kind).map(|(_, path)| path)
}

fn clone_flag(kind: LinuxNamespaceType) -> Option<CloneFlags> {
    match kind {
        LinuxNamespaceType::Mount => Some(CloneFlags::CLONE_NEWNS),
        LinuxNamespaceType::Cgroup => Some(CloneFlags::CLONE_NEWCGROUP),
        LinuxNamespaceType::Uts => Some(CloneFlags::CLONE_NEWUTS),
        LinuxNamespaceType::Ipc => Some(CloneFlags::CLONE_NEWIPC),
        LinuxNamespaceType::Pid => Some(CloneFlags::CLONE_NEWPID),
        LinuxNamespaceType::Network => Some(CloneFlags::CLONE_NEWNET),
        LinuxNamespaceType::User | LinuxNamespaceType::Time => None,
    }
}

fn joins(spec: &Spec) -> impl Iterator<Item = Step> {
    let is_joined_by_child = |kind: &CloneFlags| *kind != CloneFlags::CLONE_NEWPID;
    namespaces(spec).filter_map(move |(kind, path)| {
        let kind = clone_flag(kind).filter(is_joined_by_child)?;
        Some(Step::Join { kind, path: path?.to_owned() })
    })
}

fn devices(spec: &Spec) -> Vec<Step> {
    let devices = spec.linux().iter().flat_map(|linux| linux.devices().iter().flatten());
    let links = LINKS.iter().map(|(path, target)| Step::Link { path, target });
    devices.cloned().map(Step::Device).chain(links).collect()
}

fn restrictions(spec: &Spec) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(spec.hostname().clone().map(Step::HostName));
    steps.extend(spec.domainname().clone().map(Step::DomainName));
    if let Some(linux) = spec.linux() {
        let sysctls = linux.sysctl().iter().flatten();
        steps.extend(sysctls.map(|(key, value)| Step::Sysctl { key: key.clone(), value: value.clone() }));
        steps.extend(linux.readonly_paths().iter().flatten().map(|path| Step::ReadOnlyPath(path.into())));
        steps.extend(linux.masked_paths().iter().flatten().map(|path| Step::MaskPath(path.into())));
    }
    if let Some(process) = spec.process() {
        steps.push(Step::CreateWorkingDir(process.cwd().clone()));
    }
    if spec.root().as_ref().is_some_and(|root| root.readonly() == Some(true)) {
        steps.push(Step::ReadOnlyRoot);
    }
    steps
}

/// The steps of a process added to a running container. The out-of-memory score comes first, because
/// the container may have no /proc.
pub(in crate::runtime) fn exec_steps(
    spec: &Spec,
    cgroups: &[(String, PathBuf)],
    has_terminal: bool,
) -> Vec<Step> {
    // The pid namespace is the one that it is born in.
    let namespaces = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWCGROUP;
    let mut steps = vec![Step::StartSession];
    steps.extend(join_cgroup(cgroups));
    steps.extend(oom_score(spec));
    steps.extend(confine(spec));
    steps.push(Step::Enter(namespaces));
    steps.extend(has_terminal.then_some(Step::OpenTerminal { has_console: false }));
    steps.extend(limits(spec));
    steps
}

/// On version 2 the child is born in its group.
fn join_cgroup(cgroups: &[(String, PathBuf)]) -> Option<Step> {
    let folders: Vec<PathBuf> = cgroups.iter().map(|(_, folder)| folder.clone()).collect();
    (!folders.is_empty()).then_some(Step::JoinCgroup(folders))
}

fn oom_score(spec: &Spec) -> Option<Step> {
    spec.process().as_ref()?.oom_score_adj().map(Step::OomScore)
}

/// It takes effect with the program. The host's /proc is at hand now, the container's may be none.
fn confine(spec: &Spec) -> Option<Step> {
    spec.process().as_ref()?.apparmor_profile().clone().map(Step::Confine)
}

/// They come last, because they would limit the steps as well.
fn limits(spec: &Spec) -> impl Iterator<Item = Step> {
    let limits = spec.process().as_ref().and_then(|process| process.rlimits().as_ref());
    limits.into_iter().flatten().copied().map(Step::Limit)
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartSession => f.write_str("start a session"),
            Self::JoinCgroup(_) => f.write_str("join the control group"),
            Self::Join { path, .. } => write!(f, "join the namespace {}", path.display()),
            Self::Enter(_) => f.write_str("enter the container's namespaces"),
            Self::IsolateCgroup => f.write_str("create a cgroup namespace"),
            Self::IsolateMounts => f.write_str("separate the container's mounts from the host's"),
            Self::AttachRoot => f.write_str("attach the root file system"),
            Self::Mount(plan) => match &plan.source {
                Source::Bind { path, .. } | Source::Foreign { path, .. } => {
                    let owners = if plan.owners.is_some() { " with other owners" } else { "" };
                    write!(f, "mount {} at {}{owners}", path.display(), plan.target.display())
                }
                Source::FileSystem { .. } | Source::CgroupV1 { .. } => {
                    write!(f, "mount {}", plan.target.display())
                }
            },
            Self::Device(device) => write!(f, "create the device {}", device.path().display()),
            Self::Link { path, .. } => write!(f, "create the link {path}"),
            Self::OpenTerminal { .. } => f.write_str("open a terminal"),
            Self::Hook(plan) => write!(f, "run the hook {}", plan.hook.path().display()),
            Self::EnterRoot => f.write_str("enter the root file system"),
            Self::Sysctl { key, .. } => write!(f, "set the sysctl {key}"),
            Self::HostName(name) => write!(f, "set the host name to {name}"),
            Self::DomainName(name) => write!(f, "set the domain name to {name}"),
            Self::ReadOnlyPath(path) => write!(f, "make {} read-only", path.display()),
            Self::MaskPath(path) => write!(f, "mask {}", path.display()),
            Self::ReadOnlyRoot => f.write_str("make the root file system read-only"),
            Self::CreateWorkingDir(path) => write!(f, "create the working directory {}", path.display()),
            Self::OomScore(score) => write!(f, "set oom_score_adj to {score}"),
            Self::Confine(profile) => write!(f, "have AppArmor confine the program by {profile}"),
            Self::Limit(limit) => write!(f, "set the limit {}", limit.typ()),
        }
    }
}
