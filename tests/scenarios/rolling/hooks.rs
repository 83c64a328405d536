//! Hooks as a container sees them, and dependents that restart with what they depend on.

use scenarios::{Lighter, Project, require};

#[test]
fn hooks_run_before_a_start_after_it_and_before_a_stop() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services:
  web:
    image: busybox
    command: [sh, -c, 'echo command >> /journal/lines; exec sleep 1000000']
    init: true
    volumes: ['./journal:/journal']
    pre_start:
      - command: [sh, -c, 'echo pre_start $$WHO >> /journal/lines']
        environment: {WHO: hook}
    post_start:
      - command: [sh, -c, 'until grep -q command /journal/lines; do :; done; echo post_start $$(id -u) >> /journal/lines']
        user: '7'
      - command: [sh, -c, 'echo post_start $$PWD >> /journal/lines']
        working_dir: /journal
    pre_stop:
      - command: [sh, -c, 'echo pre_stop $$(ps -o args | grep -c ^sleep) >> /journal/lines']
",
    );
    project.write("journal/lines", "");
    let journal = project.folder().path().join("journal/lines");
    let all_may_write = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(&journal, all_may_write).expect("the file is ours");
    project.up();
    project.run(&["stop"]).succeeds();
    let lines = std::fs::read_to_string(&journal).expect("the journal is there");
    let expected =
        ["pre_start hook", "command", "post_start 7", "post_start /journal", "pre_stop 1"].map(str::to_owned);
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn hooks_have_the_user_folder_variables_image_and_privileges_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
x-asked: &asked
  command: [sh, /journal/who]
  user: '7'
  working_dir: /journal
  environment: {WHO: hook}
x-privileged: &privileged
  command: [sh, /journal/who]
  privileged: true
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    volumes: ['./journal:/journal']
    pre_start:
      - *asked
      - *privileged
      - {command: [sh, -c, 'cat /etc/os-release >> /journal/image'], image: 'debian:bookworm-slim'}
    post_start: [*asked, *privileged]
    pre_stop: [*asked, *privileged]
",
    );
    // The bounding set tells who is privileged, whoever the user is (capabilities(7)).
    let who = "echo $(id -u) $PWD ${WHO:-nobody} $(awk '/^CapBnd/ {print $2}' /proc/self/status) >> /journal/lines\n";
    project.write("journal/who", who);
    project.write("journal/lines", "");
    let journal = project.folder().path().join("journal");
    let all_may_write = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(journal.join("lines"), all_may_write).expect("the file is ours");
    project.up();
    project.run(&["stop"]).succeeds();
    let host = std::fs::read_to_string("/proc/self/status").expect("we run");
    let all = host.lines().find_map(|line| line.strip_prefix("CapBnd:\t")).expect("it is there");
    let lines = std::fs::read_to_string(journal.join("lines")).expect("the journal is there");
    let pair = format!("7 /journal hook 00000000a80425fb\n0 / nobody {all}\n");
    assert_eq!(lines, pair.repeat(3));
    let image = std::fs::read_to_string(journal.join("image")).expect("its hook ran");
    assert!(image.contains("ID=debian"), "{image}");
}

#[test]
fn failed_post_start_hook_fails_the_command() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    post_start: [{command: [sh, -c, 'exit 3']}]
",
    );
    project.run(&["up", "-d"]).fails_with(1).says(&["post_start"]);
}

#[test]
fn dependents_that_ask_for_it_restart_with_what_is_recreated() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let file = |value: u32| {
        format!(
            "
services:
  db: {{image: busybox, command: sleep 1000000, init: true, environment: {{VALUE: '{value}'}}}}
  web:
    image: busybox
    command: sleep 1000000
    init: true
    depends_on: {{db: {{condition: service_started, restart: true}}}}
  apart:
    image: busybox
    command: sleep 1000000
    init: true
    depends_on: [db]
"
        )
    };
    let project = Project::new(&lighter, &file(1));
    project.up();
    let before = ["db", "web", "apart"].map(|service| project.container(service));
    project.write("compose.yaml", file(2));
    project.up();
    let [db, web, apart] = ["db", "web", "apart"].map(|service| project.container(service));
    assert_ne!(db.id, before[0].id);
    assert_eq!(web.id, before[1].id);
    assert_ne!(web.started_at, before[1].started_at);
    assert!(web.started_at > db.started_at, "{web:?} started before {db:?}");
    assert_eq!(apart, before[2]);
}
