//! What a container must not be able to do.

use super::Case;
use super::container::Container;
use engine::require;
use engine::runtime::spec::{ResolvedMount, ResolvedSource};

pub(crate) const CASES: &[Case] = &[
    ("confinement::root_has_dockers_capabilities_and_a_filter", root_has_dockers_capabilities_and_a_filter),
    ("confinement::a_user_has_no_capabilities", a_user_has_no_capabilities),
    ("confinement::no_new_privileges_is_set", no_new_privileges_is_set),
    ("confinement::masked_and_read_only_paths_hold", masked_and_read_only_paths_hold),
    ("confinement::a_read_only_root_refuses_writes", a_read_only_root_refuses_writes),
    ("confinement::devices_without_a_rule_are_denied", devices_without_a_rule_are_denied),
    ("confinement::only_standard_streams_are_inherited", only_standard_streams_are_inherited),
    ("confinement::a_read_only_bind_refuses_writes", a_read_only_bind_refuses_writes),
    (
        "confinement::memory_limit_ends_the_program_and_is_counted",
        memory_limit_ends_the_program_and_is_counted,
    ),
];

const STATUS: &str = "grep -E '^(Cap|NoNewPrivs|Seccomp:|Groups)' /proc/self/status";

fn root_has_dockers_capabilities_and_a_filter() {
    require!(Root, Busybox);
    let output = Container::new(STATUS).run().output;
    let expected = [
        "CapInh:\t0000000000000000",
        "CapPrm:\t00000000a80425fb",
        "CapEff:\t00000000a80425fb",
        "CapBnd:\t00000000a80425fb",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t0",
        "Seccomp:\t2",
    ];
    expected.iter().for_each(|line| assert!(output.contains(line), "{line} is missing in\n{output}"));
}

fn a_user_has_no_capabilities() {
    require!(Root, Busybox);
    let mut container = Container::new(STATUS);
    container.spec.process.user = Some("app".to_owned());
    let output = container.run().output;
    for line in
        ["CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t00000000a80425fb", "Groups:\t50"]
    {
        assert!(output.contains(line), "{line} is missing in\n{output}");
    }
}

fn no_new_privileges_is_set() {
    require!(Root, Busybox);
    let mut container = Container::new(STATUS);
    container.spec.security.options = vec!["no-new-privileges:true".to_owned()];
    let output = container.run().output;
    assert!(output.contains("NoNewPrivs:\t1") && output.contains("Seccomp:\t2"), "{output}");
}

fn masked_and_read_only_paths_hold() {
    require!(Root, Busybox);
    let script =
        "cat /proc/kcore; ls /sys/firmware; echo 1 > /proc/sys/kernel/panic; touch /sys/x; ls /sys/fs/cgroup";
    let outcome = Container::new(script).run();
    assert!(outcome.output.contains("/proc/sys/kernel/panic: Read-only file system"), "{}", outcome.output);
    assert!(outcome.output.contains("/sys/x: Read-only file system"), "{}", outcome.output);
    assert_eq!(outcome.code, 0, "{}", outcome.output);
}

fn a_read_only_root_refuses_writes() {
    require!(Root, Busybox);
    let mut container =
        Container::new("touch /file; touch /dev/shm/file && echo shm; touch /new/file && echo tmpfs");
    container.spec.security.read_only = true;
    let tmpfs = ResolvedSource::Tmpfs(engine_spec::TmpfsOptions::default());
    container.mounts = vec![ResolvedMount { target: "/new".into(), source: tmpfs, read_only: false }];
    let output = container.run().output;
    assert_eq!(output, "touch: /file: Read-only file system\nshm\ntmpfs\n");
}

fn devices_without_a_rule_are_denied() {
    require!(Root, Busybox);
    let script = "mknod /tmp-disk b 254 0 && dd if=/tmp-disk of=/dev/null count=1; head -c 1 /dev/zero > /dev/null && echo fine";
    let output = Container::new(script).run().output;
    assert!(output.contains("can't open '/tmp-disk': Operation not permitted"), "{output}");
    assert!(output.ends_with("fine\n"), "{output}");
}

fn only_standard_streams_are_inherited() {
    require!(Root, Busybox);
    let leak = std::fs::File::open("/").expect("opened");
    nix::fcntl::fcntl(&leak, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).expect("set");
    let output = Container::new("ls /proc/1/fd; true").run().output;
    assert_eq!(output, "0\n1\n2\n");
}

fn a_read_only_bind_refuses_writes() {
    require!(Root, Busybox);
    let mut container = Container::new("touch /data/file");
    let source = container.folder.join("data");
    std::fs::create_dir(&source).expect("created");
    let source = ResolvedSource::Bind {
        path: source,
        propagation: None,
        recursive: engine_spec::Recursive::Enabled,
        idmap: None,
    };
    container.mounts = vec![ResolvedMount { target: "/data".into(), source, read_only: true }];
    assert_eq!(container.run().output, "touch: /data/file: Read-only file system\n");
}

fn memory_limit_ends_the_program_and_is_counted() {
    require!(Root, Busybox);
    let mut container = Container::new("exec dd if=/dev/zero of=/dev/null bs=64M count=1");
    container.spec.resources.memory.limit = Some(16 * 1024 * 1024);
    assert_eq!(container.run().code, 128 + 9);
    assert_eq!(container.cgroup().oom_kills().expect("read"), 1);
}
