//! `config`: what the files come to, its parts, where a value comes from, and what is wrong.

use scenarios::{Lighter, Project, lighter::run, require};
use serde_json::Value;
use std::fs::{self, File};

const SHOP: &str = r#"
name: shop
include: [part/compose.yaml]
services:
  web:
    image: ${REGISTRY:-example.com}/web
    environment: {PORT: "${PORT:?choose one}", MODE: plain}
    env_file: web.env
    networks: [inner]
    volumes: ["data:/data", "./www:/www"]
  tool:
    extends: {service: base, file: lib/base.yaml}
    profiles: [tools]
networks: {inner: }
volumes: {data: }
"#;

/// A project with every way in which a value can come to it.
fn shop(lighter: &Lighter) -> Project<'_> {
    let project = Project::new(lighter, SHOP);
    project.write(".env", "PORT=8080\n");
    project.write("web.env", "FROM_FILE=1\n");
    project.write("compose.override.yaml", "services:\n  web:\n    environment: {MODE: fancy}\n");
    project.write("lib/base.yaml", "services: {base: {image: tool, environment: {LEVEL: low}}}\n");
    project.write("part/compose.yaml", "services:\n  db: {image: db, environment: {KIND: small}}\n");
    project
}

/// What `config` with these options prints of the shop.
#[track_caller]
fn printed(options: &[&str]) -> String {
    let lighter = Lighter::new();
    shop(&lighter).run(&[&["config"], options].concat()).succeeds().stdout
}

/// The same as JSON.
#[track_caller]
fn json(options: &[&str]) -> Value {
    serde_json::from_str(&printed(&[&["--format", "json"], options].concat())).expect("config prints JSON")
}

/// The explanation of the value at `path`, the spaces between its columns as one.
#[track_caller]
fn explained(path: &str) -> Vec<String> {
    let lighter = Lighter::new();
    let outcome = shop(&lighter).run(&["--profile", "tools", "config", "--explain", path]).succeeds();
    outcome.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn each_list_has_one_name_a_line() {
    require!(Seeds);
    for (option, expected) in [
        ("--services", "db\nweb\n"),
        ("--volumes", "data\n"),
        ("--networks", "default\ninner\n"),
        ("--images", "db\nexample.com/web\n"),
        ("--profiles", "tools\n"),
    ] {
        assert_eq!(printed(&[option]), expected, "{option}");
    }
}

#[test]
fn environment_holds_what_the_files_see() {
    require!(Seeds);
    let text = printed(&["--environment"]);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.contains(&"PORT=8080") && lines.contains(&"COMPOSE_PROJECT_NAME=shop"), "{text}");
}

#[test]
fn variables_are_listed_with_what_stands_in_for_them() {
    require!(Seeds);
    let text = printed(&["--variables"]);
    let rows: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "REQUIRED", "DEFAULT", "VALUE", "ALTERNATE", "VALUE"]);
    assert!(rows.contains(&vec!["PORT", "true"]), "{text}");
    assert!(rows.contains(&vec!["REGISTRY", "false", "example.com"]), "{text}");
}

#[test]
fn hash_changes_with_the_service_it_is_of() {
    require!(Seeds);
    let lighter = Lighter::new();
    let project = shop(&lighter);
    let hashes = || project.run(&["config", "--hash", "*"]).succeeds().stdout;
    let before = hashes();
    project.write("web.env", "FROM_FILE=2\n");
    let after = hashes();
    let changed = before.lines().zip(after.lines()).filter(|(before, after)| before != after);
    let changed: Vec<_> = changed.map(|(_, after)| after.split(' ').next().unwrap_or_default()).collect();
    assert_eq!((changed, after.lines().count()), (vec!["web"], 2), "{before}{after}");
    let web = project.run(&["config", "--hash", "web"]).succeeds().stdout;
    assert_eq!(after.lines().find(|line| line.starts_with("web ")), Some(web.trim_end()));
}

#[test]
fn quiet_prints_nothing_and_still_checks() {
    require!(Seeds);
    let lighter = Lighter::new();
    let project = shop(&lighter);
    assert_eq!(project.run(&["config", "--quiet"]).succeeds().stdout, "");
    project.write("compose.override.yaml", "services: {web: {networks: [outer]}}\n");
    project.run(&["config", "-q"]).fails_with(1).says(&["compose.override.yaml:1:29", "outer"]);
}

#[test]
fn output_goes_to_a_file_that_is_understood_again() {
    require!(Seeds);
    let lighter = Lighter::new();
    let project = shop(&lighter);
    let whole = project.run(&["config"]).succeeds().stdout;
    assert_eq!(project.run(&["config", "-o", "whole.yaml"]).succeeds().stdout, "");
    let written = fs::read_to_string(project.folder().path().join("whole.yaml")).expect("it is written");
    assert_eq!(written, whole);
    assert_eq!(project.run(&["-f", "whole.yaml", "config"]).succeeds().stdout, whole);
}

