//! What makes containers anew, what does not, and what runs before them.

use super::{PAIR, states};
use scenarios::{Lighter, Project, require};

/// A service that journals its hooks; the first has an image of its own, `code` is how the second ends.
fn hooked(code: u8) -> String {
    format!(
        "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    stop_grace_period: 0s
    scale: 2
    volumes: ['./journal:/journal']
    pre_start:
      - {{command: [sh, -c, 'echo first $$WORD >> /journal/lines'], image: made}}
      - {{command: [sh, -c, 'echo second >> /journal/lines; exit {code}']}}
  helper: {{image: made, scale: 0, build: {{context: ., dockerfile_inline: \"FROM busybox\\nENV WORD=one\\n\"}}}}
"
    )
}

#[test]
fn pre_start_runs_once_in_order_and_again_only_for_a_fresh_service() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &hooked(17));
    project.write("journal/lines", "");
    let lines = || {
        let journal = project.folder().path().join("journal/lines");
        let text = std::fs::read_to_string(&journal).expect("the journal is there");
        std::fs::write(journal, "").expect("the file is ours");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    project.run(&["up", "-d"]).fails_with(1).says(&["pre_start[1]", "17"]);
    assert_eq!(lines(), ["first one", "second"]);
    assert!(states(&project).contains(&"web-1 created".to_owned()), "{:?}", states(&project));

    project.write("compose.yaml", hooked(0));
    project.up();
    assert_eq!(lines(), ["first one", "second"]);
    assert_eq!(states(&project), ["web-1 running", "web-2 running"]);
    project.up();
    project.run(&["up", "-d", "--scale", "web=3"]).succeeds();
    assert!(lines().is_empty());
    project.run(&["up", "-d", "--force-recreate"]).succeeds();
    assert_eq!(lines(), ["first one", "second"]);
}

const WEB: &str = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    stop_grace_period: 0s
    volumes: ['data:/data']
    environment: {TOKEN: hunter2}
volumes: {data: {labels: {kind: first}}}
";

#[test]
fn a_plan_tells_programs_what_would_be_done_and_why() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.run(&["plan", "--detailed-exitcode"]).fails_with(2);
    project.up();
    project.run(&["plan", "--detailed-exitcode"]).succeeds();
    project.write("compose.yaml", WEB.replace("hunter2", "hunter3"));
    let plan = project.run(&["plan", "--format", "json", "--detailed-exitcode"]).fails_with(2).stdout;
    assert!(!plan.contains("hunter"), "{plan}");
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
    let text = plan.to_string();
    for part in ["environment.TOKEN", "config-changed", "compose.yaml"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let shown = project.run(&["plan", "--show-values"]).succeeds().stdout;
    assert!(shown.contains("hunter2 -> hunter3") && shown.contains("compose.yaml:9"), "{shown}");
}

#[test]
fn a_volume_that_changed_is_kept_unless_its_loss_is_accepted() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    project.shell("web", "echo kept > /data/file");
    project.write("compose.yaml", WEB.replace("first", "second"));
    project.up().says(&["data", "-y"]);
    assert_eq!(project.shell("web", "cat /data/file"), "kept\n");
    project.run(&["up", "-d", "-y"]).succeeds();
    assert_eq!(project.shell("web", "ls /data"), "");

    project.write(
        "compose.yaml",
        WEB.replace("data:/data", "other:/data").replace("volumes: {data:", "volumes: {other:"),
    );
    let web = project.container("web").id;
    project.up();
    assert_ne!(project.container("web").id, web, "another volume makes the container anew");
}

#[test]
fn a_container_is_made_anew_for_another_log_and_runs_an_image_by_its_id() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, WEB);
    project.up();
    let web = project.container("web").id;
    project.write(
        "compose.yaml",
        WEB.replace("    init: true", "    init: true\n    logging: {options: {max-size: 1m}}"),
    );
    project.up();
    let logged = project.container("web").id;
    assert_ne!(logged, web);

    let id = project.run(&["images", "-q"]).succeeds().stdout.trim().to_owned();
    project.write("compose.yaml", WEB.replace("image: busybox", &format!("image: '{id}'")));
    project.up();
    assert_eq!(project.shell("web", "echo $TOKEN"), "hunter2\n");
}

#[test]
fn two_services_cannot_have_one_container_name() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let service = "{image: busybox, command: sleep 1000000, init: true, container_name: mine-of-two}";
    let both = format!("services:\n  a: {service}\n  b: {service}\n");
    let project = Project::new(&lighter, &both);
    project.run(&["up", "-d"]).fails_with(1).says(&["mine-of-two"]);
    project.write("compose.yaml", format!("services: {{a: {service}}}"));
    project.up();
}

#[test]
fn without_dependencies_only_the_target_is_made_anew() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.up();
    let before = ["web", "db"].map(|service| project.container(service));
    project.run(&["up", "-d", "--force-recreate", "--no-deps", "web"]).succeeds();
    assert_ne!(project.container("web").id, before[0].id);
    assert_eq!(project.container("db"), before[1]);
}
