//! What a build takes over from earlier ones, here and elsewhere.

use super::file_of_image;
use scenarios::{Lighter, Project, RegistryServer, require};

/// Two stages, each with a value that is another one each time its step is run.
const DOCKERFILE: &str = "
FROM busybox AS first
RUN cat /proc/sys/kernel/random/uuid > /made
FROM busybox AS second
COPY --from=first /made /first
RUN cat /proc/sys/kernel/random/uuid > /second
";

/// A service `web` built from [`DOCKERFILE`], with `keys` in its section.
fn compose(keys: &str) -> String {
    format!("services: {{web: {{image: 'built:1', build: {{context: ., {keys}}}}}}}")
}

/// Builds with `keys` in the section, and returns what the two stages made.
#[track_caller]
fn made(project: &Project, keys: &str) -> (String, String) {
    project.write("compose.yaml", compose(keys));
    project.write("Dockerfile", DOCKERFILE);
    project.run(&["build"]).succeeds();
    (file_of_image(project, "/first"), file_of_image(project, "/second"))
}

#[test]
fn steps_are_run_again_where_the_section_says_so() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &compose(""));
    let (first, second) = made(&project, "no_cache: false");
    assert_eq!(made(&project, "pull: false"), (first.clone(), second.clone()));
    let filtered = made(&project, "no_cache_filter: [second]");
    assert_eq!(filtered.0, first, "a stage that was not named was built again");
    assert_ne!(filtered.1, second, "a stage that was named was not built again");
    let anew = made(&project, "no_cache: true");
    assert_ne!(anew.0, first);
    assert_ne!(anew.1, filtered.1);
}

#[test]
fn results_travel_through_a_registry_and_a_folder() {
    require!(Root, Seeds, Registry);
    let registry = RegistryServer::plain();
    let name = format!("{}/cache:1", registry.address());
    let source = Lighter::new();
    let sender = Project::new(&source, &compose(""));
    let folder = sender.folder().path().join("cache").display().to_string();
    let places =
        format!("cache_to: ['type=registry,ref={name},mode=max', 'type=local,dest={folder},mode=max']");
    let sent = made(&sender, &places);
    for place in [format!("type=registry,ref={name}"), name, format!("type=local,src={folder}")] {
        let target = Lighter::new();
        let receiver = Project::new(&target, &compose(""));
        assert_eq!(made(&receiver, &format!("cache_from: ['{place}']")), sent, "{place}");
    }
}

#[test]
fn base_image_is_fetched_anew_if_asked_for() {
    require!(Root, Seeds, Registry);
    let registry = RegistryServer::plain();
    let name = format!("{}/base:1", registry.address());
    let (elsewhere, lighter) = (Lighter::new(), Lighter::new());
    let publisher = Project::new(&elsewhere, &format!("services: {{web: {{image: '{name}', build: .}}}}"));
    let publish = |text: &str| {
        publisher.write("Dockerfile", format!("FROM busybox\nRUN echo {text} > /version\n"));
        publisher.run(&["build"]).succeeds();
        publisher.run(&["push"]).succeeds();
    };
    let project = Project::new(&lighter, &compose(""));
    project.write("Dockerfile", format!("FROM {name}\n"));
    let version = |pull: bool| {
        project.write("compose.yaml", compose(&format!("pull: {pull}")));
        project.run(&["build"]).succeeds();
        file_of_image(&project, "/version")
    };
    publish("old");
    assert_eq!(version(false), "old\n");
    publish("new");
    assert_eq!(version(false), "old\n");
    assert_eq!(version(true), "new\n");
}

/// A context that is large enough for a small change of it to be a small layer, with `secret` among it.
fn large_context(project: &Project) {
    for number in 0..300 {
        project.write(&format!("src/{number}"), "old");
    }
    project.write("src/secret", "do not tell");
    project.write("Dockerfile", "FROM busybox\nCOPY src /src\n");
}

#[test]
fn small_change_of_a_large_copy_is_a_small_layer_that_stays_here() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &compose(""));
    large_context(&project);
    project.run(&["build"]).succeeds();
    project.write("src/7", "new");
    std::fs::remove_file(project.folder().path().join("src/secret")).expect("removed");
    project.run(&["build"]).succeeds();
    assert_eq!(file_of_image(&project, "/src/7"), "new");
    let listed = project.run(&["container", "run", "--rm", "built:1", "ls", "/src"]).succeeds();
    assert!(!listed.stdout.contains("secret"));
    assert_eq!(listed.stdout.lines().count(), 300);
    let history = project.run(&["image", "history", "--no-trunc", "built:1"]).succeeds();
    assert!(history.stdout.contains("what changed in the layer below"), "{}", history.stdout);

    let saved = project.folder().path().join("saved.tar");
    project.run(&["image", "save", "-o", &saved.display().to_string(), "built:1"]).succeeds();
    let bytes = std::fs::read(&saved).expect("read");
    assert!(!bytes.windows(11).any(|text| text == b"do not tell"), "what was removed left this machine");
    let elsewhere = Lighter::new();
    elsewhere.run(["image", "load", "-i", &saved.display().to_string()]).succeeds();
    let there = elsewhere.run(["container", "run", "--rm", "built:1", "cat", "/src/7"]).succeeds();
    assert_eq!(there.stdout, "new");
}
