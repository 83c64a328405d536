//! Devices: nodes of the host, rules, CDI, gpus.

use super::{inside, refused, sleeping};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use scenarios::{Folder, Lighter, Project, QuotaDisk, require};
use std::path::PathBuf;

/// A node for /dev/fuse's device, which no container has by default and every kernel opens.
fn node(folder: &Folder) -> PathBuf {
    let path = folder.path().join("node");
    mknod(&path, SFlag::S_IFCHR, Mode::from_bits_truncate(0o600), makedev(10, 229))
        .expect("root makes nodes");
    path
}

const OPEN: &str =
    "(: < /dev/mine) 2>/dev/null && echo read; (: > /dev/mine) 2>/dev/null && echo written; true";

#[test]
fn devices_are_made_and_may_be_used_as_said() {
    require!(Root, Seeds);
    let folder = Folder::new("device");
    let node = node(&folder);
    let check = |permissions: &str, expected: &str| {
        let attributes = format!("devices: ['{}:/dev/mine{permissions}']", node.display());
        assert_eq!(
            inside(&attributes, &format!("stat -c '%t:%T' /dev/mine; {OPEN}")),
            expected,
            "{permissions}"
        );
    };
    check("", "a:e5\nread\nwritten\n");
    check(":r", "a:e5\nread\n");
    check(":w", "a:e5\nwritten\n");
    let stderr = refused("devices: [/dev/no-such-device]");
    assert!(stderr.contains("/dev/no-such-device"), "{stderr}");
}

#[test]
fn device_of_a_folder_are_all_of_it() {
    require!(Root, Seeds);
    let folder = Folder::new("device");
    node(&folder);
    let attributes =
        format!("devices: [{{source: {}, target: /dev/all, permissions: r}}]", folder.path().display());
    assert_eq!(inside(&attributes, "ls /dev/all; (: < /dev/all/node) && echo read"), "node\nread\n");
}

#[test]
fn device_cgroup_rules_allow_what_is_made_later() {
    require!(Root, Seeds);
    let script = format!("mknod /dev/mine c 10 229; {OPEN}");
    assert_eq!(inside("", &script), "");
    assert_eq!(inside("device_cgroup_rules: ['c 10:229 rw']", &script), "read\nwritten\n");
    assert_eq!(inside("device_cgroup_rules: ['c 10:* r']", &script), "read\n");
    let stderr = refused("device_cgroup_rules: ['c ten:* r']");
    assert!(stderr.contains("MAJOR:MINOR"), "{stderr}");
}

/// The compose file's folder is of no use to CDI: specifications lie where the host keeps them.
const CDI: &str = "/var/run/cdi";

/// A CDI specification of one vendor, removed when the test ends.
struct Specification(PathBuf);

impl Specification {
    fn new(vendor: &str, text: &str) -> Self {
        std::fs::create_dir_all(CDI).expect("root makes folders");
        let path = PathBuf::from(CDI).join(format!("{vendor}-{}.yaml", std::process::id()));
        std::fs::write(&path, text).expect("root writes files");
        Self(path)
    }
}

impl Drop for Specification {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
        // Others may keep theirs there.
        let _ = std::fs::remove_dir(CDI);
    }
}

#[test]
fn cdi_device_brings_nodes_mounts_variables_and_groups() {
    require!(Root, Seeds);
    let folder = Folder::new("device");
    folder.write("library", "of the vendor\n");
    let path = folder.path().display();
    let node = node(&folder);
    let text = format!(
        "cdiVersion: 0.7.0\nkind: lighter.test/thing\ncontainerEdits:\n  env: [VENDOR=lighter]\ndevices:\n\
         - name: one\n  containerEdits:\n    env: [THING=one]\n    additionalGids: [4711]\n    deviceNodes:\n    - {{path: /dev/mine, hostPath: {}, permissions: r}}\n\
         \x20   mounts:\n    - {{hostPath: {path}/library, containerPath: /usr/lib/library, options: [ro, bind]}}\n",
        node.display()
    );
    let _specification = Specification::new("thing", &text);
    let script = format!(
        "{OPEN}; cat /usr/lib/library; (: > /usr/lib/library) 2>/dev/null || echo kept; \
                          tr '\\0' '\\n' < /proc/1/environ | grep -E 'THING|VENDOR' | sort; grep -c 4711 /proc/1/status"
    );
    let printed = inside("devices: ['lighter.test/thing=one']", &script);
    assert_eq!(printed, "read\nof the vendor\nkept\nTHING=one\nVENDOR=lighter\n1\n");
    let stderr = refused("devices: ['lighter.test/thing=two']");
    assert!(stderr.contains("lighter.test/thing=two"), "{stderr}");
}

