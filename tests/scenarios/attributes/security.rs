//! `security_opt`, `sysctls`, `userns_mode`, `isolation`.

use super::{compose, inside, refused, sleeping};
use scenarios::{Lighter, Project, require};

/// What /proc says of the first process and of an exec.
#[track_caller]
fn status(attributes: &str, field: &str) -> String {
    inside(attributes, &format!("awk '/^{field}:/ {{print $2}}' /proc/1/status /proc/self/status"))
}

#[test]
fn seccomp_is_on_unless_it_is_unconfined() {
    require!(Root, Seeds);
    assert_eq!(status("", "Seccomp"), "2\n2\n");
    assert_eq!(status("security_opt: ['seccomp:unconfined']", "Seccomp"), "0\n0\n");
}

#[test]
fn seccomp_profile_is_a_file_of_the_project() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let attributes = "command: sleep 1000000\nsecurity_opt: [seccomp=./profile.json]";
    let project = Project::new(&lighter, &compose(attributes));
    // Docker's format: everything passes but mkdir.
    let profile = r#"{"defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}"#;
    project.write("profile.json", profile);
    project.up();
    let script = "mkdir /folder 2>&1 | grep -o 'not supported'; touch /file && echo written; readlink /proc/self/ns/user > /dev/null && echo read";
    assert_eq!(project.shell("web", script), "not supported\nwritten\nread\n");
}

#[test]
fn seccomp_profile_that_is_missing_or_none_is_named() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let attributes = "command: sleep 1000000\nsecurity_opt: [seccomp=./profile.json]";
    let project = Project::new(&lighter, &compose(attributes));
    let missing = project.run(&["up", "-d"]);
    assert_ne!(missing.code, Some(0));
    assert!(missing.stderr.contains("profile.json"), "{}", missing.stderr);
    project.write("profile.json", "[]");
    let malformed = project.run(&["up", "-d"]);
    assert_ne!(malformed.code, Some(0));
    assert!(malformed.stderr.contains("is not a seccomp profile"), "{}", malformed.stderr);
}

#[test]
fn no_new_privileges_is_set_on_request() {
    require!(Root, Seeds);
    assert_eq!(status("", "NoNewPrivs"), "0\n0\n");
    assert_eq!(status("security_opt: ['no-new-privileges:true']", "NoNewPrivs"), "1\n1\n");
    assert_eq!(status("security_opt: [no-new-privileges]", "NoNewPrivs"), "1\n1\n");
}

#[test]
fn apparmor_confines_by_our_profile_unless_told_otherwise() {
    require!(Root, Seeds, AppArmor);
    let profile = "cat /proc/1/attr/current /proc/self/attr/current";
    assert_eq!(inside("", profile), "lighter-default (enforce)\n".repeat(2));
    assert_eq!(inside("security_opt: [apparmor=unconfined]", profile), "unconfined\n".repeat(2));
    let stderr = refused("security_opt: ['apparmor:no-such-profile']");
    assert!(stderr.contains("no-such-profile"), "{stderr}");
    // What a capability and the seccomp filter let through, the profile does not.
    let mount = "mkdir -p /place; mount -t tmpfs none /place && echo mounted || echo refused";
    assert_eq!(inside("cap_add: [SYS_ADMIN]", mount), "refused\n");
    let unconfined = "cap_add: [SYS_ADMIN]\nsecurity_opt: [apparmor=unconfined]";
    assert_eq!(inside(unconfined, mount), "mounted\n");
}

#[test]
fn system_paths_are_hidden_unless_they_are_unconfined() {
    require!(Root, Seeds);
    let covered = "awk '$2 ~ \"^/proc/\"' /proc/mounts | wc -l";
    assert_ne!(inside("", covered), "0\n");
    assert_eq!(inside("security_opt: [systempaths=unconfined]", covered), "0\n");
}

#[test]
fn labels_of_security_modules_are_accepted_and_unknown_options_refused() {
    require!(Root, Seeds);
    assert_eq!(inside("security_opt: ['label:type:svirt_apache_t', label=disable]", "echo runs"), "runs\n");
    let stderr = refused("security_opt: [magic]");
    assert!(stderr.contains("unknown security option `magic`"), "{stderr}");
}

#[test]
fn sysctls_are_those_of_the_containers_namespaces() {
    require!(Root, Seeds);
    let attributes = "sysctls: {net.core.somaxconn: 1024, kernel.msgmax: '16384'}";
    let script = "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax";
    assert_eq!(inside(attributes, script), "1024\n16384\n");
    assert_ne!(inside("", script), "1024\n16384\n");
}

#[test]
fn sysctl_of_the_host_is_refused_with_the_command_for_it() {
    require!(Root, Seeds);
    let stderr = refused("sysctls: [vm.max_map_count=262144]");
    assert!(stderr.contains("sysctl -w vm.max_map_count=262144"), "{stderr}");
}

#[test]
fn userns_mode_is_the_hosts() {
    require!(Root, Seeds);
    let map = inside("userns_mode: host", "cat /proc/self/uid_map");
    assert_eq!(map.split_whitespace().collect::<Vec<_>>(), ["0", "0", "4294967295"]);
    let stderr = refused("userns_mode: keep-id");
    assert!(stderr.contains("userns_mode") && stderr.contains("host"), "{stderr}");
}

#[test]
fn isolation_has_one_kind_on_linux() {
    require!(Root, Seeds);
    assert_eq!(inside("isolation: default", "echo runs"), "runs\n");
    let stderr = refused("isolation: hyperv");
    assert!(stderr.contains("isolation") && stderr.contains("Windows"), "{stderr}");
}

#[test]
fn user_of_a_container_without_root_has_no_capability() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = sleeping(&lighter, "user: '1000'");
    assert_eq!(project.shell("web", "awk '/^CapEff/ {print $2}' /proc/1/status"), "0000000000000000\n");
}
