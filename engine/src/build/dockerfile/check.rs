//! What works but is hardly meant: Docker's build checks that a file alone can tell.
//!
//! Names are Docker's, so that `# check=skip=NAME` means here what it means there.

use super::directive::Checks;
use super::instruction::{Argument, Command, Instruction, Step};
use super::{Diagnostic, Dockerfile, Stage};

/// A check's name and what it found.
pub(crate) type Warning = (&'static str, Diagnostic);

/// Words in the names of variables that hold secrets.
const SECRET_WORDS: [&str; 9] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret"];
/// What the builder defines before the first FROM.
const AUTOMATIC: [&str; 11] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETSTAGE",
];

/// All that the checks in force find, in the order of the file.
pub(super) fn warnings(file: &Dockerfile, checks: &Checks) -> Vec<Warning> {
    let mut found = Found { file, warnings: Vec::new() };
    for line in &file.gaps {
        let span = super::Span { line: *line, column: 1, width: 1 };
        let message = "an empty line in a continued instruction will be an error one day";
        found.warnings.push(("NoEmptyContinuation", file.source.error(span, message)));
    }
    casing(&mut found);
    arguments(&mut found, &file.arguments);
    for (index, stage) in file.stages.iter().enumerate() {
        name(&mut found, index, stage);
        base(&mut found, stage);
        steps(&mut found, stage);
    }
    found.warnings.retain(|(rule, _)| !checks.skips(rule));
    found.warnings.sort_by_key(|(_, diagnostic)| diagnostic.at.line);
    found.warnings
}

struct Found<'a> {
    file: &'a Dockerfile,
    warnings: Vec<Warning>,
}

impl Found<'_> {
    fn add(&mut self, rule: &'static str, span: super::Span, message: impl Into<String>) {
        self.warnings.push((rule, self.file.source.error(span, message)));
    }
}

/// Instructions are all in capitals, or all in small letters.
fn casing(found: &mut Found<'_>) {
    let file = found.file;
    let stages = file.stages.iter().map(|stage| (stage.text.as_str(), stage.span));
    let steps = file.stages.iter().flat_map(|stage| &stage.steps).map(|step| (step.text.as_str(), step.span));
    let names: Vec<_> = stages.chain(steps).map(|(text, span)| (first_word(text), span)).collect();
    let is_lower = |name: &str| !name.contains(|c: char| c.is_ascii_uppercase());
    let is_upper = |name: &str| !name.contains(|c: char| c.is_ascii_lowercase());
    let lower = names.iter().filter(|(name, _)| is_lower(name)).count();
    let wants_lower = lower > names.len() / 2;
    for (name, span) in names {
        let is_odd = if wants_lower { !is_lower(name) } else { !is_upper(name) };
        if is_odd {
            let case = if wants_lower { "small letters" } else { "capitals" };
            found.add(
                "ConsistentInstructionCasing",
                span,
                format!("`{name}` is not in {case} as the others are"),
            );
        }
    }
}

fn name(found: &mut Found<'_>, index: usize, stage: &Stage) {
    let words: Vec<&str> = stage.text.split_whitespace().filter(|word| !word.starts_with("--")).collect();
    let [from, _, keyword, written] = words[..] else { return };
    let Some(name) = &stage.name else { return };
    if written != name {
        found.add(
            "StageNameCasing",
            stage.span,
            format!("the stage name `{written}` should be in small letters"),
        );
    }
    if (from == from.to_ascii_uppercase()) != (keyword == keyword.to_ascii_uppercase()) {
        found.add("FromAsCasing", stage.span, format!("`{from}` and `{keyword}` are not in the same case"));
    }
    if name == "context" {
        found.add("ReservedStageName", stage.span, "the stage name `context` is reserved");
    }
    if found.file.stages[..index].iter().any(|earlier| earlier.name.as_ref() == Some(name)) {
        let message = format!("the stage name `{name}` is used twice; the last one counts");
        found.add("DuplicateStageName", stage.span, message);
    }
}

fn base(found: &mut Found<'_>, stage: &Stage) {
    for variable in variables(&stage.base.value) {
        let is_known = found.file.arguments.iter().any(|argument| argument.name.value == variable);
        if !is_known && !AUTOMATIC.contains(&variable) {
            let message =
                format!("the base image uses the argument `{variable}`, which no ARG before it declares");
            found.add("UndefinedArgInFrom", stage.base.span, message);
        }
    }
    let Some(platform) = &stage.platform else { return };
    match platform.value.as_str() {
        "$TARGETPLATFORM" | "${TARGETPLATFORM}" => {
            found.add(
                "RedundantTargetPlatform",
                platform.span,
                "a stage is built for $TARGETPLATFORM anyway",
            );
        }
        text if !text.contains('$') => {
            let message = "a constant platform keeps the file from being built for others";
            found.add("FromPlatformFlagConstDisallowed", platform.span, message);
        }
        _ => {}
    }
}

