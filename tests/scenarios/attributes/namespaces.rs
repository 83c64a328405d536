//! What containers share with the host and with each other: ipc, pid, uts, cgroup.

use super::{inside, refused, sleeping};
use scenarios::process::file;
use scenarios::{Lighter, Project, cgroup, require};
use std::fs;
use std::path::PathBuf;

fn namespace(pid: i32, kind: &str) -> PathBuf {
    fs::read_link(file(pid, &format!("ns/{kind}"))).expect("the process exists")
}

fn of_host(kind: &str) -> PathBuf {
    namespace(std::process::id().cast_signed(), kind)
}

#[track_caller]
fn check_shared_with_host(attributes: &str, kind: &str) {
    let lighter = Lighter::new();
    let project = sleeping(&lighter, attributes);
    assert_eq!(namespace(project.container("web").pid, kind), of_host(kind), "{attributes}");
}

/// Two services, of which `second` has `attribute`; the namespaces of both.
#[track_caller]
fn pair<'a>(lighter: &'a Lighter, first: &str, attribute: &str) -> (Project<'a>, i32, i32) {
    let compose = format!(
        "services:\n  first: {{image: busybox, command: sleep 1000000{first}}}\n  second: {{image: busybox, command: sleep 1000000, {attribute}}}\n"
    );
    let project = Project::new(lighter, &compose);
    project.up();
    let (first, second) = (project.container("first").pid, project.container("second").pid);
    (project, first, second)
}

#[test]
fn ipc_may_be_shared_with_a_service_that_allows_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let (project, first, second) = pair(&lighter, ", ipc: shareable", "ipc: 'service:first'");
    assert_eq!(namespace(first, "ipc"), namespace(second, "ipc"));
    assert_ne!(namespace(first, "ipc"), of_host("ipc"));
    project.shell("first", "echo shared > /dev/shm/file");
    assert_eq!(
        project.shell("second", "cat /dev/shm/file; df -k /dev/shm | awk 'NR==2 {print $2}'"),
        "shared\n65536\n"
    );
}

#[test]
fn ipc_may_be_that_of_a_container_outside_the_project() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let owner = sleeping(&lighter, "ipc: shareable\nshm_size: 1m");
    let name = format!("{}-web-1", owner.name());
    let guest = sleeping(&lighter, &format!("ipc: 'container:{name}'"));
    assert_eq!(namespace(owner.container("web").pid, "ipc"), namespace(guest.container("web").pid, "ipc"));
    assert_eq!(guest.shell("web", "df -k /dev/shm | awk 'NR==2 {print $2}'"), "1024\n");
}

#[test]
fn ipc_of_a_service_that_keeps_it_is_refused() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services:\n  first: {image: busybox, command: sleep 1000000}\n  second: {image: busybox, command: sleep 1000000, ipc: 'service:first'}\n";
    let outcome = Project::new(&lighter, compose).run(&["up", "-d"]);
    assert_ne!(outcome.code, Some(0));
    assert!(outcome.stderr.contains("ipc: shareable"), "{}", outcome.stderr);
}

#[test]
fn ipc_of_the_host_has_its_shared_memory() {
    require!(Root, Seeds);
    check_shared_with_host("ipc: host", "ipc");
    let name = format!("lighter-test-{}", std::process::id());
    let path = PathBuf::from("/dev/shm").join(&name);
    fs::write(&path, "of the host").expect("the host has shared memory");
    let read = inside("ipc: host", &format!("cat /dev/shm/{name}"));
    fs::remove_file(&path).expect("it is there");
    assert_eq!(read, "of the host");
}

#[test]
fn ipc_none_has_no_shared_memory() {
    require!(Root, Seeds);
    assert_eq!(inside("ipc: none", "grep -c ' /dev/shm ' /proc/mounts || true"), "0\n");
    let stderr = refused("ipc: everybody");
    assert!(stderr.contains("shareable"), "{stderr}");
}

#[test]
fn pid_of_the_host_shows_its_processes() {
    require!(Root, Seeds);
    check_shared_with_host("pid: host", "pid");
}

#[test]
fn pid_of_a_service_shows_its_processes() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let (project, first, second) = pair(&lighter, "", "pid: 'service:first'");
    assert_eq!(namespace(first, "pid"), namespace(second, "pid"));
    assert_eq!(project.shell("second", "tr '\\0' ' ' < /proc/1/cmdline"), "sleep 1000000 ");
    // The host's name of a process is not that of the container.
    assert_eq!(
        project.shell("second", "ls -d /proc/[0-9]* | wc -l").trim().parse::<u32>().map(|count| count >= 3),
        Ok(true)
    );
}

#[test]
fn pid_of_a_container_outside_the_project_is_joined() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let owner = sleeping(&lighter, "");
    let guest = sleeping(&lighter, &format!("pid: 'container:{}-web-1'", owner.name()));
    assert_eq!(namespace(owner.container("web").pid, "pid"), namespace(guest.container("web").pid, "pid"));
}

#[test]
fn uts_of_the_host_has_its_name() {
    require!(Root, Seeds);
    check_shared_with_host("uts: host", "uts");
    let stderr = refused("uts: host\nhostname: mine");
    assert!(stderr.contains("uts: host"), "{stderr}");
}

#[test]
fn cgroup_is_seen_as_the_root_or_as_the_host_sees_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = sleeping(&lighter, "cgroup: private");
    assert_ne!(namespace(project.container("web").pid, "cgroup"), of_host("cgroup"));
    assert_eq!(project.shell("web", "cut -d: -f3 /proc/1/cgroup | sort -u"), "/\n");
    check_shared_with_host("cgroup: host", "cgroup");
}

#[test]
fn cgroup_parent_holds_the_group_of_the_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let parent = format!("lighter-test-{}", std::process::id());
    let project = sleeping(&lighter, &format!("cgroup_parent: /{parent}/inner"));
    let pid = project.container("web").pid;
    let folder = cgroup::folder(pid, if cgroup::is_version_2() { "" } else { "memory" });
    assert!(
        folder.parent().is_some_and(|above| above.ends_with(format!("{parent}/inner"))),
        "{}",
        folder.display()
    );
    project.down();
    assert!(!folder.exists());
    let stderr = refused("cgroup_parent: ../../elsewhere");
    assert!(stderr.contains("cgroup_parent"), "{stderr}");
}
