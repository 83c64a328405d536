//! `up`, `create`: waiting, attaching, aborting, closing.

use super::{PAIR, states};
use scenarios::{Lighter, Project, require};

#[test]
fn create_makes_containers_and_starts_none() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["create", "--scale", "web=2"]).succeeds().says(&["create: 3 created", "1 network created"]);
    assert_eq!(states(&project), ["db-1 created", "web-1 created", "web-2 created"]);
    project.run(&["create", "--scale", "web=2"]).succeeds();
    project.run(&["create", "--force-recreate", "--scale", "web=2", "web"]).succeeds().says(&["2 recreated"]);
    project.run(&["up", "-d", "--no-start"]).succeeds();
    assert_eq!(states(&project), ["db-1 created", "web-1 created"]);
}

#[test]
fn a_closing_line_says_what_changed() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    project.run(&["up", "-d"]).succeeds().says(&["up: 2 created", "1 network created in"]);
    project.run(&["up", "-d"]).succeeds().says(&["up: 2 unchanged in"]);
    project.run(&["restart"]).succeeds().says(&["restart: 2 restarted in"]);
    project.run(&["down"]).succeeds().says(&["down: 2 removed", "1 network removed in"]);
    assert_eq!(project.run(&["--progress", "quiet", "up", "-d"]).succeeds().stderr, "");
}

#[test]
fn wait_succeeds_with_a_healthy_stack_and_gives_up_in_time() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s, healthcheck: {test: test -e /ready, interval: 50ms, retries: 1000000, start_period: 0s}}
  job: {image: busybox, command: 'true'}
";
    let project = Project::new(&lighter, compose);
    project.run(&["up", "--wait", "--wait-timeout", "1", "web"]).fails_with(1).says(&["not healthy"]);
    assert_eq!(states(&project), ["web-1 running"]);
    project.shell("web", "touch /ready");
    project.run(&["up", "--wait"]).succeeds();
    assert_eq!(project.run(&["ps", "--format", "{{.Health}}", "web"]).succeeds().stdout, "healthy\n");
}

#[test]
fn an_unhealthy_dependency_leaves_its_dependent_created_and_shows_its_last_lines() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  app: {image: busybox, command: 'true', depends_on: {sick: {condition: service_healthy}}}
  sick: {image: busybox, command: [sh, -c, 'echo what ails me; exec sleep 1000000'], init: true, stop_grace_period: 0s, healthcheck: {test: 'false', interval: 50ms, retries: 1}}
  late: {image: busybox, command: 'true', depends_on: {fails: {condition: service_healthy}}}
  fails: {image: busybox, command: [sh, -c, 'echo my last words; sleep 0.2; exit 1'], healthcheck: {test: 'false', interval: 1h}}
";
    let project = Project::new(&lighter, compose);
    project.run(&["up", "-d", "app"]).fails_with(1).says(&["sick-1 is unhealthy", "what ails me"]);
    project.run(&["up", "-d", "late"]).fails_with(1).says(&[
        "dependency failed to start: container",
        "fails-1 exited (1)",
        "  | my last words",
    ]);
    assert_eq!(states(&project), ["app-1 created", "fails-1 exited", "late-1 created", "sick-1 running"]);
}

#[test]
fn the_first_exit_stops_everything_if_asked_to() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  good: {image: busybox, command: 'true'}
  stays: {image: busybox, command: sleep 1000000, init: true}
";
    let project = Project::new(&lighter, compose);
    project.run(&["up", "--abort-on-container-exit"]).succeeds();
    assert_eq!(states(&project), ["good-1 exited", "stays-1 exited"]);
    project.run(&["up", "--exit-code-from", "stays"]).fails_with(143);
    let bad = "
services:
  good: {image: busybox, command: 'true'}
  bad: {image: busybox, command: [sh, -c, 'sleep 0.2; exit 111']}
  stays: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
";
    project.write("compose.yaml", bad);
    project.run(&["up", "--abort-on-container-failure"]).fails_with(111);
    project.run(&["up", "--exit-code-from", "bad", "bad", "stays"]).fails_with(111);
    project.run(&["up", "--exit-code-from", "nope"]).fails_with(1).says(&["no such service: nope"]);
}

#[test]
fn output_is_shown_of_those_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web: {image: busybox, command: echo of web, depends_on: [db]}
  db: {image: busybox, command: echo of db}
  mute: {image: busybox, command: echo of mute, attach: false}
";
    let project = Project::new(&lighter, compose);
    let shown = |arguments: &[&str]| {
        let outcome =
            project.run(&[&["up", "--no-color", "--force-recreate"], arguments].concat()).succeeds();
        let mut names: Vec<_> = outcome
            .stdout
            .lines()
            .filter_map(|line| line.split_once("| of "))
            .map(|(_, name)| name.to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(shown(&[]), ["db", "web"]);
    assert_eq!(shown(&["web"]), ["web"]);
    assert_eq!(shown(&["--attach-dependencies", "web"]), ["db", "web"]);
    assert_eq!(shown(&["--attach", "db"]), ["db"]);
    assert_eq!(shown(&["--no-attach", "db"]), ["web"]);
    let times =
        project.run(&["up", "--timestamps", "--no-log-prefix", "--force-recreate", "db"]).succeeds().stdout;
    assert!(times.lines().any(|line| line.starts_with("20") && line.ends_with("Z of db")), "{times}");
    project
        .run(&["up", "--attach", "nope"])
        .fails_with(1)
        .says(&["cannot attach to services not included in up: nope"]);
}

#[test]
fn the_streams_are_kept_apart() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {image: busybox, command: [sh, -c, 'echo out; echo err >&2']}}";
    let project = Project::new(&lighter, compose);
    let outcome = project.run(&["up", "--no-log-prefix"]).succeeds();
    assert!(outcome.stdout.contains("out\n") && !outcome.stdout.contains("err\n"), "{outcome:?}");
    assert!(outcome.stderr.contains("err\n"), "{outcome:?}");
}

