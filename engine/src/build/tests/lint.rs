//! Build checks that need the context, the base image or the caller's arguments.

use super::{BuildError, BuildSpec, World};
use crate::sys::require;
use engine_spec::Platform;
use std::collections::BTreeMap;

/// The rules and lines of what the last build was told.
fn told(world: &World) -> Vec<String> {
    let events = world.events.lock().expect("not poisoned");
    let is_warning = |text: &&String| {
        ["UndefinedVar", "Invalid", "CopyIgnoredFile"].iter().any(|rule| text.starts_with(rule))
    };
    events.iter().filter(is_warning).cloned().collect()
}

#[test]
fn variables_that_nothing_sets_are_told() {
    require!(Root);
    let world = World::new(&[]);
    world.image("env", &[("f", "")], |configuration| {
        configuration.config.environment = vec!["OF_IMAGE=1".to_owned()];
    });
    let text = "FROM env AS one\nARG given\nENV own=1 a=$OF_IMAGE$given$PATH\nLABEL x='$no' y=\\$no z=${no:-d}\n\
                WORKDIR /$onw\nFROM one\nUSER $own\nLABEL a=$nothing";
    world.build(text);
    assert_eq!(told(&world), ["UndefinedVar 5", "UndefinedVar 8"]);
}

#[test]
fn a_base_for_another_platform_is_told() {
    require!(Root);
    let world = World::new(&[]);
    world.image("foreign", &[("f", "")], |configuration| {
        configuration.platform = Platform { architecture: "other".to_owned(), ..Platform::host() };
    });
    world.build("FROM foreign\nENV a=b");
    assert_eq!(told(&world), ["InvalidBaseImagePlatform 1"]);
}

#[test]
fn a_base_that_needs_an_argument_is_told() {
    require!(Root);
    let world = World::new(&[]);
    let args = BTreeMap::from([("base".to_owned(), Some("base".to_owned()))]);
    let text = "ARG base\nFROM $base";
    world.build_spec(&BuildSpec { args, ..world.spec(text) }).expect("built");
    assert_eq!(told(&world), ["InvalidDefaultArgInFrom 2"]);
    world.build("ARG base=base\nFROM $base");
    assert_eq!(told(&world), Vec::<String>::new());
}

#[test]
fn sources_that_are_left_out_are_told() {
    require!(Root);
    let world = World::new(&[
        ("secret", ""),
        ("d/f", ""),
        ("kept/f", ""),
        (".dockerignore", "secret\nd\nkept\n!kept/f"),
    ]);
    world.refused("FROM base\nCOPY kept /\nCOPY --from=base etc/passwd /x\nCOPY secret /\nADD ./d/ /");
    assert_eq!(told(&world), ["CopyIgnoredFile 4", "CopyIgnoredFile 5"]);
}

#[test]
fn what_checks_find_fails_the_build_where_the_file_wants_it() {
    require!(Root);
    let world = World::new(&[]);
    let text = "# check=error=true\nFROM base\nLABEL a=$nothing";
    let error = world.build_spec(&world.spec(text)).expect_err("refused");
    assert!(matches!(&error, BuildError::Checks { rules } if rules == "UndefinedVar"), "{error}");
    let args =
        BTreeMap::from([("BUILDKIT_DOCKERFILE_CHECK".to_owned(), Some("skip=UndefinedVar".to_owned()))]);
    world.build_spec(&BuildSpec { args, ..world.spec(text) }).expect("built");
}
