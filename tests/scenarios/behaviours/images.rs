//! `pull`, `build`, `down --rmi`.

use scenarios::{Lighter, Project, require};

const BUILT: &str = "
services:
  own: {build: {context: ., dockerfile_inline: \"FROM busybox\\nCMD echo built\\n\"}}
  named: {image: 'mine:1', build: {context: ., dockerfile_inline: \"FROM busybox\\n\", tags: ['mine:also']}}
";

#[test]
fn pull_fetches_always_and_goes_on_if_asked_to() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {image: busybox}, bad: {image: 'no-such-image-anywhere:1'}}";
    let project = Project::new(&lighter, compose);
    project.run(&["pull", "web"]).succeeds().says(&["Pulled"]);
    project.run(&["pull", "web"]).succeeds().says(&["Pulled"]);
    assert_eq!(project.run(&["pull", "-q", "web"]).succeeds().stderr, "");
    assert!(!project.run(&["pull", "--policy", "missing", "web"]).succeeds().stderr.contains("Pulled"));
    project.run(&["pull"]).fails_with(1).says(&["no-such-image-anywhere"]);
    project.run(&["pull", "--ignore-pull-failures"]).succeeds();
}

#[test]
fn an_image_is_fetched_again_when_its_policy_says_so() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let with = |policy: &str| {
        format!("services: {{web: {{image: busybox, command: 'true', pull_policy: {policy}}}}}")
    };
    let project = Project::new(&lighter, &with("weekly"));
    project.up();
    assert!(!project.up().stderr.contains("Pulled"));
    project.write("compose.yaml", with("every_0s"));
    project.up().says(&["Pulled"]);
    project.write("compose.yaml", with("every_2x"));
    project.run(&["up", "-d"]).fails_with(1).says(&["every_2x"]);
}

#[test]
fn down_removes_images_on_request() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, BUILT);
    project.run(&["build"]).succeeds();
    let has = |name: &str| {
        let listed = lighter.run(["image", "ls"]).succeeds().stdout;
        let mut rows = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.any(|row| name.split_once(':') == Some((row[0], row[1])))
    };
    let own = format!("{}-own:latest", project.name());
    assert!(has(&own) && has("mine:1") && has("mine:also"));
    project.run(&["down", "--rmi", "local"]).succeeds().says(&["Removed"]);
    assert!(!has(&own) && has("mine:1"));
    project.run(&["down", "--rmi", "all"]).succeeds();
    assert!(!has("mine:1"));
}

#[test]
fn up_builds_once_and_again_only_when_asked() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, BUILT);
    assert!(project.run(&["up", "-d"]).succeeds().stderr.contains("Built"));
    assert!(!project.run(&["up", "-d"]).succeeds().stderr.contains("Built"));
    assert!(project.run(&["up", "-d", "--build"]).succeeds().stderr.contains("Built"));
    assert_eq!(project.run(&["build", "-q"]).succeeds().stdout, "");
}

#[test]
fn run_builds_each_image_once() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  app: {build: {context: ., dockerfile_inline: \"FROM busybox\\nCMD echo app\\n\"}, depends_on: [db]}
  db: {build: {context: ., dockerfile_inline: \"FROM busybox\\nCMD sleep 1000000\\n\"}, init: true}
";
    let project = Project::new(&lighter, compose);
    let outcome = project.run(&["run", "--rm", "--build", "app"]).succeeds();
    assert_eq!(
        (outcome.stdout.as_str(), outcome.stderr.matches("  Built").count()),
        ("app\n", 2),
        "{outcome:?}"
    );
    let outcome = project.run(&["run", "--rm", "--build", "--no-deps", "app"]).succeeds();
    assert_eq!(outcome.stderr.matches("  Built").count(), 1, "{outcome:?}");
}

#[test]
fn nothing_to_build_is_a_warning() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {image: busybox}}");
    project.run(&["build"]).succeeds().says(&["no services to build"]);
}

#[test]
fn a_dry_run_needs_no_image_and_creating_again_changes_nothing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  one: {image: busybox, platform: linux/amd64}
  two: {image: busybox}
  far: {image: 'no-such-image-anywhere:1', profiles: [far]}
";
    let project = Project::new(&lighter, compose);
    project.run(&["--profile", "far", "--dry-run", "up", "-d"]).succeeds();
    project.run(&["create"]).succeeds();
    let ids = || project.run(&["ps", "-aq"]).succeeds().stdout;
    let before = ids();
    project.run(&["create"]).succeeds();
    assert_eq!(ids(), before);
    assert_eq!(before.lines().count(), 2);
}

#[test]
fn an_explicit_pull_fetches_whatever_the_policy_says_and_nothing_to_pull_is_said() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "services: {web: {image: busybox, pull_policy: weekly}, own: {build: .}}";
    let project = Project::new(&lighter, compose);
    project.run(&["pull", "web"]).succeeds().says(&["Pulled"]);
    project.run(&["pull", "web"]).succeeds().says(&["Pulled"]);
    let outcome = project.run(&["pull", "own"]).succeeds();
    assert!(!outcome.stderr.contains("Pulled"), "{outcome:#?}");
    outcome.says(&["own", "no image to pull"]);
    project.write("compose.yaml", "services: {web: {image: 'no-such-image-anywhere:1', build: .}}");
    project.run(&["pull", "--ignore-buildable"]).succeeds();
}

#[test]
fn who_mounts_an_image_is_made_anew_when_that_is_built_anew() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let with = |word: &str| {
        format!(
            r#"
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    stop_grace_period: 0s
    volumes: [{{type: image, source: assets, target: /assets}}]
  assets: {{image: assets, scale: 0, build: {{context: ., dockerfile_inline: "FROM busybox\nRUN echo {word} > /word\n"}}}}
"#
        )
    };
    let project = Project::new(&lighter, &with("one"));
    project.up();
    assert_eq!(project.shell("web", "cat /assets/word"), "one\n");
    let before = project.container("web").id;
    project.up();
    assert_eq!(project.container("web").id, before);
    project.write("compose.yaml", with("two"));
    project.run(&["up", "-d", "--build"]).succeeds();
    assert_eq!(project.shell("web", "cat /assets/word"), "two\n");
}
