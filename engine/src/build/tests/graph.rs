//! Several builds as one, and what they come to elsewhere and at other times.

use super::World;
use crate::build::{BuildError, BuildRequest};
use crate::sys::require;
use engine_spec::{
    BuildSpec, CacheLocation, CacheMode, CacheTarget, ContextSource, DockerfileSource, ImageReference,
};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, SystemTime};

fn request(world: &World, id: &str, dockerfile: &str) -> BuildRequest {
    let spec = BuildSpec {
        tags: vec![ImageReference::parse(id).expect("a name")],
        dockerfile: DockerfileSource::Inline(dockerfile.to_owned()),
        ..BuildSpec::new(ContextSource::Folder(world.context()))
    };
    BuildRequest { id: id.to_owned(), spec }
}

const SHARED: &str = "FROM base AS tools\nRUN write tools x\nFROM base AS deps\nRUN write deps y\n";

#[test]
fn stages_of_several_builds_run_once() {
    require!(Root);
    let world = World::new(&[]);
    let text = |own: &str| {
        format!("{SHARED}FROM base\nCOPY --from=tools tools /\nCOPY --from=deps deps /\nRUN write own {own}")
    };
    let requests = ["a", "b"].map(|id| request(&world, id, &text(id)));
    let images = world.build_requests(&requests, &BTreeMap::new()).expect("built");
    assert_eq!(world.runs.lock().expect("not poisoned").len(), 4, "two shared commands and one each");
    assert_eq!(world.read(&images["b"], "own").as_deref(), Some("b"));
    assert_eq!(world.read(&images["a"], "tools").as_deref(), Some("x"));

    let forced = requests
        .map(|request| BuildRequest { spec: BuildSpec { no_cache: true, ..request.spec }, ..request });
    world.build_requests(&forced, &BTreeMap::new()).expect("built");
    assert_eq!(world.runs.lock().expect("not poisoned").len(), 4, "once each without a cache too");
}

#[test]
fn a_stage_can_be_kept_from_the_cache_by_name() {
    require!(Root);
    let world = World::new(&[]);
    let text = format!("{SHARED}FROM base\nCOPY --from=tools tools /\nCOPY --from=deps deps /");
    world.build(&text);
    let spec = BuildSpec { no_cache_filter: vec!["Deps".into()], ..world.spec(&text) };
    world.build_spec(&spec).expect("built");
    let runs = world.runs.lock().expect("not poisoned");
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].arguments.last().map(String::as_str), Some("write deps y"));
}

#[test]
fn the_result_of_one_build_is_the_base_of_another() {
    require!(Root);
    let world = World::new(&[]);
    let base = request(&world, "lib", "FROM base\nENV FROM_LIB=1\nRUN write lib l");
    let mut app = request(&world, "app", "FROM mine\nCOPY --from=mine lib /copied");
    app.spec.contexts.insert("mine".into(), ContextSource::Build("lib".into()));
    let images = world.build_requests(&[app.clone(), base.clone()], &BTreeMap::new()).expect("built");
    assert_eq!(world.read(&images["app"], "copied").as_deref(), Some("l"));
    assert!(images["app"].config.environment.contains(&"FROM_LIB=1".to_owned()));

    let mut circle = base;
    circle.spec.contexts.insert("x".into(), ContextSource::Build("app".into()));
    let failure = world.build_requests(&[app, circle], &BTreeMap::new()).expect_err("a circle");
    assert!(matches!(*failure.source, BuildError::Circle { .. }), "{failure:?}");
}

#[test]
fn a_failure_names_its_build() {
    require!(Root);
    let world = World::new(&[]);
    let requests = [request(&world, "good", "FROM base"), request(&world, "bad", "FROM base\nRUN fail")];
    let failure = world.build_requests(&requests, &BTreeMap::new()).expect_err("one fails");
    assert_eq!(failure.id, "bad");
    assert!(failure.source.to_string().contains("it broke"), "{}", failure.source);
}

#[test]
fn the_same_input_gives_the_same_image_from_two_roots_paths_clocks_and_umasks() {
    require!(Root);
    let files = [("d/one", "1"), ("d/two", "2"), ("three", "3")];
    let text =
        "FROM base\nWORKDIR /w\nCOPY . .\nCOPY <<A /made/a\ntext\nA\nCOPY --from=0 /srv/old /x/\nLABEL a=b";
    let world_at = |modified: u64| {
        let world = World::new(&files);
        for (path, _) in files {
            let file = fs::File::options().write(true).open(world.context().join(path)).expect("opened");
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(modified)).expect("set");
        }
        let args = BTreeMap::from([("SOURCE_DATE_EPOCH".to_owned(), Some("1700000000".to_owned()))]);
        let spec = BuildSpec { args, ..world.spec(&format!("FROM base AS zero\n{text}")) };
        (world, spec)
    };
    let build = |(world, spec): &(World, BuildSpec)| world.build_spec(spec).expect("built").id;
    let (here, there) = (world_at(1_750_000_000), world_at(1_760_000_000));
    let first = build(&here);
    let before = nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    let second = build(&there);
    nix::sys::stat::umask(before);
    assert_eq!(first, second);
}

#[test]
fn the_time_of_an_image_can_be_given() {
    require!(Root);
    let world = World::new(&[("f", "")]);
    let given = |value: &str| BTreeMap::from([("SOURCE_DATE_EPOCH".to_owned(), Some(value.to_owned()))]);
    let spec = world.spec("FROM base\nCOPY f /\nENV a=b");
    let image = world.build_spec(&BuildSpec { args: given("0"), ..spec.clone() }).expect("built");
    assert_eq!(image.created.as_deref(), Some("1970-01-01T00:00:00.000000000Z"));
    let refused = world.build_spec(&BuildSpec { args: given("noon"), ..spec }).expect_err("no time");
    assert!(refused.to_string().contains("`noon`"), "{refused}");
}

#[test]
fn a_cache_in_a_folder_serves_another_machine() {
    require!(Root);
    let world = World::new(&[("f", "x")]);
    let folder = world.scratch.path().join("cache");
    let text = "FROM base AS tools\nRUN write tools t\nFROM base\nCOPY --from=tools tools /\nCOPY f /";
    let target = CacheTarget {
        location: CacheLocation::Local { folder: folder.clone() },
        mode: CacheMode::Max,
        ignores_errors: false,
    };
    world.build_spec(&BuildSpec { cache_to: vec![target], ..world.spec(text) }).expect("built");

    let other = World::new(&[("f", "x")]);
    let spec = BuildSpec { cache_from: vec![CacheLocation::Local { folder }], ..other.spec(text) };
    other.build_spec(&spec).expect("built");
    assert!(other.runs.lock().expect("not poisoned").is_empty(), "the command was found in the cache");
    assert_eq!(other.outcomes().last().map(String::as_str), Some("cached"));
}

#[test]
fn squashed_layers_are_one_and_say_the_same() {
    require!(Root);
    let world = World::new(&[("d/f", "x")]);
    let text = "FROM base\nRUN write a 1\nCOPY d /d\nRUN write a 2";
    let image = world.build_spec(&BuildSpec { squash: true, ..world.spec(text) }).expect("built");
    assert_eq!(image.layers.len(), 2);
    assert_eq!(world.read(&image, "a").as_deref(), Some("2"));
    assert_eq!(world.read(&image, "d/f").as_deref(), Some("x"));
}
