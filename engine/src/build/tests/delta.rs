//! A small change of a large copy: one layer more, and nothing of it leaves this machine.

use super::{World, fs};
use crate::image::{History, Image, Store};
use crate::sys::require;
use engine_spec::{BuildSpec, Digest};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const COPY: &str = "FROM base\nWORKDIR /app\nCOPY . .\nRUN one";

/// A context large enough for deltas, with folders `0` to `3`.
fn world() -> World {
    let names: Vec<String> = (0..400).map(|number| format!("{}/{number}", number % 4)).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "old")).collect();
    files.extend([("gone/f", "secret"), ("0/gone", "secret"), (".dockerignore", "Dockerfile")]);
    World::new(&files)
}

fn change(world: &World) {
    let context = world.context();
    fs::write(context.join("1/1"), "new").expect("written");
    fs::create_dir(context.join("more")).expect("made");
    fs::write(context.join("more/f"), "new").expect("written");
    fs::remove_dir_all(context.join("gone")).expect("removed");
    fs::remove_file(context.join("0/gone")).expect("removed");
}

type Listing = BTreeMap<PathBuf, (u32, u32, i64, i64, u64)>;

/// All files of a folder with their owners, modes and times.
fn listing(folder: &Path) -> Listing {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("listed").flatten() {
        let (path, data) = (entry.path(), entry.metadata().expect("read"));
        if data.is_dir() {
            all.extend(
                listing(&path)
                    .into_iter()
                    .map(|(below, data)| (Path::new(&entry.file_name()).join(below), data)),
            );
        }
        let size = if data.is_dir() { 0 } else { data.size() };
        all.insert(
            entry.file_name().into(),
            (data.mode(), data.uid(), data.mtime(), data.mtime_nsec(), size),
        );
    }
    all
}

/// The layers of an image as it leaves, and the files of the third of them.
fn leaving(world: &World, image: &Image) -> (Vec<Digest>, Listing) {
    let whole = Store::open(&world.layout).whole(image).expect("made whole");
    (whole.layers.clone(), listing(&world.layout.layer(&whole.layers[2])))
}

#[test]
fn a_small_change_is_a_small_layer_over_the_earlier_copy() {
    require!(Root);
    let world = world();
    let first = world.build(COPY);
    change(&world);
    let second = world.build(COPY);
    assert_eq!(world.outcomes(), ["cached", "done", "done"]);
    assert_eq!(second.layers[..3], first.layers[..3], "the earlier copy stays below");
    assert_eq!(second.layers.len(), first.layers.len() + 1);
    let delta = listing(&world.layout.layer(&second.layers[3]));
    let names: Vec<_> = delta.keys().map(|path| path.display().to_string()).collect();
    assert_eq!(
        names,
        ["app", "app/0", "app/0/gone", "app/1", "app/1/1", "app/gone", "app/more", "app/more/f"]
    );
    assert_eq!(world.read(&second, "app/1/1").as_deref(), Some("new"));
    assert_eq!(world.build(COPY), second, "an unchanged build gives the same image");
    let configuration = Store::open(&world.layout).configuration(&second).expect("read");
    assert_eq!(
        configuration.history.iter().map(History::is_delta).collect::<Vec<_>>(),
        [false, false, true, false]
    );

    fs::write(world.context().join("2/2"), "newer").expect("written");
    let third = world.build(COPY);
    assert_eq!(third.layers[..3], first.layers[..3], "never over another delta");
    assert_eq!(third.layers.len(), second.layers.len());
}

#[test]
fn what_leaves_has_the_layer_of_a_build_without_an_earlier_copy() {
    require!(Root);
    let world = world();
    world.build(COPY);
    change(&world);
    let image = world.build(COPY);
    let store = Store::open(&world.layout);
    let before = store.list().expect("listed").len();
    let (layers, files) = leaving(&world, &image);
    assert_eq!(store.list().expect("listed").len(), before, "what was made for it is gone");
    let clean = world.build_spec(&BuildSpec { no_cache: true, ..world.spec(COPY) }).expect("built");
    assert_eq!(files, listing(&world.layout.layer(&clean.layers[2])));
    assert_eq!(layers[2], clean.layers[2], "bit by bit");
    assert_eq!(layers.len(), clean.layers.len());
}

#[test]
fn builds_whose_result_leaves_or_must_be_the_same_everywhere_have_no_deltas() {
    require!(Root);
    let world = world();
    let epoch = BTreeMap::from([("SOURCE_DATE_EPOCH".to_owned(), Some("1000".to_owned()))]);
    let spec = BuildSpec { args: epoch, ..world.spec(COPY) };
    let first = world.build_spec(&spec).expect("built");
    change(&world);
    let second = world.build_spec(&spec).expect("built");
    assert_eq!(second.layers.len(), first.layers.len());
}

#[test]
fn a_removal_that_would_show_what_lies_below_makes_the_copy_whole() {
    require!(Root);
    let world = world();
    let text = "FROM base\nRUN write left below\nCOPY . /";
    fs::write(world.context().join("left"), "above").expect("written");
    let first = world.build(text);
    assert_eq!(world.read(&first, "left").as_deref(), Some("above"));
    fs::remove_file(world.context().join("left")).expect("removed");
    let second = world.build(text);
    assert_eq!(second.layers.len(), first.layers.len());
    assert_eq!(world.read(&second, "left").as_deref(), Some("below"));
}
