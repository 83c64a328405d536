//! After `down` the machine is as it was.

use scenarios::{Lighter, Project, Snapshot, host, require};

#[test]
fn nothing_is_left_after_down() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    let port = host::free_port();
    let compose = format!(
        "
services:
  web:
    image: busybox
    command: httpd -f -p 80
    init: true
    ports: ['{port}:80', '127.0.0.1::81']
    networks: [front, back]
    volumes: [data:/data]
  other:
    image: busybox
    command: sleep 1000000
    restart: always
    networks: [back]
    deploy: {{replicas: 2}}
networks:
  front:
  back:
volumes:
  data:
"
    );
    let project = Project::new(&lighter, &compose);
    project.up();
    assert_eq!(project.container("web").state, "running");
    project.run(&["down", "-v", "-t", "0"]).succeeds();
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn nothing_but_the_image_is_left_of_what_was_built() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    let project = Project::new(&lighter, "services: {web: {build: ., command: sleep 1000000, init: true}}");
    project.write("Dockerfile", "FROM busybox\nRUN echo made > /file\n");
    project.run(&["up", "-d", "--build"]).succeeds();
    assert_eq!(project.shell("web", "cat /file"), "made\n");
    project.down();
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn down_works_without_the_file() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    let compose = "services: {web: {image: busybox, command: sleep 1000000, init: true}}";
    let project = Project::new(&lighter, compose);
    project.up();
    let name = project.name();
    lighter.run(["-p", &name, "down", "-t", "0"]).succeeds();
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn down_twice_is_no_error() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {image: busybox, command: sleep 1000000, init: true}}";
    let project = Project::new(&lighter, compose);
    project.up();
    project.down();
    project.down();
}
