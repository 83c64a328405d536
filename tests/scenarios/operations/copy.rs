//! Files into containers and out of them.

use super::machine::Machine;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use scenarios::{Folder, require};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

const SLEEP: &str = "exec sleep 1000";

/// A path on the host as the command line has it.
fn text(folder: &Folder, path: &str) -> String {
    folder.path().join(path).display().to_string()
}

#[test]
fn files_and_folders_go_where_dockers_rules_say() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.start("a", SLEEP);
    let host = Folder::new("copy");
    host.write("file", "text");
    host.write("tree/sub/leaf", "leaf");
    let (file, tree) = (text(&host, "file"), text(&host, "tree"));
    machine.ok(&["cp", &file, "a:/new"]);
    machine.ok(&["cp", &file, "a:/tmp"]);
    machine.ok(&["cp", &tree, "a:/became"]);
    machine.ok(&["cp", &tree, "a:/became"]);
    machine.ok(&["cp", &format!("{tree}/."), "a:/tmp"]);
    let found = machine.shell("a", "cd /; find new tmp became -type f | sort");
    assert_eq!(found, "became/sub/leaf\nbecame/tree/sub/leaf\nnew\ntmp/file\ntmp/sub/leaf");
    machine.run(&["cp", &file, "a:/no/such/"]).fails_with(1);
    machine.run(&["cp", &tree, "a:/new"]).fails_with(1).says(&["cannot copy a folder to a file"]);
    machine.run(&["cp", &file, "a:/nofolder/"]).fails_with(1).says(&["no such folder"]);
    machine.run(&["cp", &text(&host, "absent"), "a:/tmp"]).fails_with(1).says(&["there is no"]);
    machine.run(&["cp", "a:/new", "a:/other"]).fails_with(1);
}

#[test]
fn what_comes_out_is_what_is_in_it_also_when_it_rests() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let make = "mkdir -p /t/sub; echo text >/t/sub/f; chmod 640 /t/sub/f; ln -s sub/f /t/link";
    machine.ok(&[
        "run",
        "--name",
        "a",
        "-v",
        "/volume",
        "busybox",
        "sh",
        "-c",
        &format!("{make}; echo v >/volume/v"),
    ]);
    let host = Folder::new("copy");
    machine.ok(&["cp", "a:/t", &text(&host, "")]);
    assert_eq!(fs::read_to_string(host.path().join("t/sub/f")).expect("copied"), "text\n");
    let mode = fs::metadata(host.path().join("t/sub/f")).expect("copied").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(fs::read_link(host.path().join("t/link")).expect("a link"), std::path::Path::new("sub/f"));
    machine.ok(&["cp", "-L", "a:/t/link", &text(&host, "followed")]);
    assert_eq!(fs::read_to_string(host.path().join("followed")).expect("copied"), "text\n");
    machine.ok(&["cp", "a:/volume/v", &text(&host, "v")]);
    assert_eq!(fs::read_to_string(host.path().join("v")).expect("from the volume"), "v\n");
    machine.ok(&["cp", &text(&host, "v"), "a:/volume/w"]);
    machine.ok(&["run", "--rm", "--volumes-from", "a", "busybox", "grep", "v", "/volume/w"]);
}

#[test]
fn archives_are_streams() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let make = "mkdir -p /t; cd /t; echo one >f; chmod 4750 f; ln f other; ln -s f link; mkfifo -m 600 pipe";
    machine.start("a", "exec sleep 1000");
    machine.shell("a", make);
    let archive = machine.feed(&["cp", "a:/t", "-"], b"");
    machine.feed(&["cp", "-", "a:/tmp"], &archive);
    assert_eq!(machine.shell("a", "cat /tmp/t/f"), "one");
    machine.feed(&["cp", "-", "a:/tmp"], &archive);
    let found =
        machine.shell("a", "cd /tmp/t; stat -c '%n %F %h %a' f other pipe; readlink link; ls -A | wc -l");
    let expected = "f regular file 2 4750\nother regular file 2 4750\npipe fifo 1 600\nf\n4";
    assert_eq!(found, expected, "with its links, modes and kinds, and nothing else");
    let mut command = machine.lighter().command(["container", "cp", "-", "a:/t/f"]);
    let output = command.output().expect("it starts");
    assert_eq!(output.status.code(), Some(1), "an archive needs a folder");
}

#[test]
fn a_mounted_file_stays_mounted_and_a_device_stays_a_device() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let host = Folder::new("copy");
    host.write("mounted", "old and longer");
    host.write("new", "new");
    let mount = format!("{}:/mounted", text(&host, "mounted"));
    machine.ok(&["run", "-d", "--init", "--name", "a", "-v", &mount, "busybox", "sleep", "1000"]);
    machine.ok(&["cp", &text(&host, "new"), "a:/mounted"]);
    assert_eq!(machine.shell("a", "cat /mounted; grep -c ' /mounted ' /proc/mounts"), "new1");
    assert_eq!(fs::read_to_string(host.path().join("mounted")).expect("still a file"), "new");

    let device = host.path().join("device");
    mknod(&device, SFlag::S_IFCHR, Mode::S_IRWXU, makedev(1, 3)).expect("root may");
    let refused = machine.run(&["cp", "a:/mounted", &text(&host, "device")]).fails_with(1);
    refused.says(&["it is a device"]);
    assert_eq!(fs::metadata(&device).expect("there").rdev(), makedev(1, 3));
}

#[test]
fn owners_are_kept_inside_and_are_the_callers_outside() {
    require!(Root, Seeds);
    let machine = Machine::new();
    machine.ok(&["run", "-d", "--init", "-u", "7:8", "--name", "a", "busybox", "sleep", "1000"]);
    let host = Folder::new("copy");
    host.write("file", "text");
    std::os::unix::fs::chown(host.path().join("file"), Some(1234), Some(1234)).expect("root may");
    machine.ok(&["cp", &text(&host, "file"), "a:/kept"]);
    machine.ok(&["cp", "-a", &text(&host, "file"), "a:/users"]);
    assert_eq!(machine.shell("a", "stat -c %u:%g /kept /users"), "1234:1234\n7:8");
    machine.ok(&["cp", "a:/kept", &text(&host, "out")]);
    assert_eq!(fs::metadata(host.path().join("out")).expect("copied").uid(), 0);
}

#[test]
fn links_of_the_container_lead_nowhere_but_into_it() {
    require!(Root, Seeds);
    let machine = Machine::new();
    let outside = Folder::new("outside");
    outside.write("secret", "of the host");
    let (target, secret) = (text(&outside, ""), text(&outside, "secret"));
    let target = target.trim_end_matches('/');
    machine.start("a", &format!("ln -s {target} /trap; ln -s /../../..{secret} /climb; exec sleep 1000"));
    scenarios::wait_until("the links are there", || {
        machine.run(&["exec", "a", "test", "-L", "/climb"]).code == Some(0)
    });
    let host = Folder::new("copy");
    host.write("file", "planted");
    machine.run(&["cp", "a:/trap/secret", &text(&host, "stolen")]).fails_with(1);
    machine.run(&["cp", "-L", "a:/climb", &text(&host, "stolen")]).fails_with(1);
    machine.run(&["cp", &text(&host, "file"), "a:/trap/planted"]).fails_with(1);
    assert!(!host.path().join("stolen").exists() && !outside.path().join("planted").exists());
    // A folder to copy from is no way out either.
    symlink("/etc", host.path().join("link")).expect("linked");
    machine.ok(&["cp", &text(&host, "link"), "a:/as-link"]);
    assert_eq!(machine.shell("a", "readlink /as-link"), "/etc");
}
