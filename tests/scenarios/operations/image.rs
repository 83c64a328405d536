//! What a container changed, as a list, as an archive and as an image.

use super::machine::Machine;
use scenarios::{Folder, host, require};

#[test]
fn changes_are_listed_as_docker_lists_them() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let script =
        "mkdir -p /added/sub; echo x >/added/sub/f; rm /etc/group; chmod 600 /etc/passwd; echo >/tmp/x";
    machine.ok(&["run", "--name", "a", "busybox", "sh", "-c", script]);
    let listed = machine.ok(&["diff", "a"]);
    let expected =
        "A /added\nA /added/sub\nA /added/sub/f\nC /etc\nD /etc/group\nC /etc/passwd\nC /tmp\nA /tmp/x\n";
    assert_eq!(listed, expected);
    machine.ok(&["run", "--name", "untouched", "busybox", "true"]);
    assert_eq!(machine.ok(&["diff", "untouched"]), "");
}

#[test]
fn an_export_has_the_files_of_the_container_and_not_of_its_volumes() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let script = "echo mine >/mine; echo v >/volume/v; rm /etc/group; exec sleep 1000";
    machine.ok(&["run", "-d", "--init", "--name", "a", "-v", "/volume", "busybox", "sh", "-c", script]);
    scenarios::wait_until("all is written", || {
        machine.run(&["exec", "a", "test", "-e", "/etc/group"]).code == Some(1)
    });
    let folder = Folder::new("export");
    let path = folder.path().join("a.tar").display().to_string();
    for state in ["running", "exited"] {
        machine.ok(&["export", "-o", &path, "a"]);
        let names = host::run("tar", &["-tf", &path]);
        let has = |name: &str| names.lines().any(|line| line.trim_end_matches('/') == name);
        assert!(has("mine") && has("bin/busybox") && has("volume"), "{state}: {names}");
        assert!(!has("volume/v") && !has("etc/group"), "{state}: {names}");
        assert_eq!(host::run("tar", &["-xOf", &path, "mine"]), "mine\n");
        machine.ok(&["stop", "-t", "1", "a"]);
    }
}

#[test]
fn a_commit_is_an_image_of_the_container_without_what_is_not_its_own() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let script = "echo page >/page; echo v >/volume/v; rm /etc/group; exec sleep 1000";
    let options = ["run", "-d", "--init", "--name", "a", "-e", "KEPT=yes", "-v", "/volume"];
    machine.ok(&[&options[..], &["busybox", "sh", "-c", script]].concat());
    scenarios::wait_until("all is written", || {
        machine.run(&["exec", "a", "test", "-e", "/etc/group"]).code == Some(1)
    });
    let changes = [
        "-c",
        "CMD [\"cat\", \"/page\"]",
        "-c",
        "ENV ADDED=too",
        "-c",
        "LABEL tier=front",
        "-c",
        "HEALTHCHECK CMD true",
    ];
    let id = machine.ok(&[&["commit", "-a", "me", "-m", "a page"], &changes[..], &["a", "page:1"]].concat());
    assert!(id.starts_with("sha256:") && id.len() == 72, "{id}");
    assert_eq!(machine.states(), "a running", "it goes on after the pause");
    assert_eq!(machine.ok(&["run", "--rm", "page:1"]), "page\n");
    let look =
        "echo $KEPT $ADDED; ls -A /volume; test -e /etc/group || echo gone; test -s /etc/hosts && echo hosts";
    assert_eq!(machine.ok(&["run", "--rm", "page:1", "sh", "-c", look]), "yes too\ngone\nhosts\n");
    machine
        .run(&["commit", "-c", "RUN true", "a"])
        .fails_with(1)
        .says(&["not a change of how an image is run"]);
    let probe = ["image", "inspect", "-f", "{{json .Config.Healthcheck.Test}}", "page:1"];
    assert_eq!(machine.lighter().run(probe).succeeds().stdout, "[\"CMD-SHELL\",\"true\"]\n");
    assert_eq!(machine.shell("a", "cat /page"), "page");
}