#[test]
fn cdi_hook_runs_before_the_container_is_entered() {
    require!(Root, Seeds);
    let folder = Folder::new("device");
    let path = folder.path().display();
    folder.write("hook", format!("#!/bin/sh\ncat > {path}/state\necho \"$1 $KEY\" > {path}/called\n"));
    std::fs::set_permissions(folder.path().join("hook"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("ours");
    let text = format!(
        "cdiVersion: 0.6.0\nkind: lighter.test/hooked\ndevices:\n- name: all\n  containerEdits:\n    hooks:\n    \
         - {{hookName: createContainer, path: {path}/hook, args: [hook, word], env: [KEY=value]}}\n"
    );
    let _specification = Specification::new("hooked", &text);
    assert_eq!(inside("devices: ['lighter.test/hooked=all']", "echo runs"), "runs\n");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    assert_eq!(read("called"), "word value\n");
    let state: serde_json::Value = serde_json::from_str(&read("state")).expect("the state is JSON");
    assert_eq!(state["status"], "creating");
    assert!(state["bundle"].is_string());
}

#[test]
fn gpus_are_those_that_a_specification_describes() {
    require!(Root, Seeds);
    let text = "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n\
                - {name: '0', containerEdits: {env: [GPU_0=yes]}}\n- {name: '1', containerEdits: {env: [GPU_1=yes]}}\n\
                - {name: all, containerEdits: {env: [GPU_ALL=yes]}}\n";
    let _specification = Specification::new("nvidia", text);
    let gpus = |attributes: &str| inside(attributes, "tr '\\0' '\\n' < /proc/1/environ | grep GPU | sort");
    assert_eq!(gpus("gpus: all"), "GPU_ALL=yes\n");
    assert_eq!(gpus("gpus: [{count: 2}]"), "GPU_0=yes\nGPU_1=yes\n");
    assert_eq!(gpus("gpus: [{driver: nvidia, device_ids: ['1']}]"), "GPU_1=yes\n");
    let reserved = "deploy:\n  resources:\n    reservations:\n      devices: [{capabilities: [gpu], count: 1, driver: nvidia}]";
    assert_eq!(gpus(reserved), "GPU_0=yes\n");
    let by_name = "deploy:\n  resources:\n    reservations:\n      devices: [{capabilities: [gpu], driver: cdi, device_ids: [nvidia.com/gpu=1]}]";
    assert_eq!(gpus(by_name), "GPU_1=yes\n");
}

#[test]
fn gpus_that_nothing_describes_are_refused_with_the_way_to_get_them() {
    require!(Root, Seeds);
    let stderr = refused("gpus: all");
    assert!(stderr.contains("nvidia-ctk cdi generate"), "{stderr}");
    let stderr = refused("gpus: [{count: 1, device_ids: ['0']}]");
    assert!(stderr.contains("exclude each other"), "{stderr}");
}

#[test]
fn storage_opt_limits_what_a_container_writes_to_its_own_files() {
    require!(Root, Seeds, ProjectQuota);
    let disk = QuotaDisk::new();
    let lighter = Lighter::within(&disk.path());
    let project = sleeping(&lighter, "storage_opt: {size: 16m}\nvolumes: [/data]");
    let write = |project: &Project<'_>, file: &str| {
        let dd = format!("dd if=/dev/zero of={file} bs=1M count=32 2>&1 | grep -o 'No space left on device'");
        project.shell("web", &format!("{dd}; stat -c %s {file}"))
    };
    assert_eq!(project.shell("web", "df -k / | awk 'NR == 2 {print $2}'"), "16384\n");
    let written = write(&project, "/file");
    let size = written.strip_prefix("No space left on device\n").expect(&written);
    assert!(size.trim().parse::<u64>().expect("a size") <= 16 << 20, "{size}");
    // What is copied up and what is hidden goes through overlayfs' own folder.
    let change = "rm /file; echo more >> /etc/passwd; tail -n 1 /etc/passwd; rm /etc/group; test -e /etc/group || echo gone";
    assert_eq!(project.shell("web", change), "more\ngone\n");
    // Volumes and other containers have the whole disk.
    assert_eq!(write(&project, "/data/file"), "33554432\n");
    assert_eq!(write(&sleeping(&lighter, ""), "/file"), "33554432\n");
}

#[test]
fn storage_opt_is_refused_where_no_project_quota_is_in_force() {
    require!(Root, Seeds);
    let stderr = refused("storage_opt: {size: 64m}");
    assert!(stderr.contains("67108864 bytes") && stderr.contains("prjquota"), "{stderr}");
    let stderr = refused("storage_opt: {color: red}");
    assert!(stderr.contains("storage_opt"), "{stderr}");
}
