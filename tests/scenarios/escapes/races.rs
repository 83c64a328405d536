//! Links put in a folder's place while somebody mounts what lies in it.

use scenarios::{Folder, Lighter, Project, require, wait_until};
use std::fs;

/// renameat2(2) by number.
const RENAMEAT2: u32 = if cfg!(target_arch = "x86_64") { 316 } else { 276 };

/// Exchanges a folder of the volume for a link out of it, and back, as fast as it can.
const SWAP: &str = "($n, $a, $b) = @ARGV; while (1) { \
                    syscall($n, -100, $a, -100, $b, 2) and die $!; \
                    if (!$told++) { open(F, '>', '/shared/ready'); close(F) } }";

fn compose(outside: &Folder) -> String {
    format!(
        "
services:
  prepare:
    image: busybox
    profiles: [once]
    command: [sh, -c, 'mkdir -p /shared/a/b; echo inside > /shared/a/b/mark; ln -s {outside} /shared/link']
    volumes: ['shared:/shared']
  swap:
    image: debian:bookworm-slim
    profiles: [attack]
    command: [perl, -e, \"{swap}\", '{RENAMEAT2}', /shared/a, /shared/link]
    volumes: ['shared:/shared']
  part:
    image: busybox
    profiles: [once]
    command: cat /part/mark
    volumes: [{{type: volume, source: shared, target: /part, volume: {{subpath: a/b}}}}]
  over:
    image: busybox
    profiles: [once]
    command: ls /shared/a
    volumes: ['shared:/shared', 'other:/shared/a/made/by/mount']
volumes: {{shared: , other: }}
",
        outside = outside.path().display(),
        swap = SWAP.replace('$', "$$"),
    )
}

/// CVE-2017-1002101 and CVE-2021-30465.
#[test]
fn link_in_a_folders_place_leads_no_mount_out_of_a_volume() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let outside = Folder::new("outside");
    outside.write("b/mark", "outside\n");
    let project = Project::new(&lighter, &compose(&outside));
    let once = |service| project.run(&["run", "--rm", "-T", service]);
    once("prepare").succeeds();
    assert_eq!(once("part").succeeds().stdout, "inside\n");
    project.run(&["up", "-d", "swap"]).succeeds();
    let swapped = || project.run(&["exec", "-T", "swap", "test", "-e", "/shared/ready"]).code == Some(0);
    wait_until("the folder is swapped", swapped);
    for _ in 0..8 {
        // The part may be gone when it is looked for; it must not be another.
        let part = once("part");
        assert!(matches!(part.stdout.as_str(), "" | "inside\n"), "{part:#?}");
        once("over");
    }
    let found = fs::read_dir(outside.path()).expect("it is ours").flatten();
    let found: Vec<_> = found.map(|entry| entry.file_name()).collect();
    assert_eq!(found, ["b"], "made outside of the volume");
}
