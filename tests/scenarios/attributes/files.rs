//! What a service is put together from: other files, other services, files of variables.

use super::refused;
use scenarios::{Lighter, Project, require};

#[test]
fn service_is_put_together_from_what_the_file_names() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
version: '3.8'
include:
  - path: part/helper.yaml
    project_directory: other
    env_file: part/values.env
services:
  web:
    extends: {file: base.yaml, service: base}
    command: sleep 1000000
    env_file:
      - plain.env
      - {path: raw.env, format: raw}
      - {path: absent.env, required: false}
";
    let project = Project::new(&lighter, compose);
    project.write("base.yaml", "services: {base: {image: busybox, environment: {BASE: kept}}}");
    project.write("plain.env", "PLAIN='a  b'\n");
    project.write("raw.env", "RAW='$HOME'\n");
    let helper = "services: {helper: {image: busybox, command: sleep 1000000, environment: {VALUE: '${VALUE}'}, volumes: ['./data:/data:ro']}}";
    project.write("part/helper.yaml", helper);
    project.write("part/values.env", "VALUE=of the include\n");
    project.write("other/data/file", "of the project folder\n");
    let outcome = project.up();
    assert!(outcome.stderr.contains("version"), "{}", outcome.stderr);
    assert_eq!(project.shell("web", "echo \"$BASE|$PLAIN|$RAW\""), "kept|a  b|'$HOME'\n");
    assert_eq!(
        project.shell("helper", "echo $VALUE; cat /data/file"),
        "of the include\nof the project folder\n"
    );
}

#[test]
fn files_that_must_be_there_are_named() {
    require!(Root, Seeds);
    for (attribute, file) in [
        ("env_file: absent.env", "absent.env"),
        ("env_file: [{path: needed.env, required: true}]", "needed.env"),
        ("extends: {file: absent.yaml, service: base}", "absent.yaml"),
        ("extends: {service: nobody}", "nobody"),
    ] {
        let stderr = refused(attribute);
        assert!(stderr.contains(file), "{attribute}: {stderr}");
    }
}

#[test]
fn containers_have_the_names_and_numbers_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let own = format!("lighter-test-{}", std::process::id());
    let compose = format!(
        "
x-service: &service {{image: busybox, command: sleep 1000000}}
services:
  web: {{<<: *service, container_name: {own}}}
  two: {{<<: *service, scale: 2}}
  three: {{<<: *service, deploy: {{replicas: 3}}}}
  debug: {{<<: *service, profiles: [debug]}}
  late: {{<<: *service, depends_on: {{debug: {{condition: service_healthy, required: false}}}}}}
"
    );
    let project = Project::new(&lighter, &compose);
    project.run(&["create"]).succeeds();
    let listed = project.run(&["ps", "-a", "--format", "{{.Name}}"]).succeeds().stdout;
    let name = project.name();
    let mut names: Vec<String> = listed.lines().map(|line| line.replace(&name, "project")).collect();
    names.sort();
    let expected = [
        &own,
        "project-late-1",
        "project-three-1",
        "project-three-2",
        "project-three-3",
        "project-two-1",
        "project-two-2",
    ];
    assert_eq!(names, expected);
}

#[test]
fn name_of_the_file_is_that_of_the_project() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let name = format!("named-{}", std::process::id());
    let project = Project::new(
        &lighter,
        &format!("name: {name}\nservices: {{web: {{image: busybox, command: sleep 9}}}}"),
    );
    project.run(&["create"]).succeeds();
    let listed = project.run(&["ps", "-a", "--format", "{{.Name}} {{.Project}}"]).stdout;
    project.down();
    assert_eq!(listed, format!("{name}-web-1 {name}\n"));
}

#[test]
fn pull_policy_says_when_the_registry_is_asked() {
    require!(Root, Seeds);
    let stderr = refused("pull_policy: never");
    assert!(stderr.contains("service web has no image busybox"), "{stderr}");
    let lighter = Lighter::new();
    let compose = |policy: &str| super::compose(&format!("command: sleep 1000000\npull_policy: {policy}"));
    let project = Project::new(&lighter, &compose("missing"));
    let pulled = || project.run(&["create"]).succeeds().stderr.contains("Pulling");
    assert!(pulled(), "it was not there");
    assert!(!pulled(), "it was there");
    project.write("compose.yaml", compose("always"));
    assert!(pulled(), "it is asked for each time");
    project.write("compose.yaml", compose("daily"));
    assert!(!pulled(), "it is of today");
}
