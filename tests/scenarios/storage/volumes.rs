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

const OWNED: &str = "
services:
  web:
    build:
      dockerfile_inline: |
        FROM busybox
        RUN mkdir -p /data/sub /vol && echo x > /data/sub/file && chown -R 1000:1001 /data && chmod 2750 /data
        VOLUME /vol
    command: sleep 1000000
    volumes:
      - 'filled:/data'
      - {type: volume, source: bare, target: /bare, volume: {nocopy: true}}
      - {type: volume, source: nocopy, target: /data2, volume: {nocopy: true}}
      - {type: volume, source: filled, target: /part, read_only: true, volume: {subpath: sub}}
      - {type: volume, target: /labelled, volume: {labels: {purpose: test}}}
volumes:
  filled: {labels: {kind: kept}}
  bare:
  nocopy: {name: '${COMPOSE_PROJECT_NAME}-own-name'}
";

#[test]
fn new_volume_has_content_owner_and_mode_of_the_image() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, OWNED);
    project.up();
    let stat = "stat -c '%a %u:%g' /data /data/sub/file /bare";
    assert_eq!(project.shell("web", stat), "2750 1000:1001\n644 1000:1001\n755 0:0\n");
    assert_eq!(project.shell("web", "cat /part/file; ls /data2"), "x\n");
    project.run(&["exec", "-T", "web", "touch", "/part/new"]).fails_with(1);
    // A volume that has something in it stays as it is.
    project.shell("web", "rm -r /data/sub; echo mine > /data/own");
    project.run(&["up", "-d", "--force-recreate", "-t", "0"]).fails_with(1).says(&["/part"]);
    assert!(lighter.root().join(format!("lib/volumes/{}-own-name", project.name())).exists());
}

#[test]
fn volumes_keep_the_labels_of_the_file() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, OWNED);
    project.run(&["create"]).succeeds();
    let records = fs::read_dir(lighter.root().join("lib/volumes")).expect("listed").flatten();
    let records: Vec<String> =
        records.filter_map(|volume| fs::read_to_string(volume.path().join("record.json")).ok()).collect();
    let with = |label: &str| records.iter().filter(|record| record.contains(label)).count();
    assert_eq!((with("\"kind\":\"kept\""), with("\"purpose\":\"test\"")), (1, 1));
}

#[test]
fn anonymous_volume_follows_its_service_and_goes_with_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project =
        Project::new(&lighter, "services: {web: {image: busybox, command: sleep 1000000, volumes: [/data]}}");
    project.up();
    project.shell("web", "echo kept > /data/file");
    project.run(&["up", "-d", "--force-recreate", "-t", "0"]).succeeds();
    assert_eq!(project.shell("web", "cat /data/file"), "kept\n");
    project.run(&["down", "-v", "-t", "0"]).succeeds();
    let left = fs::read_dir(lighter.root().join("lib/volumes")).expect("listed").count();
    assert_eq!(left, 0);
}

#[test]
fn external_volume_must_be_there_and_stays() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let mounts = "services: {web: {image: busybox, command: sleep 1000000, volumes: ['data:/data']}}";
    let owner = Project::new(&lighter, &format!("{mounts}\nvolumes: {{data: {{name: outside}}}}"));
    let user =
        Project::new(&lighter, &format!("{mounts}\nvolumes: {{data: {{external: true, name: outside}}}}"));
    user.run(&["up", "-d"]).fails_with(1).says(&["outside"]);
    owner.up();
    owner.shell("web", "echo there > /data/file");
    owner.down();
    user.up();
    assert_eq!(user.shell("web", "cat /data/file"), "there\n");
    user.run(&["down", "-v", "-t", "0"]).succeeds();
    assert!(lighter.root().join("lib/volumes/outside").exists());
}