#[test]
fn a_one_off_triggers_no_abort() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {image: busybox, command: sleep 0.7, init: true}}");
    let mut command = project.command(&["up", "--abort-on-container-exit"]);
    let mut up = command.stdout(std::process::Stdio::null()).spawn().expect("lighter starts");
    scenarios::wait_until("it runs", || !project.run(&["ps", "-q"]).stdout.is_empty());
    project.run(&["run", "--rm", "web", "sh", "-c", "exit 9"]).fails_with(9);
    assert_eq!(up.wait().expect("lighter ends").code(), Some(0));
}

#[test]
fn unused_resources_are_made_only_on_request() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services: {web: {image: busybox, command: 'true'}}
volumes: {unused: {}}
networks: {idle: {}}
";
    let project = Project::new(&lighter, compose);
    project.up();
    let listed = |kind: &str| lighter.run([kind, "ls"]).succeeds().stdout;
    assert!(!listed("volume").contains("unused") && !listed("network").contains("idle"));
    project.run(&["--all-resources", "up", "-d"]).succeeds();
    assert!(listed("volume").contains("unused") && listed("network").contains("idle"));
    project.run(&["down", "-v"]).succeeds();
}

#[test]
fn progress_is_json_where_asked_for_and_never_coloured_without_a_terminal() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    let outcome = project.run(&["--progress", "json", "up", "-d"]).succeeds();
    let events: Vec<serde_json::Value> =
        outcome.stderr.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let last = events.iter().rfind(|event| event["id"] == format!("Container {}-web-1", project.name()));
    assert_eq!(
        last.map(|event| (event["status"].as_str(), event["text"].as_str())),
        Some((Some("Done"), Some("Started")))
    );
    let failed = project.run(&["--progress", "json", "up", "-d", "nope"]).fails_with(1);
    let error: serde_json::Value = serde_json::from_str(failed.stderr.trim()).expect("JSON");
    assert_eq!((&error["error"], &error["message"]), (&true.into(), &"no such service: nope".into()));
    assert!(!project.run(&["restart"]).succeeds().stderr.contains('\x1b'));
}

#[test]
fn a_container_that_starts_again_is_shown_each_time() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose =
        "services: {web: {image: busybox, command: [sh, -c, 'echo run; exit 3'], restart: 'on-failure:2'}}";
    let project = Project::new(&lighter, compose);
    let outcome = project.run(&["up", "--no-color"]);
    assert_eq!(outcome.stdout.matches("| run\n").count(), 3, "{outcome:#?}");
    let told = format!("{}{}", outcome.stdout, outcome.stderr).matches("exited with code 3").count();
    assert_eq!(told, 3, "{outcome:#?}");
}

#[test]
fn last_words_are_shown_while_everything_stops_after_its_hooks() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  stays:
    image: busybox
    command: [sh, -c, \"trap 'echo goodbye; exit' TERM; touch /ready; while :; do sleep 0.02; done\"]
    pre_stop: [{command: [sh, -c, 'echo of the hook > /proc/1/fd/1; echo heard; echo twice >&2']}]
    healthcheck: {test: 'until test -e /ready; do :; done', interval: 50ms}
  ends: {image: busybox, command: 'true', depends_on: {stays: {condition: service_healthy}}}
";
    let project = Project::new(&lighter, compose);
    let outcome = project.run(&["up", "--no-color", "--abort-on-container-exit"]).succeeds();
    let of_stays: Vec<_> =
        outcome.stdout.lines().filter_map(|line| line.strip_prefix("stays-1  | ")).collect();
    assert_eq!(of_stays, ["of the hook", "goodbye"], "{outcome:#?}");
    let hook = format!("{}-stays-1 pre_stop | ", project.name());
    outcome.says(&["Running hook", &format!("{hook}heard\n"), &format!("{hook}twice\n"), "Stopped"]);
}

#[test]
fn following_dependencies_too_ends_with_the_service_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  db: {image: busybox, command: [sh, -c, 'echo of the db; exec sleep 1000000'], init: true, stop_grace_period: 0s}
  app: {image: busybox, command: echo of the app, depends_on: [db]}
";
    let project = Project::new(&lighter, compose);
    let flags = ["up", "--no-color", "--attach-dependencies", "--abort-on-container-exit", "app"];
    let outcome = project.run(&flags).succeeds();
    for line in ["db-1   | of the db", "app-1  | of the app"] {
        assert!(outcome.stdout.contains(line), "no {line:?} in {outcome:#?}");
    }
}

#[test]
fn a_range_that_is_exposed_and_a_bind_that_stays_change_nothing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    stop_grace_period: 0s
    expose: ['9091-9092']
    volumes: ['./data:/data', 'of_the_host:/bound']
volumes: {of_the_host: {driver_opts: {type: none, o: bind, device: $PWD/data}}}
";
    let project = Project::new(&lighter, compose);
    project.write("data/file", "of the host\n");
    let project = {
        let folder = project.folder().path().display().to_string();
        project.env("PWD", folder)
    };
    project.up();
    let before = project.container("web");
    assert_eq!(project.shell("web", "cat /data/file /bound/file"), "of the host\nof the host\n");
    project.up();
    assert_eq!(project.container("web"), before);
    let format = "{{json .Config.ExposedPorts}}";
    let ports = lighter.run(["inspect", "-f", format, &before.id]).succeeds().stdout;
    assert_eq!(ports, "{\"9091/tcp\":{},\"9092/tcp\":{}}\n");
}
