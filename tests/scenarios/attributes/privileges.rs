//! Capabilities and `privileged`.

use super::{inside, refused};
use scenarios::require;

/// Docker's default capabilities as a mask (capabilities(7)).
const DEFAULT: u64 = 0x0000_0000_a804_25fb;
const NET_ADMIN: u64 = 1 << 12;
const CHOWN: u64 = 1;
const KILL: u64 = 1 << 5;

/// The effective capabilities of the first process and of an exec, which must be the same.
#[track_caller]
fn capabilities(attributes: &str) -> u64 {
    let masks = inside(attributes, "awk '/^CapEff/ {print $2}' /proc/1/status /proc/self/status");
    let mut masks = masks.lines();
    let (init, exec) = (masks.next().expect("init's"), masks.next().expect("the exec's"));
    assert_eq!(init, exec);
    u64::from_str_radix(init, 16).expect("a mask")
}

#[test]
fn cap_add_and_cap_drop_change_the_default_set() {
    require!(Root, Seeds);
    assert_eq!(capabilities(""), DEFAULT);
    assert_eq!(capabilities("cap_add: [NET_ADMIN]"), DEFAULT | NET_ADMIN);
    assert_eq!(capabilities("cap_drop: [cap_chown, KILL]"), DEFAULT & !CHOWN & !KILL);
    assert_eq!(capabilities("cap_drop: [ALL]\ncap_add: [CHOWN]"), CHOWN);
    let stderr = refused("cap_add: [FLY]");
    assert!(stderr.contains("unknown capability `FLY`"), "{stderr}");
}

#[test]
fn added_capability_lets_its_calls_through() {
    require!(Root, Seeds);
    let script = "ip link add dummy9 type dummy 2>/dev/null && echo made || echo refused";
    assert_eq!(inside("", script), "refused\n");
    let add = "mount -t tmpfs none /mnt 2>/dev/null && echo mounted || echo refused";
    assert_eq!(inside("", &format!("mkdir -p /mnt; {add}")), "refused\n");
    // seccomp's rules depend on capabilities: mount(2) comes with SYS_ADMIN. The AppArmor profile of a host that
    // has one goes on denying it, as Docker's does; `attributes::security` shows that.
    let able = "cap_add: [SYS_ADMIN]\nsecurity_opt: [apparmor=unconfined]";
    assert_eq!(inside(able, &format!("mkdir -p /mnt; {add}")), "mounted\n");
}

#[test]
fn privileged_has_every_capability_and_device_and_no_filter() {
    require!(Root, Seeds);
    let host = std::fs::read_to_string("/proc/self/status").expect("we run");
    let bound = host.lines().find_map(|line| line.strip_prefix("CapBnd:\t")).expect("it is there");
    let script = "awk '/^(CapEff|Seccomp):/ {print $2}' /proc/1/status; \
                  test -w /proc/sys/vm/swappiness && echo writable; awk '$2 == \"/sys\" {print $4}' /proc/mounts | cut -c1-2; \
                  ls /dev/null /dev/full > /dev/null && echo devices";
    assert_eq!(inside("privileged: true", script), format!("{bound}\n0\nwritable\nrw\ndevices\n"));
}

#[test]
fn privileged_sees_the_devices_of_the_host() {
    require!(Root, Seeds);
    let of_host = std::fs::read_dir("/dev").expect("it is there").flatten();
    let names: Vec<String> = of_host
        .filter(|entry| std::os::unix::fs::FileTypeExt::is_block_device(&entry.file_type().expect("a type")))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let listed = inside("privileged: true", "ls /dev");
    for name in &names {
        assert!(listed.lines().any(|line| line == name), "{name} is not in\n{listed}");
    }
    assert!(!inside("", "ls /dev").lines().any(|line| names.iter().any(|name| name == line)));
}
