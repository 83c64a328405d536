//! Which files make a project: default names, overrides, `.env`, and the COMPOSE_* variables.

use super::{check_config, check_files};
use crate::LoadOptions;
use crate::sample::{load_files, options};
use std::path::PathBuf;

const WEB: &str = "services: {web: {image: one}}";

fn with(variables: &[(&str, &str)]) -> LoadOptions {
    let mut options = options();
    options
        .environment
        .extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    options
}

fn from(folder: &str) -> LoadOptions {
    LoadOptions { current_directory: PathBuf::from(folder), ..options() }
}

fn files(options: &LoadOptions, texts: &[(&str, &str)]) -> Vec<String> {
    let loaded = load_files(texts, options).unwrap_or_else(|errors| panic!("{errors}"));
    loaded.project.files.iter().map(|path| path.display().to_string()).collect()
}

#[test]
fn the_first_default_name_wins_and_the_other_is_named() {
    let texts = [("compose.yml", WEB), ("docker-compose.yml", "services: {web: {image: two}}")];
    assert_eq!(files(&options(), &texts), ["/app/compose.yml"]);
    check_files(
        &texts,
        &options(),
        "found both /app/compose.yml and /app/docker-compose.yml; using the first [remove one of them]",
    );
}

#[test]
fn every_default_name_is_found() {
    for name in ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"] {
        assert_eq!(files(&options(), &[(name, WEB)]), [format!("/app/{name}")]);
    }
}

#[test]
fn folders_above_are_searched() {
    assert_eq!(files(&from("/app/a/b"), &[("compose.yaml", WEB)]), ["/app/compose.yaml"]);
}

