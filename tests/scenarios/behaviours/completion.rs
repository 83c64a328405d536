//! What shells offer.

use super::PAIR;
use scenarios::{Lighter, Project, require};
use std::process::Command;

/// What fish is offered at the end of a line; without a shell of its own, as its script would ask.
fn offered(project: &Project<'_>, words: &[&str]) -> Vec<String> {
    let mut command = project.command(&[]);
    command.env("LIGHTER_COMPLETE", "fish").args(["--", "lighter"]).args(words);
    let output = command.output().expect("lighter starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn services_profiles_commands_and_flags_are_offered() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "services: {web: {image: busybox, profiles: [dev, debug]}, worker: {image: busybox, env_file: missing.env}}",
    );
    assert_eq!(offered(&project, &["logs", "w"]), ["web", "worker"]);
    assert_eq!(offered(&project, &["--profile", "de"]), ["debug", "dev"]);
    assert_eq!(offered(&project, &["scale", "web"]), ["web="]);
    assert!(offered(&project, &["unp"]).contains(&"unpause".to_owned()));
    assert!(offered(&project, &["up", "--force"]).contains(&"--force-recreate".to_owned()));
    project.write("other.yaml", "services: {queue: {image: busybox}}");
    assert_eq!(offered(&project, &["-f", "other.yaml", "exec", ""])[0], "queue");
}

#[test]
fn bash_completes_with_the_script_that_is_printed() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, PAIR);
    let script = format!(
        "eval \"$({} completion bash)\"; COMP_WORDS=(lighter stop d); COMP_CWORD=2; COMP_TYPE=9; \
         _clap_complete_lighter lighter d stop; echo \"${{COMPREPLY[*]}}\"",
        lighter.binary().display()
    );
    let output = Command::new("bash").args(["-c", &script]).current_dir(project.folder().path()).output();
    let output = output.expect("bash starts");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "db\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_shell_has_a_script() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    for (shell, mark) in [("bash", "complete -o"), ("zsh", "#compdef lighter"), ("fish", "complete ")] {
        let script = lighter.run(["completion", shell]).succeeds().stdout;
        assert!(script.contains(mark) && script.contains("LIGHTER_COMPLETE"), "{script}");
    }
    lighter.run(["completion", "tcsh"]).fails_with(1);
}
