//! `up` brings what runs into line with the file, and touches nothing else.

use scenarios::{Lighter, Project, require};

const WEB: &str = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
";
const WEB_AND_BUSYBOX: &str = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
  busybox:
    image: busybox
    command: sh -c 'while true; do sleep 1; done'
";

#[test]
fn added_service_is_the_only_one_created() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let web = project.container("web");
    project.write("compose.yaml", WEB_AND_BUSYBOX);
    project.up();
    assert_eq!(project.container("web"), web);
    assert_eq!(project.container("busybox").state, "running");
}

#[test]
fn orphan_is_named_then_removed_on_request() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB_AND_BUSYBOX);
    project.up();
    let (web, orphan) = (project.container("web"), project.container("busybox"));
    project.write("compose.yaml", WEB);
    let name = format!("{}-busybox-1", project.name());
    project.up().says(&[&name, "--remove-orphans"]);
    assert_eq!(project.container("busybox"), orphan);
    project.run(&["up", "-d", "--remove-orphans", "-t", "0"]).succeeds();
    assert_eq!(project.find_container("busybox"), None);
    assert_eq!(project.container("web"), web);
}

#[test]
fn unchanged_service_keeps_its_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let web = project.container("web");
    project.up().says(&["Running"]);
    assert_eq!(project.container("web"), web);
}

#[test]
fn changed_definition_replaces_the_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB_AND_BUSYBOX);
    project.up();
    let (web, busybox) = (project.container("web"), project.container("busybox"));
    project.write("compose.yaml", WEB_AND_BUSYBOX.replace("sleep 1000000", "sleep 2000000"));
    project.run(&["up", "-d", "-t", "0"]).succeeds();
    assert_ne!(project.container("web").id, web.id);
    assert_eq!(project.container("busybox"), busybox);
}

#[test]
fn force_recreate_replaces_an_unchanged_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let web = project.container("web");
    project.run(&["up", "-d", "--force-recreate", "-t", "0"]).succeeds();
    assert_ne!(project.container("web").id, web.id);
}

#[test]
fn stopped_container_is_started_again_not_replaced() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let web = project.container("web");
    project.run(&["stop", "-t", "0"]).succeeds();
    project.up();
    let again = project.container("web");
    assert_eq!((again.id.as_str(), again.state.as_str()), (web.id.as_str(), "running"));
}
