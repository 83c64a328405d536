//! `exec`, and the commands that only show or fetch something.

use scenarios::{Lighter, Project, require};
use serde_json::Value;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

const WEB: &str = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    environment: [COLOUR=blue]
    volumes: [data:/data]
volumes:
  data:
";

#[test]
fn exec_prints_and_returns_what_the_command_does() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let script = "echo $COLOUR $SIZE; echo trouble >&2; pwd; exit 7";
    let arguments = ["exec", "-T", "-e", "SIZE=big", "-w", "/tmp", "web", "sh", "-c", script];
    let outcome = project.run(&arguments).fails_with(7);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("blue big\n/tmp\n", "trouble\n"));
}

#[test]
fn exec_reads_its_input_to_the_end() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let mut command = project.command(&["exec", "-T", "web", "wc", "-c"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("lighter starts");
    let mut input = child.stdin.take().expect("stdin is a pipe");
    input.write_all(&vec![b'x'; 300_000]).expect("exec reads all of it");
    drop(input);
    let output = child.wait_with_output().expect("exec ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "300000");
}

#[test]
fn exec_on_a_terminal_gives_one_of_the_same_size() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let mut command = project.command(&["exec", "web", "sh", "-c", "test -t 0 && stty size; exit 5"]);
    let (text, code) = on_a_terminal(&mut command, 33, 77);
    assert_eq!((text.trim(), code), ("33 77", Some(5)));
}

/// Runs `command` on a terminal of its own and returns what the terminal showed.
fn on_a_terminal(command: &mut Command, rows: u16, columns: u16) -> (String, Option<i32>) {
    let size = nix::pty::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = nix::pty::openpty(Some(&size), None).expect("a terminal can be made");
    let end = || pty.slave.try_clone().expect("a descriptor can be copied");
    let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("lighter starts");
    // With our own copies gone, reading ends (with EIO) when the last process that has it ends.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    drop(pty.slave);
    let mut text = Vec::new();
    let _ = File::from(pty.master).read_to_end(&mut text);
    let status = child.wait().expect("lighter ends");
    (String::from_utf8_lossy(&text).into_owned(), status.code())
}

#[test]
fn exec_says_which_command_is_missing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    project.run(&["exec", "-T", "web", "/no/such"]).fails_with(127).says(&["/no/such"]);
}

#[test]
fn exec_as_another_user_has_its_identity() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let outcome = project.run(&["exec", "-T", "-u", "nobody", "web", "id", "-u"]).succeeds();
    assert_eq!(outcome.stdout, "65534\n");
}

#[test]
fn ps_shows_what_runs_as_table_and_as_json() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let name = format!("{}-web-1", project.name());
    let table = project.run(&["ps"]).succeeds().stdout;
    assert!(table.starts_with("NAME") && table.contains(&name), "{table}");
    let json = project.run(&["ps", "--format", "json"]).succeeds().stdout;
    let row: Value = serde_json::from_str(json.lines().next().expect("a row")).expect("a row is JSON");
    assert_eq!((row["Name"].as_str(), row["Service"].as_str()), (Some(name.as_str()), Some("web")));
    assert_eq!(row["State"], "running");
}

#[test]
fn lists_show_what_the_project_made() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let shown = |arguments: &[&str]| project.run(arguments).succeeds().stdout;
    assert!(shown(&["volume", "ls"]).contains(&format!("{}_data", project.name())));
    assert!(shown(&["network", "ls"]).contains(&format!("{}_default", project.name())));
    assert!(shown(&["image", "ls"]).contains("busybox"));
    assert!(shown(&["images"]).contains("busybox"));
    assert!(shown(&["version"]).contains("ighter"));
}

#[test]
fn config_prints_the_resolved_project() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    let text = project.run(&["config"]).succeeds().stdout;
    assert!(text.starts_with(&format!("name: {}\n", project.name())), "{text}");
    assert!(text.contains("COLOUR: blue"), "{text}");
}

#[test]
fn images_are_pulled_tagged_and_removed() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    lighter.run(["image", "pull", "busybox"]).succeeds();
    lighter.run(["image", "tag", "busybox", "mine:1"]).succeeds();
    let listed = lighter.run(["image", "ls"]).succeeds().stdout;
    assert!(listed.contains("mine"), "{listed}");
    lighter.run(["image", "rm", "mine:1"]).succeeds();
    let listed = lighter.run(["image", "ls"]).succeeds().stdout;
    assert!(!listed.contains("mine") && listed.contains("busybox"), "{listed}");
}

#[test]
fn volumes_are_removed_unless_in_use() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let name = format!("{}_data", project.name());
    lighter.run(["volume", "rm", &name]).fails_with(1).says(&[&name]);
    project.down();
    lighter.run(["volume", "rm", &name]).succeeds();
    assert!(!lighter.run(["volume", "ls"]).succeeds().stdout.contains(&name));
}
