//! Each attribute's effect, read from inside the container or from the kernel.
//!
//! `tests/attributes/` says which test shows which attribute.

mod cpu;
mod devices;
mod files;
mod identity;
mod memory;
mod namespaces;
mod privileges;
mod process;
mod security;
mod stop;

use scenarios::{Lighter, Outcome, Project};
use std::fmt::Write as _;

/// A project whose service `web` sleeps, with `attributes`, a line each.
fn sleeping<'a>(lighter: &'a Lighter, attributes: &str) -> Project<'a> {
    let project = Project::new(lighter, &compose(&format!("command: sleep 1000000\n{attributes}")));
    project.up();
    project
}

/// The file of a service `web` of the BusyBox image with `attributes`, a line each.
fn compose(attributes: &str) -> String {
    let mut text = "services:\n  web:\n    image: busybox\n".to_owned();
    for line in attributes.lines() {
        // A String takes every write.
        let _ = writeln!(text, "    {line}");
    }
    text
}

/// What `script` prints in a container of the BusyBox image with `attributes`.
#[track_caller]
fn inside(attributes: &str, script: &str) -> String {
    let lighter = Lighter::new();
    sleeping(&lighter, attributes).shell("web", script)
}

/// What is said to a service with `attributes` that cannot be.
#[track_caller]
fn refused(attributes: &str) -> String {
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &compose(&format!("command: sleep 1000000\n{attributes}")));
    let Outcome { stderr, code, .. } = project.run(&["up", "-d"]);
    assert_ne!(code, Some(0), "{attributes} was let through");
    stderr
}
