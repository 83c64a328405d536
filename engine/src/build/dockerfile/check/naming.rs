//! Names and cases: of instructions, stages and bases.

use super::{Found, first_word, variables};
use crate::build::dockerfile::Stage;

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

/// Instructions are all in capitals, or all in small letters.
pub(super) fn casing(found: &mut Found<'_>) {
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

pub(super) fn name(found: &mut Found<'_>, index: usize, stage: &Stage) {
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

pub(super) fn base(found: &mut Found<'_>, stage: &Stage) {
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
