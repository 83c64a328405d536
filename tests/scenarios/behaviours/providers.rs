//! Services that a program provides.

use scenarios::{Lighter, Project, require};
use std::os::unix::fs::PermissionsExt;

/// Writes down what it is asked for, and gives two variables.
const PROVIDER: &str = r#"#!/bin/sh
[ "$2" = metadata ] && exit 1
echo "$*" >> "$(dirname "$0")/asked"
case "$3" in
up)
    echo '{"type": "info", "message": "making it"}'
    echo '{"type": "setenv", "message": "URL=cloud://here"}'
    echo '{"type": "rawsetenv", "message": "TOKEN=given"}'
    echo "{\"type\": \"setenv\", \"message\": \"REGION=$REGION\"}" ;;
fail)
    echo '{"type": "error", "message": "no more room"}'
    exit 1 ;;
esac
"#;
const COMPOSE: &str = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    stop_grace_period: 0s
    environment: {TOKEN: own}
    depends_on: [my-db]
  other: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
  my-db:
    provider: {type: lighter-test-cloud, options: {size: 8, tag: [a, b]}}
";

fn install(project: &Project<'_>, program: &str) {
    project.write("bin/lighter-test-cloud", program);
    let program = project.folder().path().join("bin/lighter-test-cloud");
    std::fs::set_permissions(program, PermissionsExt::from_mode(0o755)).expect("the file is ours");
}

#[test]
fn a_provider_is_asked_and_its_variables_reach_dependents() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    let path = format!("{}/bin:{}", project.folder().path().display(), env!("PATH"));
    let project = project.env("PATH", path);
    project.run(&["up", "-d"]).fails_with(1).says(&["lighter-test-cloud", "PATH"]);

    project.write(".env", "REGION=of-the-file\n");
    install(&project, PROVIDER);
    project.up().says(&["making it", "Service my-db", "TOKEN", "replaces"]);
    assert_eq!(
        project.shell("web", "echo $MY_DB_URL $TOKEN $MY_DB_REGION"),
        "cloud://here given of-the-file\n"
    );
    assert_eq!(project.shell("other", "echo $MY_DB_URL$TOKEN"), "\n");
    let web = project.container("web");
    project.run(&["plan", "--detailed-exitcode"]).succeeds();
    project.up();
    assert_eq!(project.container("web"), web);
    project.run(&["stop"]).succeeds();
    project.down();
    let asked = std::fs::read_to_string(project.folder().path().join("bin/asked")).expect("it was asked");
    let line =
        |verb| format!("compose --project-name={} {verb} --size=8 --tag=a --tag=b my-db", project.name());
    assert_eq!(asked.lines().collect::<Vec<_>>(), [line("up"), line("up"), line("stop"), line("down")]);

    install(&project, &PROVIDER.replace("fail)", "up)").replacen("up)", "nothing)", 1));
    project.run(&["up", "-d"]).fails_with(1).says(&["no more room"]);
}