fn steps(found: &mut Found<'_>, stage: &Stage) {
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

fn arguments(found: &mut Found<'_>, arguments: &[Argument]) {
    arguments.iter().for_each(|argument| secret(found, &argument.name.value, argument.name.span));
}

/// A name that tells of a secret, whose value everybody who has the image can read.
fn secret(found: &mut Found<'_>, name: &str, span: super::Span) {
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

fn expose(found: &mut Found<'_>, port: &super::Located<String>) {
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

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// The names of the variables in `text` that have no default there.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let has_default = rest[end..].starts_with([':', '-', '+', '?']);
        (end > 0 && !has_default).then(|| &rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use crate::build::dockerfile::{Source, parse};

    /// The checks that find something, each with its line.
    fn found(text: &str) -> Vec<(&'static str, usize)> {
        let file = parse(Source::new("Dockerfile", text)).expect(text);
        file.warnings().into_iter().map(|(rule, diagnostic)| (rule, diagnostic.at.line)).collect()
    }

    #[test]
    fn every_check_finds_its_mistake() {
        for (rule, line, text) in [
            ("StageNameCasing", 1, "FROM a AS Base"),
            ("FromAsCasing", 1, "FROM a as base"),
            ("NoEmptyContinuation", 3, "FROM a\nRUN x \\\n\n  y"),
            ("ConsistentInstructionCasing", 3, "FROM a\nRUN x\nrun y"),
            ("DuplicateStageName", 2, "FROM a AS b\nFROM a AS b"),
            ("ReservedStageName", 1, "FROM a AS context"),
            ("JSONArgsRecommended", 2, "FROM a\nCMD run me"),
            ("MaintainerDeprecated", 2, "FROM a\nMAINTAINER me"),
            ("UndefinedArgInFrom", 1, "FROM a:$tag"),
            ("WorkdirRelativePath", 2, "FROM a\nWORKDIR app"),
            ("MultipleInstructionsDisallowed", 2, "FROM a\nCMD [\"a\"]\nCMD [\"b\"]"),
            ("LegacyKeyValueFormat", 2, "FROM a\nENV a b"),
            ("RedundantTargetPlatform", 1, "FROM --platform=$TARGETPLATFORM a"),
            ("FromPlatformFlagConstDisallowed", 1, "FROM --platform=linux/amd64 a"),
            ("SecretsUsedInArgOrEnv", 2, "FROM a\nARG API_TOKEN"),
            ("ExposeProtoCasing", 2, "FROM a\nEXPOSE 80/TCP"),
            ("ExposeInvalidFormat", 2, "FROM a\nEXPOSE 127.0.0.1:80:80"),
        ] {
            assert_eq!(found(text), [(rule, line)], "{text}");
        }
    }

    #[test]
    fn a_file_that_is_fine_is_left_alone() {
        let text = "ARG tag=1\nFROM a:$tag AS base\nARG PUBLIC_KEY\nWORKDIR /app\nENV a=b\nSHELL [\"sh\"]\nCMD run\nEXPOSE 80/tcp";
        assert_eq!(found(text), []);
        assert_eq!(found("from a as b\nrun x"), []);
        assert_eq!(found("FROM a:${tag:-1}"), []);
    }

    #[test]
    fn checks_can_be_skipped_in_the_file() {
        let text = "FROM a AS Base\nMAINTAINER me";
        assert_eq!(found(&format!("# check=skip=StageNameCasing\n{text}")), [("MaintainerDeprecated", 3)]);
        assert_eq!(found(&format!("# check=skip=all\n{text}")), []);
        assert_eq!(
            found(&format!("# check=error=true;skip=StageNameCasing,MaintainerDeprecated\n{text}")),
            []
        );
    }

    #[test]
    fn a_check_shows_the_line_with_a_caret() {
        let file = parse(Source::new("Dockerfile", "FROM a\nENV DB_PASSWORD=x")).expect("valid");
        let text = file.warnings()[0].1.to_string();
        assert!(
            text.starts_with("Dockerfile:2:5: `DB_PASSWORD`") && text.ends_with("    ^^^^^^^^^^^"),
            "{text}"
        );
    }
}
