//! Which images are fetched and built.

use super::world::digest;
use crate::graph::Selection;
use crate::plan::{ImageOptions, ImagePlan};
use crate::sample::project;
use engine_spec::{Digest, ImageReference};
use std::collections::BTreeMap;
use std::time::Duration;

fn reference(name: &str) -> ImageReference {
    ImageReference::parse(name).unwrap()
}

fn local(names: &[&str]) -> BTreeMap<ImageReference, Digest> {
    names.iter().map(|name| (reference(name), digest(1))).collect()
}

fn plan(text: &str, options: &ImageOptions, local: &BTreeMap<ImageReference, Digest>) -> ImagePlan {
    let project = project(text);
    crate::plan::images(&project, &Selection::all(&project), options, local).unwrap()
}

fn pulled(plan: &ImagePlan) -> Vec<String> {
    plan.pulls.iter().map(|pull| pull.image.to_string()).collect()
}

#[test]
fn images_are_built_or_pulled_as_the_file_says() {
    let text = "name: app\nservices:\n  a: {build: .}\n  b: {image: redis}\n  c: {image: redis}\n  d: {image: own, build: .}\n";
    let none = BTreeMap::new();
    let first = plan(text, &ImageOptions::default(), &none);
    assert_eq!(first.pulls.len(), 1);
    assert_eq!(first.pulls[0].services.len(), 2);
    let built: Vec<_> = first.builds.iter().map(|(name, spec)| format!("{name} {}", spec.tags[0])).collect();
    assert_eq!(built, ["a app-a:latest", "d own:latest"]);
    let all = local(&["app-a", "redis", "own"]);
    assert_eq!(plan(text, &ImageOptions::default(), &all), Default::default());
}

#[test]
fn an_image_that_is_too_old_is_fetched_again() {
    let text = "name: app\nservices:\n  a: {image: one, pull_policy: daily}\n  b: {image: two, pull_policy: every_12h}\n  c: {image: three, pull_policy: weekly}\n  d: {image: four}\n";
    let all = local(&["one", "two", "three", "four"]);
    let age = |hours: u64| Duration::from_secs(hours * 3600);
    let ages =
        [("one", 23), ("two", 13), ("three", 7 * 24)].map(|(name, hours)| (reference(name), age(hours)));
    let options = ImageOptions { ages: ages.into(), ..ImageOptions::default() };
    assert_eq!(pulled(&plan(text, &options, &all)), ["two:latest", "three:latest"]);
    let never = ImageOptions { pull: Some(engine_spec::PullPolicy::Never), ..options };
    assert!(plan(text, &never, &all).pulls.is_empty());
}

#[test]
fn the_images_of_hooks_are_fetched_unless_they_are_built() {
    let text = "name: app\nservices:\n  a: {build: ., image: made}\n  b: {image: two, depends_on: [a], pre_start: [{image: init, command: [a]}, {image: made, command: [b]}, {command: [c]}]}\n";
    assert_eq!(pulled(&plan(text, &ImageOptions::default(), &local(&["two"]))), ["init:latest"]);
    assert!(plan(text, &ImageOptions::default(), &local(&["made", "two", "init"])).pulls.is_empty());
}
