//! Files in, a project or diagnostics out.

mod discovery;
mod golden;

use crate::sample::{brief, load_files, options};
use crate::{Diagnostics, LoadOptions};

/// Compares what loading says of `compose.yaml`: its errors, else its warnings.
fn check(text: &str, expected: &str) {
    check_files(&[("compose.yaml", text)], &options(), expected);
}

fn check_files(files: &[(&str, &str)], options: &LoadOptions, expected: &str) {
    let found = match load_files(files, options) {
        Ok(loaded) => brief(&loaded.warnings),
        Err(Diagnostics(errors)) => brief(&errors),
    };
    assert_eq!(found, expected);
}

/// Compares a part of the JSON that `config` prints; `path` is as `services.web.ports`.
fn check_config(files: &[(&str, &str)], options: &LoadOptions, path: &str, expected: &str) {
    let loaded = load_files(files, options).unwrap_or_else(|errors| panic!("{errors}"));
    let active = |name: &str| loaded.configuration.service_names().contains(&name);
    let config: serde_json::Value = serde_json::from_str(&loaded.configuration.to_json(&active)).unwrap();
    let part = path.split('.').fold(&config, |value, key| &value[key]);
    assert_eq!(part.to_string(), expected, "{path}");
}

#[test]
fn one_run_names_all_independent_errors() {
    check(
        "services:\n  web:\n    image: nginx\n    port: [80]\n    privileged: perhaps\n    mem_limit: 5q\n  db:\n    imag: x\n",
        "compose.yaml:4:5: unknown key `port` in a service [did you mean `ports`?]\n\
         compose.yaml:5:17: `privileged` must be true or false, but is `perhaps` [write `true` or `false`]\n\
         compose.yaml:6:16: `mem_limit`: `5q` is not a size [write a number with an optional unit, such as `512m` or `1.5gb`]\n\
         compose.yaml:8:5: unknown key `imag` in a service [did you mean `image`?]",
    );
}

#[test]
fn references_to_nothing_name_the_nearest() {
    check(
        "services:\n  web:\n    image: nginx\n    depends_on: [bd]\n    networks: [fronts]\n    volumes: ['dat:/data']\n    secrets: [key]\n  db: {image: redis}\nnetworks: {front: }\nvolumes: {data: }\n",
        "compose.yaml:4:18: service `web` depends on undefined service `bd` [did you mean `db`?]\n\
         compose.yaml:5:16: service `web` uses undefined network `fronts` [did you mean `front`?]\n\
         compose.yaml:6:15: service `web` uses undefined volume `dat` [did you mean `data`?]\n\
         compose.yaml:7:15: service `web` uses undefined secret `key` [add `key:` to the top-level `secrets`]",
    );
}

#[test]
fn a_dependency_cycle_is_printed() {
    check(
        "services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [c]}\n  c: {image: x, links: [a]}\n",
        "compose.yaml:2:30: dependency cycle detected: a -> b -> c -> a [remove one of these dependencies; services reach each other by name without]",
    );
}

#[test]
fn a_syntax_error_shows_its_line() {
    let errors =
        load_files(&[("compose.yaml", "services:\n  web:\n    image: [x\n    build: .\n")], &options());
    let shown = errors.unwrap_err().to_string();
    assert!(shown.contains("error: invalid YAML") && shown.contains("compose.yaml:4:"), "{shown}");
}

#[test]
fn an_error_is_laid_out_as_rustc_does() {
    let errors =
        load_files(&[("compose.yaml", "services:\n  web:\n    imag: nginx\n")], &options()).unwrap_err();
    let shown = errors.0[0].to_string();
    let expected = "\
error: unknown key `imag` in a service
 --> compose.yaml:3:5
  |
3 |     imag: nginx
  |     ^^^^
  |
  = help: did you mean `image`?";
    assert_eq!(shown, expected);
}

#[test]
fn what_is_not_applied_is_named() {
    check(
        "version: '3'\nservices:\n  web:\n    image: nginx\n    models: {}\n    x-note: ignored\n    command: echo $NONE\n",
        "compose.yaml:1:1: `version` is obsolete and ignored [remove it]\n\
         compose.yaml:5:5: `models` of a service is not applied yet [the project runs as if it were not there]\n\
         compose.yaml:7:14: the variable `NONE` is not set, an empty string is used [set NONE, or give a default: `${NONE:-}`]",
    );
}

