//! The ways in which editors and tools save, each of which must arrive whole.

use super::{SLEEPER, arrives, copying, log, watched};
use scenarios::{Lighter, Project, require, wait_until};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

fn path(project: &Project<'_>, name: &str) -> PathBuf {
    project.folder().path().join("src").join(name)
}

#[test]
fn every_way_of_saving_arrives() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    fs::write(path(&project, "first"), "in place\n").expect("truncated and written");
    arrives(&project, "web", "/app/first", Some("in place\n"));

    let mut file = OpenOptions::new().append(true).open(path(&project, "first")).expect("opened");
    file.write_all(b"appended\n").expect("written");
    drop(file);
    arrives(&project, "web", "/app/first", Some("in place\nappended\n"));

    fs::write(path(&project, "first.tmp"), "renamed over\n").expect("written");
    fs::rename(path(&project, "first.tmp"), path(&project, "first")).expect("renamed");
    arrives(&project, "web", "/app/first", Some("renamed over\n"));

    // What vim does with `backup` set: the old file moves aside and goes once the new one is there.
    fs::rename(path(&project, "first"), path(&project, "first~")).expect("renamed");
    fs::write(path(&project, "first"), "with a backup\n").expect("written");
    fs::remove_file(path(&project, "first~")).expect("removed");
    arrives(&project, "web", "/app/first", Some("with a backup\n"));
    assert_eq!(project.shell("web", "ls -A /app"), "first\n");
}

#[test]
fn a_file_is_never_seen_half_written() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    let mut file = File::create(path(&project, "slow")).expect("created");
    file.write_all(b"begun\n").and_then(|()| file.sync_all()).expect("written");
    // The next save comes after the events of the slow one in the kernel's queue.
    fs::write(path(&project, "other"), "done\n").expect("written");
    arrives(&project, "web", "/app/other", Some("done\n"));
    assert_eq!(project.shell("web", "ls /app"), "other\n");
    file.write_all(b"ended\n").expect("written");
    drop(file);
    arrives(&project, "web", "/app/slow", Some("begun\nended\n"));
}

#[test]
fn folders_links_modes_moves_and_removals_arrive() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    project.write("src/a/b/c/deep", "deep\n");
    arrives(&project, "web", "/app/a/b/c/deep", Some("deep\n"));

    symlink("deep", path(&project, "a/b/c/link")).expect("linked");
    wait_until("the link is there", || {
        project.run(&["exec", "-T", "web", "readlink", "/app/a/b/c/link"]).stdout == "deep\n"
    });

    fs::set_permissions(path(&project, "a/b/c/deep"), Permissions::from_mode(0o751)).expect("set");
    wait_until("the mode is there", || project.shell("web", "stat -c %a /app/a/b/c/deep") == "751\n");

    fs::rename(path(&project, "a/b"), path(&project, "moved")).expect("moved");
    arrives(&project, "web", "/app/moved/c/deep", Some("deep\n"));
    arrives(&project, "web", "/app/a/b/c/deep", None);

    project.write("src/moved/c/again", "watched where it is now\n");
    arrives(&project, "web", "/app/moved/c/again", Some("watched where it is now\n"));

    fs::remove_dir_all(path(&project, "moved")).expect("removed");
    arrives(&project, "web", "/app/moved/c/deep", None);
    wait_until("the folder is gone", || project.shell("web", "ls /app") == "a\n");
}

#[test]
fn five_thousand_files_are_few_batches_and_all_arrive() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    for number in 0..5000 {
        project.write(&format!("src/{}/file{number}", number % 50), number.to_string());
    }
    wait_until("all files are there", || project.shell("web", "find /app -type f | wc -l").trim() == "5000");
    arrives(&project, "web", "/app/49/file4999", Some("4999"));
    let batches = log(&project).matches("web  sync").count();
    assert!(batches <= 50, "{batches} batches");
}

#[test]
fn what_does_not_count_is_neither_copied_nor_watched() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    project.write("src/node_modules/a/b.js", "no");
    project.write("src/.file.swp", "no");
    project.write("src/4913", "no");
    project.write("src/kept", "yes\n");
    arrives(&project, "web", "/app/kept", Some("yes\n"));
    assert_eq!(project.shell("web", "ls -A /app"), "kept\n");
}

#[test]
fn only_what_is_included_counts() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let rule =
        "{action: sync, path: ./src, target: /app, include: ['*.py', 'static/**'], ignore: ['test_*']}";
    let compose = format!("services: {{web: {{{SLEEPER}, develop: {{watch: [{rule}]}}}}}}");
    let project = watched(&lighter, &compose, &[("src/first.py", "")]);
    project.write("src/notes.txt", "no");
    project.write("src/test_web.py", "no");
    project.write("src/static/a/style.css", "yes");
    project.write("src/web.py", "yes\n");
    arrives(&project, "web", "/app/web.py", Some("yes\n"));
    arrives(&project, "web", "/app/static/a/style.css", Some("yes"));
    assert_eq!(project.shell("web", "cd /app && find . -type f | sort"), "./static/a/style.css\n./web.py\n");
}

#[test]
fn what_the_build_leaves_out_is_not_copied() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {build: web, init: true, command: sleep 1000000,
        develop: {watch: [{action: sync, path: ./web, target: /app}]}}}";
    let files = [("web/Dockerfile", "FROM busybox\n"), ("web/.dockerignore", "*.log\n!kept.log\n")];
    let project = watched(&lighter, compose, &files);
    project.write("web/noise.log", "no");
    project.write("web/kept.log", "yes\n");
    arrives(&project, "web", "/app/kept.log", Some("yes\n"));
    assert_eq!(project.shell("web", "ls -A /app"), "kept.log\n");
}

#[test]
fn folders_made_faster_than_they_can_be_watched_are_whole() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    for number in 0..300 {
        project.write(&format!("src/tree{number}/a/b/c/file"), number.to_string());
    }
    project.write("src/last", "last\n");
    arrives(&project, "web", "/app/last", Some("last\n"));
    let count = || project.shell("web", "cat /app/tree*/a/b/c/file 2>/dev/null | wc -c");
    // 10 numbers of one digit, 90 of two, 200 of three.
    wait_until("all have arrived", || count().trim() == "790");
}
