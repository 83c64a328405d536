//! The checklist of `tests/isolation.txt`: what a container may not do. What takes two to try, one inside
//! and one who starts or enters containers meanwhile, lies beside it.

mod entrance;
mod races;

use scenarios::{Lighter, Project, require};

const LIST: &str = include_str!("../../isolation.txt");
/// Has perl, which can make any system call.
const COMPOSE: &str = "services: {web: {image: 'debian:bookworm-slim', command: sleep 1000000}}";

/// The names and scripts of the list that this machine can run.
fn attempts() -> Vec<(&'static str, String)> {
    let lines = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parsed = lines.map(|line| line.split_once(" | ").expect("a name and a script"));
    let runs_here = |script: &str| cfg!(target_arch = "x86_64") || !script.starts_with("call ");
    parsed.filter(|(_, script)| runs_here(script)).map(|(name, script)| (name, expand(script))).collect()
}

/// A system call was refused if it failed with EPERM (1) or ENOSYS (38).
fn expand(script: &str) -> String {
    match script.strip_prefix("call ") {
        Some(number) => format!(
            "perl -e '$r = syscall({number}, 0, 0, 0, 0, 0); exit($r == -1 && ($! == 1 || $! == 38) ? 1 : 0)'"
        ),
        None => script.to_owned(),
    }
}

#[test]
fn nothing_on_the_list_is_let_through() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    let attempts = attempts();
    assert!(attempts.len() > 25, "the list has become short");
    let let_through: Vec<&str> = attempts
        .iter()
        .filter(|(_, script)| project.run(&["exec", "-T", "web", "sh", "-c", script]).code == Some(0))
        .map(|(name, _)| *name)
        .collect();
    assert!(let_through.is_empty(), "let through: {let_through:?}");
    // A list of nothing but failures would pass in a container that runs nothing.
    assert_eq!(project.shell("web", "perl -e 'exit(syscall(39) > 0 ? 0 : 1)' && echo getpid"), "getpid\n");
}
