//! All that an engine can leave on a machine, seen at one moment.
//!
//! A test takes one before it starts and one when it is done; [`Snapshot::assert_same`] names what is
//! left. Tests run one after the other, so that what is new is theirs.

use crate::process;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Depth of a container's cgroup below a hierarchy, with room to spare.
const CGROUP_DEPTH: usize = 6;

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    parts: Vec<(&'static str, BTreeSet<String>)>,
}

impl Snapshot {
    /// Takes one of the machine and of the engine rooted at `root`.
    #[must_use]
    pub fn take(root: &Path) -> Self {
        Self {
            parts: vec![
                ("processes", processes(root)),
                ("mounts", mounts(root)),
                ("links", names_in(Path::new("/sys/class/net"))),
                ("network namespaces", network_namespaces()),
                ("nf_tables", nf_tables()),
                ("cgroups", cgroups()),
                ("leases", leases(root)),
                ("containers", names_in(&root.join("lib/containers"))),
                ("container names", names_in(&root.join("lib/names"))),
                ("running containers", names_in(&root.join("run/containers"))),
            ],
        }
    }

    /// Takes one of what networks leave, and nothing else.
    #[must_use]
    pub fn of_networks(root: &Path) -> Self {
        let mut all = Self::take(root);
        all.parts.retain(|(part, _)| ["links", "network namespaces", "nf_tables", "leases"].contains(part));
        let folders = ["lib/networks", "run/networks"].map(|folder| names_in(&root.join(folder)));
        all.parts.push(("folders", folders.into_iter().flatten().collect()));
        all
    }

    /// Does nothing if `now` shows what this shows.
    ///
    /// # Panics
    /// If something is left or gone, naming it.
    #[track_caller]
    pub fn assert_same(&self, now: &Self) {
        let mut differences = Vec::new();
        for ((part, before), (_, after)) in self.parts.iter().zip(&now.parts) {
            differences.extend(after.difference(before).map(|thing| format!("{part}: left: {thing}")));
            differences.extend(before.difference(after).map(|thing| format!("{part}: gone: {thing}")));
        }
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

fn processes(root: &Path) -> BTreeSet<String> {
    process::of_engine(root).into_iter().map(|process| format!("{} {}", process.pid, process.line)).collect()
}

/// Mounts of the host that lie in the root, and namespaces that a mount keeps alive.
fn mounts(root: &Path) -> BTreeSet<String> {
    let root = root.display().to_string();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let kept = mounts.lines().filter(|line| line.contains(&root) || line.contains(" nsfs "));
    kept.map(str::to_owned).collect()
}

fn network_namespaces() -> BTreeSet<String> {
    let links =
        process::pids().into_iter().filter_map(|pid| fs::read_link(process::file(pid, "ns/net")).ok());
    links.map(|link| link.display().to_string()).collect()
}

/// Every rule and element, without counters and handles.
fn nf_tables() -> BTreeSet<String> {
    let output = Command::new("nft").args(["--stateless", "list", "ruleset"]).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

fn cgroups() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect_cgroups(Path::new("/sys/fs/cgroup"), CGROUP_DEPTH, &mut found);
    found
}

fn collect_cgroups(folder: &Path, depth: usize, found: &mut BTreeSet<String>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let path = entry.path();
            if path.to_string_lossy().contains("lighter") {
                found.insert(path.display().to_string());
            }
            collect_cgroups(&path, depth, found);
        }
    }
}

fn leases(root: &Path) -> BTreeSet<String> {
    let networks = root.join("lib/networks");
    let of = |network: &String| {
        let network = network.clone();
        let leases = names_in(&networks.join(&network).join("leases"));
        leases.into_iter().map(move |lease| format!("{network} {lease}"))
    };
    names_in(&networks).iter().flat_map(of).collect()
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
