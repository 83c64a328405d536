//! `ps`, `ls`, `images`, `port`, `top`, `stats`, `volumes`, `events`, `version`.

use super::{PAIR, states};
use scenarios::{Lighter, Project, host, require};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn ps_filters_by_state_and_takes_templates() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    project.run(&["stop", "web"]).succeeds();
    let shown = |arguments: &[&str]| project.run(&[&["ps"], arguments].concat()).succeeds().stdout;
    assert_eq!(shown(&["--services"]), "db\n");
    assert_eq!(shown(&["--services", "--status", "exited"]), "web\n");
    assert_eq!(shown(&["--services", "--filter", "status=exited"]), "web\n");
    assert_eq!(
        shown(&["-a", "--format", "{{.Service}}:{{.State}}:{{.Image}}"]),
        "db:running:busybox\nweb:exited:busybox\n"
    );
    assert_eq!(shown(&["-q", "--no-trunc"]).trim().len(), 64);
    let header = shown(&["-a"]);
    let columns: Vec<_> = header.lines().next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(columns, ["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"]);
    let objects = shown(&["-a", "--format", "json"]);
    assert_eq!(objects.lines().map(|line| json(line)["Service"].clone()).collect::<Vec<_>>(), ["db", "web"]);
    project.run(&["ps", "nope"]).fails_with(1).says(&["no such service: nope"]);
    project.run(&["ps", "--filter", "name=x"]).fails_with(1).says(&["unknown filter name"]);
}

#[test]
fn ps_hides_orphans_on_request() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    project.write("compose.yaml", "services: {db: {image: busybox, command: sleep 1000000, init: true}}");
    assert_eq!(project.run(&["ps", "--services"]).succeeds().stdout, "db\nweb\n");
    assert_eq!(project.run(&["ps", "--services", "--orphans=false"]).succeeds().stdout, "db\n");
}

#[test]
fn ls_counts_by_state_and_filters_by_name() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    project.run(&["stop", "web"]).succeeds();
    let all = json(&project.run(&["ls", "--format", "json"]).succeeds().stdout);
    assert_eq!(
        (&all[0]["Name"], &all[0]["Status"]),
        (&Value::from(project.name()), &Value::from("exited(1), running(1)"))
    );
    assert!(all[0]["ConfigFiles"].as_str().is_some_and(|files| files.ends_with("/compose.yaml")));
    assert_eq!(project.run(&["ls", "-q", "--filter", "name=no-such"]).succeeds().stdout, "");
    project.run(&["ls", "--filter", "x=y"]).fails_with(1).says(&["invalid filter 'x'"]);
}

#[test]
fn images_names_the_image_of_each_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    let listed = json(&project.run(&["images", "--format", "json"]).succeeds().stdout);
    assert_eq!(
        (&listed[0]["Repository"], &listed[0]["Tag"]),
        (&Value::from("busybox"), &Value::from("latest"))
    );
    assert_eq!(project.run(&["images", "-q"]).succeeds().stdout.lines().count(), 1);
    lighter.run(["image", "rm", "-f", "busybox"]).succeeds();
    assert!(project.run(&["images"]).succeeds().stdout.contains("busybox"));
}

#[test]
fn port_tells_where_a_port_is_published() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let port = host::free_port();
    let compose = format!(
        "services: {{web: {{image: busybox, command: sleep 1000000, init: true, ports: ['127.0.0.1:{port}:80', '{port}:53/udp']}}}}"
    );
    let project = Project::new(&lighter, &compose);
    project.up();
    assert_eq!(project.run(&["port", "web", "80"]).succeeds().stdout, format!("127.0.0.1:{port}\n"));
    assert_eq!(
        project.run(&["port", "--protocol", "udp", "web", "53"]).succeeds().stdout,
        format!("0.0.0.0:{port}\n")
    );
    project
        .run(&["port", "web", "81"])
        .fails_with(1)
        .says(&["no port 81/tcp", &format!("127.0.0.1:{port}->80/tcp")]);
    project.run(&["port", "--index", "2", "web", "80"]).fails_with(1).says(&["is not running container #2"]);
}

#[test]
fn top_lists_processes_by_service_and_number() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    let table = project.run(&["top"]).succeeds().stdout;
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    assert_eq!((&header[..3], header.last()), (&["SERVICE", "#", "UID"][..], Some(&"CMD")));
    assert!(lines.any(|row| row[..2] == ["db", "1"] && row.ends_with(&["sleep", "1000000"])), "{table}");
    assert!(!project.run(&["top", "web"]).succeeds().stdout.contains("db"));
}

#[test]
fn stats_shows_what_each_container_uses() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    let format = "{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}";
    let shown = project.run(&["stats", "--no-stream", "--format", format, "web"]).succeeds().stdout;
    let words: Vec<_> = shown.split_whitespace().collect();
    assert_eq!((words[0], words[5]), (format!("{}-web-1", project.name()).as_str(), "2"), "{shown}");
    assert!(words[1].ends_with('%') && words[2].ends_with("iB"), "{shown}");
}

#[test]
fn volumes_of_the_project_are_listed() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web: {image: busybox, command: sleep 1000000, init: true, volumes: ['data:/data']}
  db: {image: busybox, command: sleep 1000000, init: true, volumes: ['store:/store']}
volumes: {data: {}, store: {}}
";
    let project = Project::new(&lighter, compose);
    project.up();
    let name = project.name();
    assert_eq!(project.run(&["volumes", "-q"]).succeeds().stdout, format!("{name}_data\n{name}_store\n"));
    assert_eq!(project.run(&["volumes", "-q", "db"]).succeeds().stdout, format!("{name}_store\n"));
    assert_eq!(
        json(&project.run(&["volumes", "--format", "json", "web"]).succeeds().stdout)["Name"],
        format!("{name}_data")
    );
}

#[test]
fn events_tell_what_happened_to_the_services_named() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    project.run(&["run", "--rm", "--no-deps", "web", "true"]).succeeds();
    project.run(&["stop", "web"]).succeeds();
    let told = project.run(&["events", "--json", "--since", "10m", "--until", "0s", "web"]).succeeds().stdout;
    let actions: Vec<_> =
        told.lines().map(|line| json(line)["action"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(actions.iter().filter(|action| *action == "create").count(), 1, "{told}");
    for action in ["start", "die", "stop"] {
        assert!(actions.iter().any(|told| told == action), "no {action} in {told}");
    }
    assert!(told.lines().all(|line| json(line)["service"] == "web"));
    project.run(&["events", "nope"]).fails_with(1).says(&["no such service: nope"]);
}

#[test]
fn a_project_is_known_by_its_name_alone() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    let name = project.name();
    let by_name = |arguments: &[&str]| lighter.run([&["-p", &name], arguments].concat());
    assert_eq!(by_name(&["ps", "--services"]).succeeds().stdout, "db\nweb\n");
    by_name(&["stop", "-t", "0", "web"]).succeeds();
    assert_eq!(states(&project), ["db-1 running", "web-1 exited"]);
    by_name(&["start"]).succeeds();
    by_name(&["down", "-t", "0"]).succeeds();
    assert!(states(&project).is_empty());
}