#[test]
fn later_files_win_by_the_rules_of_each_attribute() {
    let base = "services:\n  web:\n    image: one\n    command: a b\n    environment: [A=1, B=1]\n    ports: ['80:80']\n    volumes: ['./x:/data']\n    dns: 1.1.1.1\n";
    let over = "services:\n  web:\n    image: two\n    command: [c]\n    environment: {B: 2}\n    ports: ['80:80', '81:81']\n    volumes: ['./y:/data']\n    dns: [1.1.1.1, 8.8.8.8]\n";
    let files = [("compose.yaml", base), ("compose.override.yaml", over)];
    let check = |path, expected| check_config(&files, &options(), path, expected);
    check("services.web.image", r#""two""#);
    check("services.web.command", r#"["c"]"#);
    check("services.web.environment", r#"{"A":"1","B":"2"}"#);
    check("services.web.dns", r#"["1.1.1.1","8.8.8.8"]"#);
    check(
        "services.web.volumes",
        r#"[{"bind":{"create_host_path":true},"source":"/app/y","target":"/data","type":"bind"}]"#,
    );
    check(
        "services.web.ports",
        r#"[{"mode":"ingress","protocol":"tcp","published":"80","target":80},{"mode":"ingress","protocol":"tcp","published":"81","target":81}]"#,
    );
}

#[test]
fn tags_reset_and_override_what_an_earlier_file_says() {
    let base = "services: {web: {image: x, ports: ['80:80'], dns: [1.1.1.1], labels: {a: b}}}";
    let over = "services: {web: {ports: !reset null, dns: !override [8.8.8.8]}}";
    let files = [("compose.yaml", base), ("compose.override.yml", over)];
    check_config(&files, &options(), "services.web.ports", "null");
    check_config(&files, &options(), "services.web.dns", r#"["8.8.8.8"]"#);
    check_config(&files, &options(), "services.web.labels", r#"{"a":"b"}"#);
}

#[test]
fn variables_come_from_the_environment_then_env_files() {
    let files = [
        (
            "compose.yaml",
            "name: ${NAME:-x}\nservices:\n  web:\n    image: app:$USER-$TAG\n    environment: [USER, GONE]\n    env_file: web.env\n",
        ),
        (".env", "USER=file\nTAG=1\nNAME=Shop!\n"),
        ("web.env", "A=${TAG}\nUSER=env\n"),
    ];
    check_config(&files, &options(), "name", r#""shop""#);
    check_config(&files, &options(), "services.web.image", r#""app:me-1""#);
    check_config(&files, &options(), "services.web.environment", r#"{"A":"1","GONE":null,"USER":"me"}"#);
}

#[test]
fn a_fault_in_an_env_file_does_not_show_its_text() {
    let files = [("compose.yaml", "services: {web: {image: x}}"), (".env", "A=1\nmy secret=hunter2\n")];
    let shown = load_files(&files, &options()).unwrap_err().to_string();
    assert!(shown.contains(".env:2:1") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn includes_and_extends_bring_their_own_folders() {
    let files = [
        (
            "compose.yaml",
            "include: [lib/compose.yaml]\nservices:\n  web:\n    extends: {service: base, file: lib/base.yaml}\n    command: run\n",
        ),
        ("lib/compose.yaml", "services: {db: {image: redis, volumes: ['./d:/d']}}"),
        ("lib/base.yaml", "services: {base: {extends: root, build: ./src}, root: {environment: {A: 1}}}"),
    ];
    check_config(
        &files,
        &options(),
        "services.db.volumes",
        r#"[{"bind":{"create_host_path":true},"source":"/app/lib/d","target":"/d","type":"bind"}]"#,
    );
    check_config(
        &files,
        &options(),
        "services.web.build",
        r#"{"context":"/app/lib/src","dockerfile":"Dockerfile"}"#,
    );
    check_config(&files, &options(), "services.web.environment", r#"{"A":"1"}"#);
}

#[test]
fn services_with_inactive_profiles_are_left_out() {
    let files = [("compose.yaml", "services: {web: {image: x}, debug: {image: y, profiles: [dev]}}")];
    check_config(&files, &options(), "services.debug", "null");
    let active = LoadOptions { profiles: vec!["dev".to_owned()], ..options() };
    check_config(&files, &active, "services.debug.image", r#""y""#);
    check(
        "services:\n  web: {image: x, depends_on: [debug]}\n  debug: {image: y, profiles: [dev]}\n",
        "compose.yaml:2:32: service `debug` is required by `web`, but its profiles are not active [activate it with --profile dev]",
    );
}

#[test]
fn missing_files_are_errors_where_they_are_named() {
    check(
        "services:\n  web: {image: x, env_file: [a.env], secrets: [key]}\nsecrets:\n  key: {file: ./key}\n",
        "compose.yaml:2:30: env file a.env not found [create it, or write `{path: …, required: false}` if it may be missing]\n\
         compose.yaml:4:15: the file of `key` is missing: key [create it, or name another file for `key`]",
    );
    check_files(
        &[],
        &options(),
        "no configuration file in /app or a folder above it [name one with -f, or write compose.yaml]",
    );
}
