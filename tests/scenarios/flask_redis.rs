//! The tutorial stack of `examples/flask-redis`: a page that counts its visitors.

use scenarios::http::page;
use scenarios::{Lighter, Project, host, require, wait_until};
use std::fs;
use std::path::Path;

/// A copy of the example, up and running.
struct Stack<'a> {
    project: Project<'a>,
    port: u16,
}

impl<'a> Stack<'a> {
    fn up(lighter: &'a Lighter) -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/flask-redis");
        let read = |name: &str| fs::read_to_string(example.join(name)).expect("the example is complete");
        let port = host::free_port();
        let project = Project::new(lighter, &read("compose.yaml")).env("WEB_PORT", port);
        for name in ["docker/Dockerfile.dev", "docker/requirements.txt", "docker/app.py"] {
            project.write(name, read(name));
        }
        project.run(&["up", "-d", "--build"]).succeeds();
        Self { project, port }
    }

    /// The number of visits the page tells, and its own name for its container.
    fn visit(&self) -> (u32, String) {
        let text = page(self.port);
        let rest = text.strip_prefix("Hello Container World! I have been seen ");
        let (count, rest) = rest.and_then(|rest| rest.split_once(" times and my hostname is ")).expect(&text);
        (count.parse().expect(&text), rest.trim_end().trim_end_matches('.').to_owned())
    }
}

#[test]
fn page_counts_its_visitors_and_tells_its_container() {
    require!(Root, Seeds, Store);
    let lighter = Lighter::with_store();
    let stack = Stack::up(&lighter);
    let (first, hostname) = stack.visit();
    let (second, _) = stack.visit();
    assert_eq!((first, second), (1, 2));
    assert_eq!(hostname, stack.project.container("flask-demo").id[..12]);
}

#[test]
fn second_up_changes_nothing_and_says_so() {
    require!(Root, Seeds, Store);
    let lighter = Lighter::with_store();
    let stack = Stack::up(&lighter);
    let containers = || ["flask-demo", "redis-server"].map(|service| stack.project.container(service));
    let before = containers();
    let outcome = stack.project.run(&["up", "-d", "--build"]).succeeds();
    assert_eq!(before, containers());
    assert!(!outcome.stderr.contains("Recreate"), "{}", outcome.stderr);
    outcome.says(&["flask-demo-1", "redis-server-1", "Running"]);
}

#[test]
fn edited_source_is_rebuilt_and_only_its_service_recreated() {
    require!(Root, Seeds, Store);
    let lighter = Lighter::with_store();
    let stack = Stack::up(&lighter);
    let (seen, _) = stack.visit();
    let before = ["flask-demo", "redis-server"].map(|service| stack.project.container(service));
    let source = stack.project.folder().path().join("docker/app.py");
    let text = fs::read_to_string(&source).expect("the source is there");
    let edited = text.replace("Hello Container World!", "Hello Container World! Edited.");
    stack.project.write("docker/app.py", edited);
    stack.project.run(&["up", "-d", "--build"]).succeeds();
    let after = ["flask-demo", "redis-server"].map(|service| stack.project.container(service));
    assert_ne!(before[0].id, after[0].id, "flask-demo was not recreated");
    assert_eq!(before[1], after[1], "redis-server was touched");
    let text = page(stack.port);
    let expected = format!("Hello Container World! Edited. I have been seen {} times", seen + 1);
    assert!(text.starts_with(&expected), "{text}");
}

#[test]
fn count_survives_down_but_not_down_with_volumes() {
    require!(Root, Seeds, Store);
    let lighter = Lighter::with_store();
    let stack = Stack::up(&lighter);
    assert_eq!(stack.visit().0, 1);
    stack.project.run(&["down"]).succeeds();
    stack.project.up();
    assert_eq!(stack.visit().0, 2);
    stack.project.run(&["down", "-v"]).succeeds();
    stack.project.up();
    assert_eq!(stack.visit().0, 1);
}

#[test]
fn saved_source_is_served_by_the_same_container_and_saved_requirements_by_a_new_one() {
    require!(Root, Seeds, Store);
    let lighter = Lighter::with_store();
    let stack = Stack::up(&lighter);
    let project = &stack.project;
    stack.visit();
    project.run(&["watch", "-d"]).succeeds();
    let before = project.container("flask-demo").id;
    let source = project.folder().path().join("docker/app.py");
    let text = fs::read_to_string(&source).expect("the source is there");
    project.write("docker/app.py", text.replace("Hello Container World!", "Hello again!"));
    wait_until("flask serves what was saved", || page(stack.port).starts_with("Hello again!"));
    assert_eq!(project.container("flask-demo").id, before);

    project.write("docker/requirements.txt", "flask\nredis\n# Saved again.\n");
    let is_new = || project.find_container("flask-demo").is_some_and(|new| new.id != before);
    wait_until("the container is replaced", is_new);
    // The build took the source from the folder, where it had been saved before.
    assert!(page(stack.port).starts_with("Hello again!"));
}
