//! The files of images inside containers of other images.

use scenarios::{Lighter, Project, Snapshot, require};

#[test]
fn image_is_mounted_read_only_and_leaves_nothing_behind() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: sleep 1000000
    volumes:
      - {type: image, source: tool, target: /tool}
      - {type: image, source: tool, target: /part, image: {subpath: etc}}
  tool:
    image: project-tool
    build: {dockerfile_inline: \"FROM busybox\\nRUN echo made > /etc/mark\\n\"}
";
    let before = Snapshot::take(lighter.root());
    let project = Project::new(&lighter, compose);
    project.run(&["up", "-d", "web"]).fails_with(1);
    project.run(&["build", "tool"]).succeeds();
    project.run(&["up", "-d", "web"]).succeeds();
    assert_eq!(project.shell("web", "cat /tool/etc/mark /part/mark"), "made\nmade\n");
    project.run(&["exec", "-T", "web", "touch", "/tool/file"]).fails_with(1);
    project.run(&["restart", "-t", "0", "web"]).succeeds();
    assert_eq!(project.shell("web", "cat /part/mark"), "made\n");
    project.down();
    before.assert_same(&Snapshot::take(lighter.root()));
}
