//! Plans as text. A plan is tried on a world of records: what it would leave behind is the next one's start.

mod golden;
mod image;
mod property;
mod world;

use super::{ControlOptions, DownOptions, Recreate, UpOptions};
use crate::graph::Selection;
use crate::sample::project;
use engine_spec::Observed;
use world::{digest, exited, find, images, perform, plan_up};

const STACK: &str = "
name: app
services:
  web: {image: web, ports: ['80:80'], depends_on: {db: {condition: service_healthy}}}
  db: {image: redis, volumes: ['data:/data']}
volumes: {data: }
";

/// Plans `up` for a file over a world.
fn check(text: &str, world: &Observed, options: &UpOptions, expected: &str) {
    assert_eq!(plan_up(text, world, options).to_string(), expected.trim_start());
}

/// The world after `up` of a file.
fn world(text: &str) -> Observed {
    let mut world = Observed::default();
    perform(&plan_up(text, &world, &UpOptions::default()), &mut world);
    world
}

#[test]
fn a_first_up_makes_everything_in_order() {
    check(
        STACK,
        &Observed::default(),
        &UpOptions::default(),
        "
0 create network app_default (missing)
1 create volume app_data (missing)
2 create container app-db-1 (missing) after 0, 1
3 start container app-db-1 (missing) after 2
4 wait until app-db-1 is healthy (web waits for it) after 3
5 create container app-web-1 (missing) after 0
6 start container app-web-1 (missing) after 4, 5
",
    );
}

#[test]
fn a_second_up_does_nothing() {
    check(
        STACK,
        &world(STACK),
        &UpOptions::default(),
        "
note: container app-db-1 is up to date
note: container app-web-1 is up to date
",
    );
}

#[test]
fn a_changed_service_is_replaced_and_says_why() {
    let changed = STACK.replace("image: web,", "image: web, environment: {TOKEN: hunter2}, init: true,");
    check(
        &changed,
        &world(STACK),
        &UpOptions::default(),
        "
0 create container acacacacacac_app-web-1 from app-web-1 (changed: environment.TOKEN, init)
    environment.TOKEN: (none) -> *** (compose.yaml:4)
    init: false -> true (compose.yaml:4)
1 stop container app-web-1 (changed: environment.TOKEN, init) after 0
2 remove container app-web-1 (changed: environment.TOKEN, init) after 1
3 rename container acacacacacac_app-web-1 to app-web-1 (changed: environment.TOKEN, init) after 2
4 start container app-web-1 (changed: environment.TOKEN, init) after 3
note: container app-db-1 is up to date
",
    );
}

#[test]
fn a_changed_config_replaces_the_container_without_being_shown() {
    let text = "name: app\nservices: {web: {image: web, configs: [key], network_mode: none}}\nconfigs: {key: {content: hunter2}}";
    let plan = plan_up(&text.replace("hunter2", "hunter3"), &world(text), &UpOptions::default());
    assert_eq!(plan.nodes[0].reason.to_string(), "changed: volumes./key");
}

#[test]
fn a_replaced_service_is_up_to_date_afterwards() {
    let changed = STACK.replace("image: web,", "image: web, tty: true,");
    let mut world = world(STACK);
    perform(&plan_up(&changed, &world, &UpOptions::default()), &mut world);
    assert!(plan_up(&changed, &world, &UpOptions::default()).is_empty());
}

#[test]
fn a_new_image_replaces_the_container() {
    let mut world = world(STACK);
    find(&mut world, "app-db-1").spec.image_id = digest(9);
    let plan = plan_up(STACK, &world, &UpOptions::default());
    assert_eq!(plan.nodes[0].reason.to_string(), "image changed: 090909090909 -> 010101010101");
}

#[test]
fn the_old_container_serves_until_its_dependencies_are_ready() {
    let mut world = world(STACK);
    find(&mut world, "app-db-1").status = exited();
    let changed = STACK.replace("image: web,", "image: web, tty: true,");
    check(
        &changed,
        &world,
        &UpOptions::default(),
        "
0 start container app-db-1 (not running)
1 wait until app-db-1 is healthy (web waits for it) after 0
2 create container acacacacacac_app-web-1 from app-web-1 (changed: tty)
    tty: false -> true (compose.yaml:4)
3 stop container app-web-1 (changed: tty) after 1, 2
4 remove container app-web-1 (changed: tty) after 3
5 rename container acacacacacac_app-web-1 to app-web-1 (changed: tty) after 4
6 start container app-web-1 (changed: tty) after 1, 5
",
    );
}

#[test]
fn scaling_goes_on_from_the_highest_number() {
    let two = "name: app\nservices: {web: {image: web, scale: 2, network_mode: none}}";
    let mut before = world(two);
    check(
        &two.replace("scale: 2", "scale: 3"),
        &before,
        &UpOptions::default(),
        "
0 create container app-web-3 (scaled up)
1 start container app-web-3 (scaled up) after 0
note: container app-web-1 is up to date
note: container app-web-2 is up to date
",
    );
    find(&mut before, "app-web-1").spec.image_id = digest(9);
    check(
        &two.replace("scale: 2", "scale: 1"),
        &before,
        &UpOptions::default(),
        "
0 stop container app-web-1 (scaled down)
1 remove container app-web-1 (scaled down) after 0
note: container app-web-2 is up to date
",
    );
}

