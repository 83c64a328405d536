//! Data that outlives containers, and folders of the host inside them.

use scenarios::{Lighter, Project, require};
use std::fs;

#[test]
fn named_volume_outlives_down_but_not_down_with_volumes() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    volumes: [data:/data]
volumes:
  data:
";
    let project = Project::new(&lighter, compose);
    project.up();
    project.shell("web", "echo kept > /data/file");
    project.down();
    project.up();
    assert_eq!(project.shell("web", "cat /data/file"), "kept\n");
    project.run(&["down", "-v", "-t", "0"]).succeeds();
    project.up();
    assert_eq!(project.shell("web", "ls /data"), "");
}

#[test]
fn new_volume_starts_with_what_the_image_has_there() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    volumes: [etc:/etc]
volumes:
  etc:
";
    let project = Project::new(&lighter, compose);
    project.up();
    assert!(project.shell("web", "cat /etc/passwd").starts_with("root:"));
    assert!(lighter.root().join(format!("lib/volumes/{}_etc", project.name())).exists());
}

#[test]
fn bind_mount_shows_the_host_folder_and_can_be_read_only() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    volumes: ['./shared:/shared', './shared:/fixed:ro']
";
    let project = Project::new(&lighter, compose);
    project.write("shared/file", "from the host\n");
    project.up();
    assert_eq!(project.shell("web", "cat /shared/file"), "from the host\n");
    project.shell("web", "echo from the container > /shared/answer");
    let answer = fs::read_to_string(project.folder().path().join("shared/answer"));
    assert_eq!(answer.expect("the answer is on the host"), "from the container\n");
    project.run(&["exec", "-T", "web", "sh", "-c", "echo no > /fixed/file"]).fails_with(1);
}
