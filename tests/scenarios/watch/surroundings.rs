//! What the host may do: paths that come later, folders replaced, file systems of other kinds.

use super::{SLEEPER, arrives, copying, watched};
use scenarios::{Folder, Lighter, host, require};
use std::fs;

#[test]
fn a_path_may_appear_later_and_be_replaced() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!(
        "services: {{web: {{{SLEEPER},
           develop: {{watch: [{{action: sync, path: ./later/deep, target: /app}}]}}}}}}"
    );
    let project = watched(&lighter, &compose, &[]);
    project.write("later/deep/file", "one\n");
    arrives(&project, "web", "/app/file", Some("one\n"));
    fs::rename(project.folder().path().join("later"), project.folder().path().join("gone")).expect("moved");
    arrives(&project, "web", "/app/file", None);
    project.write("later/deep/file", "two\n");
    arrives(&project, "web", "/app/file", Some("two\n"));
}

#[test]
fn a_linked_path_is_followed_but_links_below_it_are_copied_as_links() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let real = Folder::new("real");
    real.write("file", "one\n");
    let compose = format!(
        "services: {{web: {{{SLEEPER},
           develop: {{watch: [{{action: sync, path: ./link, target: /app}}]}}}}}}"
    );
    let project = scenarios::Project::new(&lighter, &compose);
    std::os::unix::fs::symlink(real.path(), project.folder().path().join("link")).expect("linked");
    project.run(&["watch", "-d"]).succeeds();
    real.write("file", "two\n");
    arrives(&project, "web", "/app/file", Some("two\n"));
}

#[test]
fn files_on_a_tmpfs_are_watched_too() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let mount = Mounted::tmpfs();
    let compose = format!(
        "services: {{web: {{{SLEEPER},
           develop: {{watch: [{{action: sync, path: {}, target: /app}}]}}}}}}",
        mount.0.path().display()
    );
    let project = watched(&lighter, &compose, &[]);
    mount.0.write("x/file", "text\n");
    arrives(&project, "web", "/app/x/file", Some("text\n"));
}

/// A folder with a tmpfs on it, as long as this exists.
struct Mounted(Folder);

impl Mounted {
    fn tmpfs() -> Self {
        let folder = Folder::new("tmpfs");
        host::run("mount", &["-t", "tmpfs", "tmpfs", &folder.path().display().to_string()]);
        Self(folder)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        host::run("umount", &["--lazy", &self.0.path().display().to_string()]);
    }
}

#[test]
fn a_container_that_was_stopped_is_up_to_date_when_it_starts() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = copying(&lighter, "");
    project.run(&["stop", "-t", "0"]).succeeds();
    project.write("src/file", "text\n");
    super::says(&project, "sync  file");
    project.run(&["start"]).succeeds();
    arrives(&project, "web", "/app/file", Some("text\n"));
}