#[test]
fn orphans_are_named_and_removed_on_request() {
    let without = "name: app\nservices: {db: {image: redis, volumes: ['data:/data']}}\nvolumes: {data: }";
    let world = world(STACK);
    let notes = plan_up(without, &world, &UpOptions::default()).to_string();
    assert!(
        notes.contains("found orphan containers (app-web-1)") && notes.contains("--remove-orphans"),
        "{notes}"
    );
    check(
        without,
        &world,
        &UpOptions { remove_orphans: true, ..UpOptions::default() },
        "
0 stop container app-web-1 (orphan)
1 remove container app-web-1 (orphan) after 0
note: container app-db-1 is up to date
",
    );
}

#[test]
fn an_interrupted_replacement_is_finished() {
    let mut half = world(STACK);
    let mut copy = find(&mut half, "app-web-1").clone();
    copy.spec.name = "cdcdcdcdcdcd_app-web-1".parse().unwrap();
    half.containers.push(copy);
    let plan = plan_up(STACK, &half, &UpOptions::default()).to_string();
    assert!(plan.contains("remove container cdcdcdcdcdcd_app-web-1 (left over"), "{plan}");

    half.containers.retain(|container| container.name().as_str() != "app-web-1");
    let plan = plan_up(STACK, &half, &UpOptions::default()).to_string();
    assert!(plan.contains("rename container cdcdcdcdcdcd_app-web-1 to app-web-1 (left over"), "{plan}");
}

#[test]
fn a_changed_network_is_made_anew_with_its_containers() {
    let one = "name: app\nservices: {web: {image: web}}\nnetworks: {default: {internal: false}}";
    check(
        &one.replace("false", "true"),
        &world(one),
        &UpOptions::default(),
        "
0 stop container app-web-1 (network app_default changed)
    internal: false -> true (compose.yaml:3)
1 remove container app-web-1 (network app_default changed) after 0
2 remove network app_default (network app_default changed) after 1
    internal: false -> true (compose.yaml:3)
3 create network app_default (network app_default changed) after 2
4 create container app-web-1 (network app_default changed) after 1, 3
5 start container app-web-1 (network app_default changed) after 4
",
    );
}

#[test]
fn a_shared_namespace_follows_its_owner() {
    let text =
        "name: app\nservices:\n  vpn: {image: vpn}\n  web: {image: web, network_mode: 'service:vpn'}\n";
    let plan =
        plan_up(&text.replace("image: vpn", "image: vpn, tty: true"), &world(text), &UpOptions::default());
    let reasons: Vec<_> = plan.nodes.iter().map(|node| node.reason.to_string()).collect();
    assert!(reasons.contains(&"vpn is recreated".to_owned()), "{plan}");
}

#[test]
fn force_and_never_decide_before_everything_else() {
    let world = world(STACK);
    let never = UpOptions { recreate: Recreate::Never, ..UpOptions::default() };
    assert!(plan_up(&STACK.replace("image: web,", "image: web, tty: true,"), &world, &never).is_empty());
    let always = UpOptions { recreate: Recreate::Always, ..UpOptions::default() };
    assert_eq!(plan_up(STACK, &world, &always).nodes[0].reason.to_string(), "forced");
}

#[test]
fn a_missing_external_network_is_an_error() {
    let project = project("services: {web: {image: x, networks: [out]}}\nnetworks: {out: {external: true}}");
    let none = Observed::default();
    let error =
        super::up(&project, &Selection::all(&project), &none, &UpOptions::default(), &images(&project));
    assert_eq!(error.unwrap_err().to_string(), "network out declared as external, but could not be found");
}

#[test]
fn down_works_from_labels_in_reverse_order() {
    let name = "app".parse().unwrap();
    let options = DownOptions { volumes: true, ..DownOptions::default() };
    let plan = super::down(&name, None, &world(STACK), &options);
    let expected = "
0 stop container app-web-1 (requested)
1 remove container app-web-1 with its volumes (requested) after 0
2 stop container app-db-1 (requested) after 1
3 remove container app-db-1 with its volumes (requested) after 2
4 remove network app_default (requested) after 1, 3
5 remove volume app_data (requested) after 3
";
    assert_eq!(plan.to_string(), expected.trim_start());
}

#[test]
fn down_keeps_orphans_and_the_networks_they_use() {
    let world = world(STACK);
    let project = project("name: app\nservices: {db: {image: redis}}");
    let plan = super::down(&project.name, Some(&project), &world, &DownOptions::default());
    let expected = "
0 stop container app-db-1 (requested)
1 remove container app-db-1 (requested) after 0
note: network app_default is still in use
";
    assert_eq!(plan.to_string(), expected.trim_start());
}

#[test]
fn stop_start_and_restart_follow_the_labels() {
    let text = STACK.replace("service_healthy", "service_healthy, restart: true");
    let mut world = world(&text);
    let name = "app".parse().unwrap();
    let all = ControlOptions::default();
    let db = ControlOptions { services: vec!["db".parse().unwrap()], ..ControlOptions::default() };
    let stop = super::stop(&name, &world, &all);
    assert_eq!(
        stop.to_string(),
        "0 stop container app-web-1 (requested)\n1 stop container app-db-1 (requested) after 0\n"
    );
    assert_eq!(
        super::restart(&name, &world, &db).to_string(),
        "0 stop container app-db-1 (requested)\n\
         1 start container app-db-1 (requested) after 0\n\
         2 wait until app-db-1 is healthy, if it can be (web waits for it) after 1\n\
         3 stop container app-web-1 (db is restarted) after 2\n\
         4 start container app-web-1 (db is restarted) after 3\n"
    );
    perform(&stop, &mut world);
    assert_eq!(
        super::start(&name, &world, &all).to_string(),
        "0 start container app-db-1 (requested)\n\
         1 wait until app-db-1 is healthy, if it can be (web waits for it) after 0\n\
         2 start container app-web-1 (requested) after 1\n"
    );
}
