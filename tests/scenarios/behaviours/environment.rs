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
