//! The effect of each key of the `build` section, read from what the steps saw and from the image.

use super::file_of_image;
use scenarios::{Lighter, Project, require};
use std::os::unix::net::UnixListener;

const COMPOSE: &str = "
services:
  web:
    image: built:one
    build:
      context: app
      dockerfile: docker/Web.Dockerfile
      args: {WORD: given}
      target: wanted
      additional_contexts: {more: ./elsewhere}
      network: host
      extra_hosts: ['somewhere=192.0.2.7']
      shm_size: 32m
      ulimits: {nofile: {soft: 100, hard: 200}, core: 300}
      labels: {kind: test}
      tags: ['built:two', 'other/name:3']
";

const DOCKERFILE: &str = "
FROM busybox AS wanted
ARG WORD=default
COPY word /
COPY --from=more file /
RUN { echo $WORD; cat /word /file; grep somewhere /etc/hosts | tr '\\t' ' '; \\
  df -k /dev/shm | awk 'END {print $2}'; \\
  awk '/open files/ {print $4, $5} /core file/ {print $5, $6}' /proc/self/limits; \\
  readlink /proc/self/ns/net; } > /seen
FROM wanted
RUN echo beyond the target > /seen
";

#[test]
fn steps_and_image_are_as_the_section_says() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.write("app/docker/Web.Dockerfile", DOCKERFILE);
    project.write("app/word", "of the context\n");
    project.write("elsewhere/file", "of another context\n");
    project.run(&["build"]).succeeds();
    let network = std::fs::read_link("/proc/self/ns/net").expect("a process has a network");
    let expected = format!(
        "given\nof the context\nof another context\n192.0.2.7 somewhere\n32768\n300 300\n100 200\n{}\n",
        network.display()
    );
    assert_eq!(file_of_image(&project, "/seen"), expected);
    let inspect = |name: &str| {
        let format = "{{.Id}} {{index .Config.Labels \"kind\"}}";
        lighter.run(["image", "inspect", "-f", format, name]).succeeds().stdout
    };
    let first = inspect("built:one");
    assert!(first.ends_with(" test\n"), "{first}");
    for name in ["built:two", "other/name:3"] {
        assert_eq!(inspect(name), first, "{name} is another image");
    }
}

#[test]
fn dockerfile_may_stand_in_the_section() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    build:
      network: none
      dockerfile_inline: |
        FROM busybox
        RUN ls /sys/class/net > /seen
";
    let project = Project::new(&lighter, compose);
    project.run(&["build"]).succeeds();
    assert_eq!(file_of_image(&project, "/seen"), "lo\n");
}

#[test]
fn images_are_for_the_platform_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: built:1
    build:
      platforms: [linux/s390x]
      dockerfile_inline: |
        FROM scratch
        COPY compose.yaml /
";
    let project = Project::new(&lighter, compose);
    project.run(&["build"]).succeeds();
    let format = "{{.Os}}/{{.Architecture}}";
    let platform = lighter.run(["image", "inspect", "-f", format, "built:1"]).succeeds().stdout;
    assert_eq!(platform, "linux/s390x\n");
}

/// A step asks for all rights; `consent` is what the section says to that.
fn insecure(consent: &str) -> String {
    format!(
        "
services:
  web:
    build:
      {consent}
      dockerfile_inline: |
        FROM busybox
        RUN grep CapEff /proc/self/status > /ordinary
        RUN --security=insecure grep CapEff /proc/self/status > /seen
"
    )
}

/// The capability to administer the system (`linux/capability.h`).
const SYS_ADMIN: u64 = 1 << 21;

#[test]
fn all_rights_are_for_those_who_consent() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &insecure("args: {}"));
    let refused = project.run(&["build"]).fails_with(1);
    refused.says(&["security.insecure", "dockerfile_inline:3"]);
    for consent in ["privileged: true", "entitlements: [security.insecure]"] {
        project.write("compose.yaml", insecure(consent));
        project.run(&["build"]).succeeds();
        let rights = |file: &str| {
            let text = file_of_image(&project, file);
            let number = text.split_whitespace().nth(1).expect("a field has a value");
            u64::from_str_radix(number, 16).expect("capabilities are a number")
        };
        assert_eq!(rights("/ordinary") & SYS_ADMIN, 0, "{consent}");
        assert_eq!(rights("/seen") & SYS_ADMIN, SYS_ADMIN, "{consent}");
    }
}

#[test]
fn agents_reach_the_steps_that_ask() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    build:
      ssh: [default, own=./own.sock]
      dockerfile_inline: |
        FROM busybox
        RUN --mount=type=ssh test -S $$SSH_AUTH_SOCK && echo $$SSH_AUTH_SOCK > /seen
        RUN --mount=type=ssh,id=own,target=/own test -S /own && echo $$SSH_AUTH_SOCK >> /seen
";
    let project = Project::new(&lighter, compose);
    let socket = |name: &str| {
        let path = project.folder().path().join(name);
        (UnixListener::bind(&path).expect("a socket can be made"), path)
    };
    let ((_default, path), _own) = (socket("default.sock"), socket("own.sock"));
    let mut build = project.command(&["build"]);
    build.env("SSH_AUTH_SOCK", &path);
    scenarios::lighter::run(build).succeeds();
    assert_eq!(file_of_image(&project, "/seen"), "/run/buildkit/ssh_agent.0\n/own\n");
}
