//! Where variables and the choice of files come from.

use scenarios::{Lighter, Project, require};

const SHOW: &str = "
services:
  app:
    image: busybox
    command: [sh, -c, 'echo $$WHO']
    environment: [WHO]
";

#[test]
fn the_command_line_beats_the_shell_which_beats_files() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, SHOW);
    let shown = |project: &Project<'_>, before: &[&str], flags: &[&str]| {
        project.run(&[before, &["run", "--rm"], flags, &["app"]].concat()).succeeds().stdout
    };
    assert_eq!(shown(&project, &[], &[]), "\n");
    project.write(".env", "WHO=dotenv\n");
    project.write("chosen.env", "WHO=chosen\n");
    assert_eq!(shown(&project, &[], &[]), "dotenv\n");
    assert_eq!(shown(&project, &["--env-file", "chosen.env"], &[]), "chosen\n");
    assert_eq!(shown(&project, &[], &["-e", "WHO=line"]), "line\n");
    let project = project.env("WHO", "shell");
    assert_eq!(shown(&project, &[], &[]), "shell\n");
    assert_eq!(shown(&project, &[], &["-e", "WHO"]), "shell\n");
    assert_eq!(shown(&project, &[], &["-e", "WHO=line"]), "line\n");
}

#[test]
fn an_env_file_is_overridden_by_dotenv_only_when_asked() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {app: {image: busybox, command: [sh, -c, 'echo $$WHO'], env_file: app.env}}";
    let project = Project::new(&lighter, compose);
    project.write("app.env", "WHO=service # a comment\n");
    project.write(".env", "WHO=dotenv\n");
    assert_eq!(project.run(&["run", "--rm", "app"]).succeeds().stdout, "service\n");
    assert_eq!(project.run(&["run", "--rm", "-e", "WHO", "app"]).succeeds().stdout, "dotenv\n");
}

#[test]
fn exec_passes_on_only_variables_that_are_set() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, super::PAIR).env("IS_SET", "yes");
    project.run(&["up", "-d", "db"]).succeeds();
    let script = "echo ${IS_SET-none} ${NOT_SET-none} ${GIVEN-none}";
    let outcome = project
        .run(&["exec", "-T", "-e", "IS_SET", "-e", "NOT_SET", "-e", "GIVEN=1", "db", "sh", "-c", script]);
    assert_eq!(outcome.succeeds().stdout, "yes none 1\n");
}

#[test]
fn files_and_profiles_are_chosen_by_the_environment_file() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {}");
    project.write("a.yaml", "services: {a: {image: busybox}, hidden: {image: busybox, profiles: [extra]}}");
    let services = |arguments: &[&str]| {
        let shown = project.run(&[arguments, &["config", "--services"]].concat()).succeeds().stdout;
        let mut names: Vec<_> = shown.lines().map(str::to_owned).collect();
        names.sort();
        names
    };
    project.write("chosen.env", "COMPOSE_FILE=a.yaml\n");
    assert_eq!(services(&["--env-file", "chosen.env"]), ["a"]);
    project.write("dev/.env", "COMPOSE_FILE=dev/b.yaml\n");
    project.write("dev/b.yaml", "services: {b: {image: busybox}}");
    assert_eq!(services(&["--project-directory", "dev"]), ["b"]);
    project.write(".env", "COMPOSE_FILE=a.yaml\nCOMPOSE_PROFILES=extra\n");
    assert_eq!(services(&[]), ["a", "hidden"]);
}

#[test]
fn commands_that_need_no_environment_file_work_without_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web: {image: busybox, command: sleep 1000000, init: true}
  broken: {image: busybox, env_file: missing.env, profiles: [never]}
";
    let project = Project::new(&lighter, compose);
    project.run(&["up", "-d", "web"]).succeeds();
    for arguments in [&["ps"][..], &["logs"], &["exec", "-T", "web", "true"], &["stop", "-t", "0"]] {
        project.run(arguments).succeeds();
    }
}

#[test]
fn a_name_without_value_removes_the_images_variable_unless_the_caller_has_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = r#"
services:
  app:
    image: with-variable
    build: {context: ., dockerfile_inline: "FROM busybox\nENV WHO=image KEPT=image\nCMD echo $${WHO-none} $$KEPT\n"}
    environment: [WHO]
    env_file: [empty.env]
"#;
    let project = Project::new(&lighter, compose);
    project.write("empty.env", "");
    project.run(&["build"]).succeeds();
    let shown = |project: &Project<'_>| project.run(&["run", "--rm", "app"]).succeeds().stdout;
    assert_eq!(shown(&project), "none image\n");
    assert_eq!(shown(&project.env("WHO", "caller")), "caller image\n");
}

#[test]
fn defaults_of_dotenv_reach_the_model_and_the_nearer_dotenv_wins() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {}");
    project.write("sub/compose.yaml", "services: {app: {image: '${NAME}', command: ['${BOTH}', '${ONLY}']}}");
    project.write("sub/.env", "NAME=${UNSET:-fallback}\nBOTH=project\nONLY=project\n");
    project.write(".env", "BOTH=current\n");
    let printed = project.run(&["-f", "sub/compose.yaml", "config"]).succeeds().stdout;
    for line in ["image: fallback", "- current", "- project"] {
        assert!(printed.contains(line), "no {line} in {printed}");
    }
}

#[test]
fn files_of_variables_are_found_beside_the_project_and_read_raw_on_request() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {}");
    project.write(
        "sub/compose.yaml",
        "services: {app: {image: busybox, command: [sh, -c, 'echo $$WHO$$RAW'], env_file: \
         [own.env, {path: raw.env, format: raw}]}}",
    );
    project.write("sub/own.env", "WHO='beside '\n");
    project.write("sub/raw.env", "RAW='$HOME' # kept\n");
    let outcome = project.run(&["-f", "sub/compose.yaml", "run", "--rm", "app"]).succeeds();
    assert_eq!(outcome.stdout, "beside '$HOME' # kept\n");
}

#[test]
fn a_secret_of_an_included_file_is_read_with_that_files_variables() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project =
        Project::new(&lighter, "include: [{path: part/compose.yaml, env_file: part/its.env}]\nservices: {}");
    project.write(
        "part/compose.yaml",
        "services: {app: {image: busybox, command: cat /run/secrets/word, secrets: [word]}}\n\
         secrets: {word: {environment: WORD}}\n",
    );
    project.write("part/its.env", "WORD=of-the-part\n");
    assert_eq!(project.run(&["run", "--rm", "app"]).succeeds().stdout, "of-the-part");
}

#[test]
fn the_hash_that_is_printed_is_that_of_the_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {app: {image: busybox, command: sleep 1000000, init: true, env_file: app.env}}";
    let project = Project::new(&lighter, compose);
    project.write("app.env", "WHO=one\n");
    let hash = || {
        let printed = project.run(&["config", "--hash", "app"]).succeeds().stdout;
        printed.trim().strip_prefix("app ").expect("the service comes first").to_owned()
    };
    project.up();
    let format = "{{index .Config.Labels \"com.docker.compose.config-hash\"}}";
    let id = project.container("app").id;
    assert_eq!(lighter.run(["inspect", "-f", format, &id]).succeeds().stdout.trim(), hash());
    let before = hash();
    project.write("app.env", "WHO=two\n");
    assert_ne!(hash(), before);
}
