//! What a container may not do, and that an exec may do no more than its container.

use scenarios::process::{file, status_field};
use scenarios::{Lighter, Project, require};
use std::fs;

/// The fields of /proc/PID/status that say what a process may do.
const RIGHTS: [&str; 13] = [
    "Uid",
    "Gid",
    "Groups",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "NoNewPrivs",
    "Seccomp",
    "Seccomp_filters",
    "Umask",
    "NSpid",
];
/// Docker's default capabilities as a mask (capabilities(7)).
const DEFAULT_CAPABILITIES: &str = "00000000a80425fb";

const WEB: &str = "services: {web: {image: busybox, command: sleep 1000000}}";

#[test]
fn init_and_exec_have_the_same_rights() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let of_init = project.shell("web", "cat /proc/1/status");
    let of_exec = project.run(&["exec", "-T", "web", "cat", "/proc/self/status"]).succeeds().stdout;
    let field = |status: &str, name: &str| {
        let line = status.lines().find(|line| line.split(':').next() == Some(name));
        line.map(str::to_owned)
    };
    for name in RIGHTS.iter().filter(|name| **name != "NSpid") {
        assert_eq!(field(&of_init, name), field(&of_exec, name));
    }
    assert_eq!(field(&of_init, "Seccomp").as_deref(), Some("Seccomp:\t2"));
    assert_eq!(field(&of_init, "CapEff"), Some(format!("CapEff:\t{DEFAULT_CAPABILITIES}")));
}

#[test]
fn init_and_exec_share_every_namespace_and_cgroup() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    for kind in ["cgroup", "ipc", "mnt", "net", "pid", "uts"] {
        let links = format!("readlink /proc/1/ns/{kind}; readlink /proc/self/ns/{kind}");
        let text = project.shell("web", &links);
        let mut lines = text.lines();
        assert_eq!(lines.next(), lines.next(), "{kind}");
    }
    let text = project.shell("web", "cat /proc/1/cgroup; echo; cat /proc/self/cgroup");
    let (of_init, of_exec) = text.split_once("\n\n").expect("two files");
    assert_eq!(of_init.trim(), of_exec.trim());
}

#[test]
fn namespaces_are_not_those_of_the_host() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let pid = project.container("web").pid;
    for kind in ["ipc", "mnt", "net", "pid", "uts"] {
        let link = |pid| fs::read_link(file(pid, &format!("ns/{kind}"))).expect("the process exists");
        assert_ne!(link(pid), link(std::process::id().cast_signed()), "{kind}");
    }
    assert_eq!(status_field(pid, "Seccomp").as_deref(), Some("2"));
}

#[test]
fn kernel_settings_and_devices_are_out_of_reach() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    for attempt in [
        "cat /proc/sys/vm/swappiness > /proc/sys/vm/swappiness",
        "d=/sys/fs/cgroup; test -d $d/memory && d=$d/memory; mkdir $d/mine",
        "mount -t tmpfs none /tmp",
        "unshare -U true",
        "mknod /disk b 254 0 && head -c 1 /disk",
        "test -n \"$(cat /proc/kcore | head -c 1)\"",
        "hostname other",
    ] {
        let outcome = project.run(&["exec", "-T", "web", "sh", "-c", attempt]);
        assert_ne!(outcome.code, Some(0), "{attempt} was let through: {outcome:#?}");
    }
}

/// CVE-2019-5736: a container makes the engine execute itself inside, then writes to that file.
#[test]
fn engine_cannot_be_written_from_inside() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let before = fs::read(lighter.binary()).expect("the binary is there");
    // Writes to the program of whatever process turns up, other than BusyBox itself.
    let attack = "
while true; do
  for exe in /proc/[0-9]*/exe; do
    case $(readlink $exe) in */busybox|'') ;; *) echo spoiled >> $exe && echo $exe >> /spoiled ;; esac
  done
done 2> /dev/null
";
    let project = Project::new(&lighter, "services: {web: {build: ., init: true}}");
    project.write("attack", attack);
    project.write("self", "#!/proc/self/exe\n");
    project.write("Dockerfile", "FROM busybox\nCOPY . /\nRUN chmod 755 /self\nCMD [\"sh\", \"/attack\"]\n");
    project.up();
    for _ in 0..20 {
        let outcome = project.run(&["exec", "-T", "web", "/self"]);
        assert_ne!(outcome.code, Some(0), "{outcome:#?}");
    }
    assert_eq!(project.shell("web", "cat /spoiled 2> /dev/null || true"), "");
    assert!(fs::read(lighter.binary()).expect("the binary is there") == before, "the engine was written to");
}
