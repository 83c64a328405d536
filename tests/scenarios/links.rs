//! Names and variables that come from other containers and files.

use scenarios::{Lighter, Project, require};

#[test]
fn links_give_a_name_and_the_legacy_variables() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let other =
        Project::new(&lighter, "services: {far: {image: busybox, command: sleep 1000000, expose: ['80']}}");
    other.up();
    let outside = format!("{}-far-1", other.name());
    let compose = format!(
        "
services:
  db: {{image: busybox, command: sleep 1000000, expose: ['5432'], environment: {{KEY: value}}}}
  web:
    image: busybox
    command: sleep 1000000
    links: ['db:data-base']
    external_links: ['{outside}:far']
    environment: {{DATA_BASE_NAME: own}}
"
    );
    let project = Project::new(&lighter, &compose);
    project.up();
    let address = project.shell("db", "hostname -i").trim().to_owned();
    let variables = project.shell("web", "env");
    for line in [
        format!("DATA_BASE_PORT=tcp://{address}:5432"),
        format!("DATA_BASE_PORT_5432_TCP_ADDR={address}"),
        "DATA_BASE_PORT_5432_TCP_PORT=5432".to_owned(),
        "DATA_BASE_ENV_KEY=value".to_owned(),
        "DATA_BASE_NAME=own".to_owned(),
        format!("FAR_NAME=/{}-web-1/far", project.name()),
    ] {
        assert!(variables.lines().any(|found| found == line), "{line} in {variables}");
    }
    assert!(project.shell("web", "nslookup data-base").contains(&address));
    let said = project.shell("db", "nslookup data-base 2>&1 || true");
    assert!(!said.contains(&address), "the alias is of the linking container alone: {said}");
    let far = other.shell("far", "hostname -i");
    assert!(project.shell("web", "cat /etc/hosts").contains(&format!("{}\tfar\n", far.trim())));
}

#[test]
fn link_to_nobody_is_an_error() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let web = "services: {web: {image: busybox, command: sleep 1, external_links: [nobody]}}";
    let project = Project::new(&lighter, web);
    project.run(&["up", "-d"]).fails_with(1).says(&["cannot link to container nobody"]);
}

#[test]
fn extra_hosts_name_addresses_and_the_host_itself() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: sleep 1000000
    extra_hosts: ['nas=192.0.2.9', 'six=2001:db8::1', 'host.docker.internal:host-gateway']
";
    let project = Project::new(&lighter, compose);
    project.up();
    let hosts = project.shell("web", "cat /etc/hosts");
    assert!(hosts.contains("192.0.2.9\tnas\n") && hosts.contains("2001:db8::1\tsix\n"), "{hosts}");
    let gateway = project.shell("web", "ip route | awk '/default/ {print $3}'");
    assert!(hosts.contains(&format!("{}\thost.docker.internal\n", gateway.trim())), "{hosts}");
}

#[test]
fn labels_of_a_file_are_below_those_of_the_service() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let web = "services: {web: {image: busybox, command: sleep 1, label_file: ./labels, labels: {b: own}}}";
    let project = Project::new(&lighter, web);
    project.write("labels", "a=file\nb=file\n");
    project.run(&["create"]).succeeds();
    let text = project.run(&["container", "inspect", &format!("{}-web-1", project.name())]).succeeds().stdout;
    assert!(text.contains("\"a\": \"file\"") && text.contains("\"b\": \"own\""), "{text}");
}
