//! What RUN mounts, and what stays secret.

use super::World;
use crate::build::BuildRequest;
use crate::sys::require;
use engine_spec::{BuildSpec, Entitlement, SecretSource};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[test]
fn the_context_is_bound_as_it_is_copied() {
    require!(Root);
    let world = World::new(&[("sub/f", "one"), ("other", ""), ("hidden", ""), (".dockerignore", "hidden")]);
    let text = "FROM base\nARG from=sub\nRUN --mount=source=$from,target=/in seen /in f";
    let image = world.build(text);
    assert_eq!(world.read(&image, "seen").as_deref(), Some("one"));
    fs::write(world.context().join("other"), "changed").expect("written");
    world.build(text);
    assert_eq!(world.outcomes(), ["cached"], "only what is bound counts");
    fs::write(world.context().join("sub/f"), "two").expect("written");
    let image = world.build(text);
    assert_eq!(world.read(&image, "seen").as_deref(), Some("two"));
    let error = world.refused("FROM base\nRUN --mount=source=hidden,target=/in x");
    assert!(error.starts_with("Dockerfile:2:5: `hidden` is not in the build context"), "{error}");
}

#[test]
fn a_bound_stage_counts_by_content() {
    require!(Root);
    let world = World::new(&[]);
    let text = |other: &str| {
        format!(
            "FROM base AS s\nRUN write other {other}\nRUN write f x\nFROM base\nRUN --mount=from=s,source=f,target=/in/f,rw one"
        )
    };
    world.build(&text("1"));
    world.build(&text("2"));
    assert_eq!(world.outcomes().last().map(String::as_str), Some("cached"), "the file is the same");
}

#[test]
fn a_cache_outlives_its_build_and_is_emptied_without_a_cache() {
    require!(Root);
    let world = World::new(&[]);
    let folders = || {
        let mounts = world.layout.build().join("mounts");
        let mut names = Vec::new();
        for mount in fs::read_dir(mounts).expect("read") {
            let data = mount.expect("read").path().join("0");
            names.extend(fs::read_dir(data).expect("read").map(|name| name.expect("read").file_name()));
        }
        names
    };
    world.build("FROM base\nRUN --mount=type=cache,target=/c cache /c one");
    let image = world.build("FROM base\nRUN --mount=type=cache,target=/c cache /c two");
    assert_eq!(folders().len(), 2);
    assert_eq!(world.find(&image, "c"), None, "it is not in the layer");
    let text = "FROM base\nRUN --mount=type=cache,target=/c cache /c three";
    world.build_spec(&BuildSpec { no_cache: true, ..world.spec(text) }).expect("built");
    assert_eq!(folders(), ["three"]);
}

#[test]
fn a_secret_reaches_its_command_and_nothing_else() {
    require!(Root);
    const VALUE: &str = "correct-horse-battery";
    let world = World::new(&[]);
    let text = "FROM base\nENV KEY=from-the-image\nRUN --mount=type=secret,id=key,env=KEY tell KEY\nRUN --mount=type=secret,id=key,required ok";
    let mut spec = world.spec(text);
    spec.secrets.insert("key".into(), SecretSource::Variable("SECRET".into()));
    let request = BuildRequest { id: "web".into(), spec };
    let build = |value: &str| {
        let environment = BTreeMap::from([("SECRET".to_owned(), value.to_owned())]);
        world.build_requests(std::slice::from_ref(&request), &environment).expect("built").remove("web")
    };
    let image = build(VALUE).expect("built");
    let events = world.events.lock().expect("not poisoned").join("\n");
    assert!(events.contains("wrote KEY=****") && !events.contains(VALUE), "{events}");
    assert!(!world.history(&image).join("\n").contains(VALUE));
    assert_eq!(holding(world.layout.data(), VALUE), Vec::<String>::new());
    build("another value altogether");
    assert_eq!(world.outcomes(), ["cached", "cached"], "the value is no part of a key");
    let mount = format!("{:?}", world.runs.lock().expect("not poisoned"));
    assert!(!mount.contains(VALUE));
}

/// The files below `folder` that hold `text`.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("read") {
        let path = entry.expect("read").path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(holding(&path, text));
        } else if fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_secret_that_must_be_there_is_missed_and_another_is_not() {
    require!(Root);
    let world = World::new(&[]);
    let error = world.refused("FROM base\nRUN --mount=type=secret,id=key,required x");
    assert!(error.contains("secret key: not found"), "{error}");
    world.build("FROM base\nRUN --mount=type=secret,id=key x");
    assert!(world.runs.lock().expect("not poisoned")[0].options.mounts.is_empty());
}

#[test]
fn more_than_the_ordinary_needs_consent() {
    require!(Root);
    let world = World::new(&[]);
    for (flag, entitlement) in
        [("--network=host", Entitlement::NetworkHost), ("--security=insecure", Entitlement::SecurityInsecure)]
    {
        let text = format!("FROM base\nRUN {flag} x");
        let error = world.refused(&text);
        assert!(error.starts_with("Dockerfile:2:1:") && error.contains("--allow"), "{error}");
        let entitlements = BTreeSet::from([entitlement]);
        world.build_spec(&BuildSpec { entitlements, ..world.spec(&text) }).expect("allowed");
    }
}

#[test]
fn a_mount_with_a_mistake_is_shown() {
    require!(Root);
    let world = World::new(&[]);
    for (text, expected) in [
        ("RUN --mont=target=/x y", "did you mean `--mount`?"),
        ("RUN --mount=targt=/x y", "did you mean `target`?"),
        ("RUN --mount=type=cach,target=/x y", "did you mean `cache`?"),
        ("RUN --mount=from=$stage,target=/x y", "variables are not expanded in `from`"),
    ] {
        let error = world.refused(&format!("FROM base\n{text}"));
        assert!(error.contains(expected), "{error}");
    }
}