#[test]
fn an_override_lies_beside_the_default_file_whatever_its_kind_of_name() {
    for name in [
        "compose.override.yml",
        "compose.override.yaml",
        "docker-compose.override.yml",
        "docker-compose.override.yaml",
    ] {
        let texts = [("compose.yaml", WEB), (name, "services: {web: {image: two}}")];
        check_config(&texts, &options(), "services.web.image", r#""two""#);
    }
}

#[test]
fn of_two_overrides_the_first_is_used_and_the_other_named() {
    let texts = [("compose.yaml", WEB), ("compose.override.yml", "{}"), ("compose.override.yaml", "{}")];
    check_files(
        &texts,
        &options(),
        "found both /app/compose.override.yml and /app/compose.override.yaml; using the first [remove one of them]",
    );
}

#[test]
fn named_files_have_no_override() {
    let texts = [("compose.yaml", WEB), ("compose.override.yaml", "services: {web: {image: two}}")];
    let named = LoadOptions { files: vec!["compose.yaml".into()], ..options() };
    assert_eq!(files(&named, &texts), ["/app/compose.yaml"]);
    assert_eq!(files(&with(&[("COMPOSE_FILE", "compose.yaml")]), &texts), ["/app/compose.yaml"]);
}

#[test]
fn compose_file_is_a_list_with_a_separator_and_may_stand_in_env() {
    let texts = [("a.yaml", WEB), ("b.yaml", "services: {web: {image: two}}")];
    assert_eq!(files(&with(&[("COMPOSE_FILE", "a.yaml:b.yaml")]), &texts), ["/app/a.yaml", "/app/b.yaml"]);
    let separated = with(&[("COMPOSE_FILE", "a.yaml,b.yaml"), ("COMPOSE_PATH_SEPARATOR", ",")]);
    assert_eq!(files(&separated, &texts), ["/app/a.yaml", "/app/b.yaml"]);
    let texts = [("a.yaml", WEB), (".env", "COMPOSE_FILE=a.yaml\n")];
    assert_eq!(files(&options(), &texts), ["/app/a.yaml"]);
}

#[test]
fn relative_paths_start_from_the_first_file_or_the_project_folder() {
    let text = "services: {web: {image: x, volumes: ['./d:/d']}}";
    let path = "services.web.volumes";
    let shown = |source: &str| {
        format!(r#"[{{"bind":{{"create_host_path":true}},"source":"{source}","target":"/d","type":"bind"}}]"#)
    };
    let texts = [("sub/a.yaml", "services: {}"), ("other/b.yaml", text)];
    let named = LoadOptions { files: vec!["sub/a.yaml".into(), "other/b.yaml".into()], ..options() };
    check_config(&texts, &named, path, &shown("/app/sub/d"));
    let moved = LoadOptions { project_directory: Some("there".into()), ..named };
    check_config(&texts, &moved, path, &shown("/app/there/d"));
}

#[test]
fn standard_input_is_a_file_of_the_current_folder() {
    let named = LoadOptions { files: vec!["-".into()], ..options() };
    let texts = [("-", "services: {web: {build: .}}")];
    check_config(&texts, &named, "services.web.build", r#"{"context":"/app","dockerfile":"Dockerfile"}"#);
}

#[test]
fn env_beside_the_command_wins_over_that_of_the_project() {
    let text = "services: {web: {image: '$A-$B-$C'}}";
    let texts = [("p/compose.yaml", text), (".env", "A=here\nB=here\n"), ("p/.env", "A=there\nC=there\n")];
    let named = LoadOptions { files: vec!["p/compose.yaml".into()], ..options() };
    check_config(&texts, &named, "services.web.image", r#""here-here-there""#);
}

#[test]
fn the_process_wins_over_env_and_a_later_env_file_over_an_earlier_one() {
    let texts = [
        ("compose.yaml", "services: {web: {image: '$USER-$A-$B'}}"),
        (".env", "A=default\nB=default\n"),
        ("one.env", "A=1\nB=1\nUSER=1\n"),
        ("two.env", "B=2\n"),
    ];
    let named = LoadOptions { env_files: vec!["one.env".into(), "two.env".into()], ..options() };
    check_config(&texts, &named, "services.web.image", r#""me-1-2""#);
    let by_variable = with(&[("COMPOSE_ENV_FILES", "one.env,two.env")]);
    check_config(&texts, &by_variable, "services.web.image", r#""me-1-2""#);
    let none = with(&[("COMPOSE_DISABLE_ENV_FILE", "1"), ("A", "a"), ("B", "b")]);
    check_config(&texts, &none, "services.web.image", r#""me-a-b""#);
}

#[test]
fn a_named_env_file_must_be_there() {
    let named = LoadOptions { env_files: vec!["gone.env".into()], ..options() };
    check_files(
        &[("compose.yaml", WEB)],
        &named,
        "couldn't find env file gone.env [create it, or name another with --env-file]",
    );
}

#[test]
fn the_name_is_given_or_written_or_the_folders() {
    let named = [("compose.yaml", "name: Written_Name!\nservices: {web: {image: x}}")];
    let name = |options: &LoadOptions, texts: &[(&str, &str)], expected: &str| {
        check_config(texts, options, "name", &format!("\"{expected}\""));
    };
    name(&options(), &[("compose.yaml", WEB)], "app");
    name(&options(), &named, "written_name");
    name(&with(&[("COMPOSE_PROJECT_NAME", "variable")]), &named, "variable");
    let flag =
        LoadOptions { project_name: Some("flag".to_owned()), ..with(&[("COMPOSE_PROJECT_NAME", "v")]) };
    name(&flag, &named, "flag");
    let env = [("compose.yaml", WEB), (".env", "COMPOSE_PROJECT_NAME=from-env\n")];
    name(&options(), &env, "from-env");
    let used = [("compose.yaml", "services: {web: {image: 'x:$COMPOSE_PROJECT_NAME'}}")];
    check_config(&used, &options(), "services.web.image", r#""x:app""#);
}

#[test]
fn profiles_may_stand_in_env() {
    let texts = [
        ("compose.yaml", "services: {web: {image: x}, debug: {image: y, profiles: [dev]}}"),
        (".env", "COMPOSE_PROFILES=other, dev\n"),
    ];
    check_config(&texts, &options(), "services.debug.image", r#""y""#);
}

#[test]
fn files_that_would_have_to_be_fetched_are_refused_as_such() {
    for name in ["oci://example.com/app:1", "https://example.com/app.git", "git@example.com:app.git"] {
        let options = LoadOptions { files: vec![PathBuf::from(name)], ..options() };
        let expected = format!(
            "cannot read {name}: it is not on this machine [fetch the files, and name those on the disk]"
        );
        check_files(&[("compose.yaml", WEB)], &options, &expected);
    }
}

#[test]
fn relative_paths_of_all_files_start_from_the_first_ones_folder() {
    let mut options = options();
    options.skip.paths = true;
    let files = [
        (
            "compose.yaml",
            "include: [sub/compose.yaml]\nservices: {web: {image: x, volumes: ['./w:/w'], extends: {file: lib/base.yaml, service: b}}}\n",
        ),
        (
            "sub/compose.yaml",
            "include: [../other/compose.yaml]\nservices: {db: {image: x, env_file: db.env, volumes: ['./data:/d']}}\n",
        ),
        ("sub/db.env", "X=1\n"),
        ("other/compose.yaml", "services: {far: {build: ./context}}\n"),
        ("lib/base.yaml", "services: {b: {volumes: ['./l:/l']}}\n"),
    ];
    check_config(&files, &options, "services.db.environment.X", "\"1\"");
    check_config(&files, &options, "services.far.build.context", "\"other/context\"");
    let volume = |source, target| {
        format!(
            r#"{{"bind":{{"create_host_path":true}},"source":"{source}","target":"{target}","type":"bind"}}"#
        )
    };
    let [data, base, own] = [volume("sub/data", "/d"), volume("lib/l", "/l"), volume("./w", "/w")];
    check_config(&files, &options, "services.db.volumes", &format!("[{data}]"));
    check_config(&files, &options, "services.web.volumes", &format!("[{base},{own}]"));
}
