//! Memory inside containers.

use scenarios::{Lighter, Project, require};

#[test]
fn memory_has_the_size_mode_and_owner_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: sleep 1000000
    tmpfs: ['/short:size=1m,mode=1770,uid=5,gid=6,exec', /plain]
    volumes: [{type: tmpfs, target: /long, tmpfs: {size: 2m, mode: 0o700}}]
";
    let project = Project::new(&lighter, compose);
    project.up();
    assert_eq!(project.shell("web", "stat -c '%a %u %g' /short /long"), "1770 5 6\n700 0 0\n");
    let sizes = project.shell("web", "df -k /short /long | awk 'NR > 1 {print $2}'");
    assert_eq!(sizes, "1024\n2048\n");
    let mounts = project.shell("web", "grep -E ' /(short|plain) ' /proc/mounts");
    let (short, plain) = mounts.split_once('\n').expect("two mounts");
    assert!(!short.contains("noexec") && plain.contains("noexec,"), "{mounts}");
}
