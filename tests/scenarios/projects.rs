//! The examples that fetch packages: each is built twice, the second time without doing anything, and
//! answers. They need larger base images and package registries: `cargo xtask test --projects`.

use scenarios::http::page;
use scenarios::{Lighter, Project, host, require, wait_until};
use std::fs;
use std::path::Path;

/// Builds a copy of an example twice, starts it, and returns its page.
fn served(example: &str, files: &[&str]) -> String {
    let lighter = Lighter::with_store();
    let (_project, port) = started(&lighter, example, files);
    page(port)
}

/// Builds a copy of an example twice and starts it.
fn started<'a>(lighter: &'a Lighter, example: &str, files: &[&str]) -> (Project<'a>, u16) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(example);
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("the example is complete");
    let port = host::free_port();
    let project = Project::new(lighter, &read("compose.yaml")).env("WEB_PORT", port);
    for name in files {
        project.write(name, read(name));
    }
    let build = |flags: &[&str]| {
        let words: Vec<&str> = ["build", "--progress", "plain"].iter().chain(flags).copied().collect();
        project.run(&words).succeeds().stderr
    };
    build(&["--no-cache"]);
    let again = build(&[]);
    assert!(again.contains(" CACHED"), "{again}");
    assert!(!again.contains(" DONE "), "a step was done again:\n{again}");
    project.run(&["up", "-d"]).succeeds();
    (project, port)
}

#[test]
#[ignore = "fetches packages: cargo xtask test --projects"]
fn flask_tutorial_is_cached_and_counts() {
    require!(Root, Seeds, Store);
    let text = served("flask-redis", &["docker/Dockerfile.dev", "docker/app.py", "docker/requirements.txt"]);
    assert!(text.contains("I have been seen 1 times"), "{text}");
}

#[test]
#[ignore = "fetches packages: cargo xtask test --projects"]
fn go_service_runs_from_scratch() {
    require!(Root, Seeds, Store);
    let text = served("go-scratch", &["Dockerfile", "go.mod", "main.go"]);
    assert_eq!(text, "Hello from an image of one file\n");
}

#[test]
#[ignore = "fetches packages: cargo xtask test --projects"]
fn page_built_by_node_is_served_by_nginx() {
    require!(Root, Seeds, Store);
    let lighter = Lighter::with_store();
    let files = ["Dockerfile", "package.json", "build.mjs", "page.md", "style.css"];
    let (project, port) = started(&lighter, "node-nginx", &files);
    let text = page(port);
    assert!(text.contains("<h1>Built by Node, served by nginx</h1>"), "{text}");
    let first = project.container("site").id;
    project.run(&["watch", "-d"]).succeeds();
    project.write("style.css", "h1 { color: navy; }\n");
    let style = || project.shell("site", "cat /usr/share/nginx/html/style.css");
    wait_until("the style is there", || style().contains("navy"));
    assert_eq!(project.container("site").id, first);
    project.write("page.md", "# Saved again\n");
    wait_until("the page is built anew", || page(port).contains("<h1>Saved again</h1>"));
}

#[test]
#[ignore = "fetches packages: cargo xtask test --projects"]
fn image_of_many_packages_is_cached() {
    require!(Root, Seeds, Store);
    let text = served("apt-heavy", &["Dockerfile", "graph.dot"]);
    assert!(text.contains("<svg"), "{text}");
}
