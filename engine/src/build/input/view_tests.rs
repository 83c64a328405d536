//! What merging and ignoring show, on real folders.

use super::{Found, View};
use crate::build::input::ignore::Ignore;
use crate::build::scratch::Scratch;
use std::path::{Path, PathBuf};

/// Every path of the view, folders with a slash.
fn listing(view: &View) -> Vec<String> {
    let mut paths = Vec::new();
    let mut pending: Vec<_> = view.root().expect("read").into_iter().collect();
    while let Some(folder) = pending.pop() {
        for entry in view.children(&folder).expect("listed") {
            let path = entry.path.to_string_lossy().into_owned();
            if entry.kind == super::Kind::Folder {
                paths.push(path + "/");
                pending.push(entry);
            } else {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths
}

fn resolved(view: &View, path: &str) -> Result<PathBuf, PathBuf> {
    match view.resolve(Path::new(path)).expect("resolved") {
        Found::Entry(entry) => Ok(entry.path),
        Found::Missing(path) => Err(path),
    }
}

#[test]
fn upper_layers_hide_lower_ones() {
    crate::sys::require!(Root);
    let scratch = Scratch::new();
    let lower = scratch.tree("lower", &[("a/x", "1"), ("a/y", "1"), ("b/z", "1"), ("c", "1")]);
    let upper = scratch.tree("upper", &[("a/x", "2"), ("b/w", "2")]);
    scratch.whiteout(&upper.join("c"));
    scratch.whiteout(&upper.join("a/y"));
    scratch.opaque(&upper.join("b"));
    let view = View::of_layers(&[upper, lower]).expect("opened");
    assert_eq!(listing(&view), ["a/", "a/x", "b/", "b/w"]);
    assert!(resolved(&view, "b/z").is_err() && resolved(&view, "c").is_err());
}

#[test]
fn links_are_followed_inside_the_root() {
    let scratch = Scratch::new();
    let tree = scratch.tree("tree", &[("data/file", "")]);
    for (link, target) in [("abs", "/data"), ("up", "../../data/file"), ("loop", "loop"), ("gone", "../x/y")]
    {
        std::os::unix::fs::symlink(target, tree.join(link)).expect("linked");
    }
    let view = View::of_layers(&[tree]).expect("opened");
    assert_eq!(resolved(&view, "/abs/file"), Ok("data/file".into()));
    assert_eq!(resolved(&view, "up"), Ok("data/file".into()));
    assert_eq!(resolved(&view, "gone/z"), Err("x/y/z".into()));
    assert_eq!(resolved(&view, "../../data"), Ok("data".into()));
    assert!(view.resolve(Path::new("loop")).is_err());
    assert!(view.resolve(Path::new("data/file/x")).is_err());
}

#[test]
fn the_ignore_file_hides_but_keeps_folders_with_exceptions() {
    let scratch = Scratch::new();
    let context = scratch.tree("context", &[("a/keep", ""), ("a/other", ""), ("b/x", ""), ("c", "")]);
    let ignore = Ignore::parse("a\nb\n!a/keep").expect("well formed");
    let view = View::of_context(&context, ignore).expect("opened");
    assert_eq!(listing(&view), ["a/", "a/keep", "c"]);
    assert!(resolved(&view, "a/other").is_err());
}
