//! The steps of a spec, as the text their failure would carry.

use super::step::steps;
use super::{MountPlan, Source};
use crate::sys::mount::Depth;
use oci_spec::runtime::Spec;
use serde_json::{Value, json};

fn check(spec: Value, has_terminal: bool, expected: &str) {
    let spec: Spec = serde_json::from_value(spec).expect("a spec");
    let steps = steps(&spec, &[], has_terminal, Vec::new()).expect("can be launched");
    let text: Vec<String> = steps.iter().map(ToString::to_string).collect();
    assert_eq!(text.join("\n"), expected.trim().replace("\n    ", "\n"));
}

#[test]
fn steps_come_in_the_order_that_safety_needs() {
    let spec = json!({
        "ociVersion": "1.1.0",
        "hostname": "web",
        "root": {"path": "rootfs", "readonly": true},
        "process": {
            "user": {"uid": 0, "gid": 0}, "cwd": "/code", "oomScoreAdj": 0,
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 10, "soft": 10}],
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/data", "type": "bind", "source": "/srv", "options": ["rbind", "ro"]},
        ],
        "linux": {
            "namespaces": [{"type": "mount"}, {"type": "network", "path": "/proc/1/ns/net"}, {"type": "cgroup"}],
            "devices": [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3}],
            "sysctl": {"net.core.somaxconn": "10"},
            "readonlyPaths": ["/proc/sys"],
            "maskedPaths": ["/proc/kcore"],
        },
    });
    let expected = "start a session
    set oom_score_adj to 0
    join the namespace /proc/1/ns/net
    create a cgroup namespace
    separate the container's mounts from the host's
    attach the root file system
    mount /proc
    mount /srv at /data
    create the device /dev/null
    create the link /dev/fd
    create the link /dev/stdin
    create the link /dev/stdout
    create the link /dev/stderr
    create the link /dev/ptmx
    open a terminal
    enter the root file system
    set the host name to web
    set the sysctl net.core.somaxconn
    make /proc/sys read-only
    mask /proc/kcore
    create the working directory /code
    make the root file system read-only
    set the limit RLIMIT_NOFILE";
    check(spec, true, expected);
}

fn plan(mount: Value) -> MountPlan {
    let mount = serde_json::from_value(mount).expect("a mount");
    MountPlan::parse(&mount, &[]).expect("understood")
}

#[test]
fn options_of_the_mount_and_of_its_file_system_are_told_apart() {
    let options = ["nosuid", "noexec", "mode=755", "size=64k", "newinstance"];
    let plan = plan(json!({"destination": "/dev", "type": "tmpfs", "options": options}));
    assert_eq!(plan.attributes.set, libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC);
    let Source::FileSystem { kind, parameters, .. } = plan.source else { panic!("a file system") };
    let parameters: Vec<_> = parameters.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
    assert_eq!(kind, "tmpfs");
    assert_eq!(parameters, [("mode", Some("755")), ("size", Some("64k")), ("newinstance", None)]);
}

#[test]
fn a_recursive_read_only_bind_counts_for_the_tree() {
    let plan = plan(
        json!({"destination": "/d", "type": "bind", "source": "/s", "options": ["rbind", "rprivate", "rro"]}),
    );
    assert_eq!((plan.attributes.set, plan.depth), (libc::MOUNT_ATTR_RDONLY, Depth::Tree));
    assert_eq!(plan.attributes.propagation, libc::MS_PRIVATE | libc::MS_REC);
    assert_eq!(plan.source, Source::Bind { path: "/s".into(), depth: Depth::Tree });
}