#[test]
fn each_step_can_be_left_out() {
    require!(Seeds);
    let web = |options: &[&str]| json(options)["services"]["web"].clone();
    let whole = web(&[]);
    assert_eq!(whole["environment"]["PORT"], "8080");
    assert_eq!(web(&["--no-interpolate"])["environment"]["PORT"], "${PORT:?choose one}");
    assert!(whole["volumes"][1]["source"].as_str().is_some_and(|path| path.starts_with('/')), "{whole}");
    assert_eq!(web(&["--no-path-resolution"])["volumes"][1]["source"], "./www");
    assert_eq!(json(&[])["networks"]["inner"]["name"], "shop_inner");
    assert!(json(&["--no-normalize"])["networks"]["inner"]["name"].is_null());
    assert_eq!(whole["environment"]["FROM_FILE"], "1");
    let unread = web(&["--no-env-resolution"]);
    assert!(unread["environment"]["FROM_FILE"].is_null() && unread["env_file"].is_array(), "{unread}");
}

#[test]
fn parts_need_not_fit_together_without_the_check() {
    require!(Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {image: x, networks: [nowhere]}}\n");
    project.run(&["config"]).fails_with(1).says(&["compose.yaml:1:39", "nowhere"]);
    let outcome = project.run(&["config", "--no-consistency"]).succeeds();
    assert!(outcome.stdout.contains("nowhere"), "{outcome:#?}");
}

#[test]
fn explanation_names_every_file_on_the_way() {
    require!(Seeds);
    assert_eq!(
        explained("services.web.environment.MODE"),
        [
            "services.web.environment.MODE: fancy",
            "compose.yaml:7:54 written as `plain`",
            "compose.override.yaml:3:25 replaced by `fancy`",
        ]
    );
    let variable = explained("services.web.environment.PORT");
    assert_eq!(variable[0], "services.web.environment.PORT: 8080");
    assert_eq!(variable[2], ".env:1:1 variable `PORT` is set by this line");
    let extended = explained("services.tool.environment.LEVEL");
    assert_eq!(extended.len(), 3, "{extended:?}");
    assert_eq!(extended[1], "lib/base.yaml:1:53 written as `low`");
    assert!(extended[2].starts_with("compose.yaml:12:14 extended"), "{extended:?}");
    let included = explained("services.db.environment.KIND");
    assert_eq!(included[1], "part/compose.yaml:2:39 written as `small`");
    assert_eq!(included[2], "compose.yaml:3:11 included");
}

#[test]
fn explanation_of_nothing_offers_the_nearest_key() {
    require!(Seeds);
    let lighter = Lighter::new();
    let outcome = shop(&lighter).run(&["config", "--explain", "services.wep.image"]);
    outcome.fails_with(1).says(&["services.wep.image", "did you mean `web`?"]);
}

#[test]
fn faults_in_json_are_one_object_a_line_with_its_place() {
    require!(Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services:\n  web: {imagee: x}\n  db: {image: 5}\n");
    let outcome = project.run(&["config", "--format", "json"]).fails_with(1);
    let faults: Vec<Value> =
        outcome.stderr.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let places: Vec<_> = faults.iter().map(|fault| [&fault["line"], &fault["column"]]).collect();
    assert_eq!(places, [[&Value::from(2), &Value::from(9)], [&Value::from(3), &Value::from(15)]]);
    for fault in &faults {
        assert!(fault["file"].as_str().is_some_and(|file| file.ends_with("compose.yaml")), "{fault}");
        assert_eq!(fault["severity"], "error");
        assert!(fault["message"].is_string() && fault["hint"].is_string(), "{fault}");
    }
}

#[test]
fn a_dash_is_standard_input() {
    require!(Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "");
    project.write("input", "name: piped\nservices: {web: {image: x}}\n");
    let mut command = project.command(&["-f", "-", "config", "--format", "json"]);
    command.stdin(File::open(project.folder().path().join("input")).expect("the input is there"));
    let printed: Value = serde_json::from_str(&run(command).succeeds().stdout).expect("config prints JSON");
    assert_eq!((&printed["name"], &printed["services"]["web"]["image"]), (&"piped".into(), &"x".into()));
}

#[test]
fn files_of_the_network_are_refused_as_such() {
    require!(Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {image: x}}\n");
    let outcome = project.run(&["-f", "oci://example.com/app:1", "config"]).fails_with(1);
    outcome.says(&["oci://example.com/app:1", "not on this machine", "fetch the files"]);
}

#[test]
fn digests_of_images_come_from_their_registry() {
    require!(Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {image: busybox, environment: {A: b}}}\n");
    let lock = project.run(&["config", "--lock-image-digests"]).succeeds().stdout;
    let digest = lock
        .strip_prefix("services:\n  web:\n    image: docker.io/library/busybox:latest@sha256:")
        .unwrap_or_else(|| panic!("no digest in {lock}"));
    assert!(digest.trim_end().len() == 64, "{lock}");
    project.write("lock.yaml", &lock);
    let whole = project.run(&["config", "--resolve-image-digests"]).succeeds().stdout;
    assert!(whole.contains(lock.lines().last().unwrap_or_default().trim()), "{whole}");
    let locked = project.run(&["-f", "compose.yaml", "-f", "lock.yaml", "config"]).succeeds().stdout;
    assert_eq!(locked, whole);
}
