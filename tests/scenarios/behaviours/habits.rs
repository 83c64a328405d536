//! What Docker's `config.json` says about how things are shown.

use super::PAIR;
use scenarios::{Lighter, Project, require};

#[test]
fn lists_look_as_the_configuration_of_docker_says_unless_asked_otherwise() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    let project = {
        let folder = project.folder().path().join("docker");
        project.env("DOCKER_CONFIG", folder.display())
    };
    project.write(
        "docker/config.json",
        r#"{"psFormat": "{{.Service}} is {{.State}}", "volumesFormat": "no {{end}}", "networksFormat": "{{.Driver}}"}"#,
    );
    project.up();
    assert_eq!(project.run(&["ps"]).succeeds().stdout, "db is running\nweb is running\n");
    assert_eq!(project.run(&["ps", "--format", "{{.Service}}"]).succeeds().stdout, "db\nweb\n");
    assert_eq!(project.run(&["network", "ls", "-f", "name=default"]).succeeds().stdout, "bridge\n");
    let volumes = project.run(&["volume", "ls"]).succeeds();
    assert!(volumes.stdout.starts_with("DRIVER"), "{volumes:#?}");
    volumes.says(&["volumesFormat", "config.json"]);
}
