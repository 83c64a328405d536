//! Instructions one by one.

use super::{Found, first_word};
use crate::build::dockerfile::instruction::{Argument, Command, Instruction, Step};
use crate::build::dockerfile::{Located, Span, Stage};

/// Words in the names of variables that hold secrets.
const SECRET_WORDS: [&str; 9] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret"];
pub(super) fn steps(found: &mut Found<'_>, stage: &Stage) {
    let mut has_shell = false;
    let mut has_folder = false;
    for (index, step) in stage.steps.iter().enumerate() {
        repeated(found, stage, index);
        match &step.instruction {
            Instruction::Shell(_) => has_shell = true,
            Instruction::Cmd(Command::Shell(_)) | Instruction::Entrypoint(Command::Shell(_))
                if !has_shell =>
            {
                let name = first_word(&step.text).to_ascii_uppercase();
                let message = format!(
                    "signals do not reach the program of a shell-form {name}: write it as a JSON array"
                );
                found.add("JSONArgsRecommended", step.span, message);
            }
            Instruction::Maintainer(_) => {
                found.add(
                    "MaintainerDeprecated",
                    step.span,
                    "MAINTAINER is deprecated: write a label instead",
                );
            }
            Instruction::Workdir(path) => {
                let is_absolute = path.value.starts_with(['/', '$', '"']);
                if !is_absolute && !has_folder {
                    let message =
                        "a relative working folder depends on the base image: write an absolute one";
                    found.add("WorkdirRelativePath", path.span, message);
                }
                has_folder = true;
            }
            Instruction::Env(pairs) => {
                legacy(found, step);
                pairs.iter().for_each(|(name, _)| secret(found, &name.value, name.span));
            }
            Instruction::Label(_) => legacy(found, step),
            Instruction::Arg(all) => arguments(found, all),
            Instruction::Expose(ports) => ports.iter().for_each(|port| expose(found, port)),
            _ => {}
        }
    }
}

/// Of these only the last in a stage counts.
fn repeated(found: &mut Found<'_>, stage: &Stage, index: usize) {
    let kind = |step: &Step| match step.instruction {
        Instruction::Cmd(_) => Some("CMD"),
        Instruction::Entrypoint(_) => Some("ENTRYPOINT"),
        Instruction::Healthcheck(_) => Some("HEALTHCHECK"),
        _ => None,
    };
    let step = &stage.steps[index];
    let Some(name) = kind(step) else { return };
    if stage.steps[index + 1..].iter().any(|later| kind(later) == Some(name)) {
        let message = format!("this {name} has no effect: a later one of the stage replaces it");
        found.add("MultipleInstructionsDisallowed", step.span, message);
    }
}

/// `ENV key value`.
fn legacy(found: &mut Found<'_>, step: &Step) {
    let mut words = step.text.split_whitespace();
    let (name, first) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if !first.contains('=') {
        let message = format!("`{name} key value` is an old form: write `{name} key=value`");
        found.add("LegacyKeyValueFormat", step.span, message);
    }
}

pub(super) fn arguments(found: &mut Found<'_>, arguments: &[Argument]) {
    arguments.iter().for_each(|argument| secret(found, &argument.name.value, argument.name.span));
}

/// A name that tells of a secret, whose value everybody who has the image can read.
fn secret(found: &mut Found<'_>, name: &str, span: Span) {
    let lower = name.to_ascii_lowercase();
    let mut words = lower.split(['_', '-']).peekable();
    let is_public = lower.split(['_', '-']).any(|word| word == "public");
    let tells = words.any(|word| word == "token" || SECRET_WORDS.contains(&word));
    if tells && !is_public {
        let message = format!(
            "`{name}` sounds like a secret, which an image shows to everybody: use `RUN --mount=type=secret`"
        );
        found.add("SecretsUsedInArgOrEnv", span, message);
    }
}

fn expose(found: &mut Found<'_>, port: &Located<String>) {
    let (number, protocol) = port.value.split_once('/').unwrap_or((&port.value, ""));
    if protocol != protocol.to_ascii_lowercase() {
        let message = format!("the protocol `{protocol}` should be in small letters");
        found.add("ExposeProtoCasing", port.span, message);
    }
    if number.contains(':') && !number.contains('$') {
        let message = format!("`{}` maps a port, which only running a container can do", port.value);
        found.add("ExposeInvalidFormat", port.span, message);
    }
}
