//! What works but is hardly meant: Docker's build checks that a file alone can tell.
//!
//! Names are Docker's, so that `# check=skip=NAME` means here what it means there. Checks that need the
//! context or the base images are in [`crate::build::lint`].

mod description;
mod naming;
mod steps;

use super::directive::Checks;
use super::{Diagnostic, Dockerfile};

/// A check's name and what it found.
pub(crate) type Warning = (&'static str, Diagnostic);

/// All that the checks find in the file alone, in its order.
pub(super) fn warnings(file: &Dockerfile) -> Vec<Warning> {
    let mut found = Found { file, warnings: Vec::new() };
    for line in &file.gaps {
        let span = super::Span { line: *line, column: 1, width: 1 };
        found.add(
            "NoEmptyContinuation",
            span,
            "an empty line in a continued instruction will be an error one day",
        );
    }
    naming::casing(&mut found);
    steps::arguments(&mut found, &file.arguments);
    for (index, stage) in file.stages.iter().enumerate() {
        naming::name(&mut found, index, stage);
        naming::base(&mut found, stage);
        steps::steps(&mut found, stage);
    }
    description::descriptions(&mut found);
    found.warnings
}

/// Of `warnings` those that the file, or who builds it (`BUILDKIT_DOCKERFILE_CHECK`), wants to hear, by line.
pub(super) fn in_force(file: &Dockerfile, given: Option<&str>, mut warnings: Vec<Warning>) -> Vec<Warning> {
    let checks = given.map(Checks::parse);
    let checks = checks.as_ref().unwrap_or(&file.checks);
    warnings.retain(|(rule, diagnostic)| {
        !checks.skips(rule) && !checks_above(file, diagnostic.at.line).is_some_and(|above| above.skips(rule))
    });
    warnings.sort_by_key(|(_, diagnostic)| diagnostic.at.line);
    warnings
}

/// Whether what the checks find ends the build.
pub(super) fn are_errors(file: &Dockerfile, given: Option<&str>) -> bool {
    given.map_or(file.checks.are_errors, |given| Checks::parse(given).are_errors)
}

/// `# check=…` in the comments right above the instruction that `line` is of.
fn checks_above(file: &Dockerfile, line: usize) -> Option<Checks> {
    let stages = file.stages.iter().map(|stage| stage.span.line);
    let steps = file.stages.iter().flat_map(|stage| &stage.steps).map(|step| step.span.line);
    let arguments = file.arguments.iter().map(|argument| argument.name.span.line);
    let start = stages.chain(steps).chain(arguments).filter(|start| *start <= line).max()?;
    file.comments_above(start)
        .find_map(|comment| comment.trim_start().strip_prefix("check="))
        .map(Checks::parse)
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

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// The names of the variables in `text` that have no default there.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = &str> {
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
        let warnings = file.in_force(None, file.warnings());
        warnings.into_iter().map(|(rule, diagnostic)| (rule, diagnostic.at.line)).collect()
    }

    #[test]
    fn every_check_finds_its_mistake() {
        for (rule, line, text) in [
            ("StageNameCasing", 1, "FROM a AS Base"),
            ("FromAsCasing", 1, "FROM a as base"),
            ("InvalidDefinitionDescription", 3, "# check=experimental=all\n# the tag\nARG tag\nFROM a"),
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
    fn a_description_begins_with_the_name_and_is_looked_at_only_if_asked_for() {
        assert_eq!(found("# the tag\nARG tag\nFROM a"), []);
        let asked = "# check=experimental=InvalidDefinitionDescription\n";
        assert_eq!(found(&format!("{asked}# tag to build\nARG tag\n# other\n\nFROM a AS b")), []);
        let expected = [("InvalidDefinitionDescription", 3)];
        assert_eq!(found(&format!("{asked}# other\nFROM a AS b")), expected);
    }

    #[test]
    fn a_check_can_be_skipped_for_one_instruction() {
        let text = "FROM a\nARG OTHER_TOKEN\n# check=skip=SecretsUsedInArgOrEnv\nARG \\\n  API_TOKEN";
        assert_eq!(found(text), [("SecretsUsedInArgOrEnv", 2)]);
    }

    #[test]
    fn who_builds_has_the_last_word() {
        let file = parse(Source::new("Dockerfile", "# check=skip=all;error=true\nFROM a\nMAINTAINER me"))
            .expect("valid");
        assert!(file.warnings_are_errors(None) && !file.warnings_are_errors(Some("skip=all")));
        assert_eq!(file.in_force(Some(""), file.warnings()).len(), 1);
        assert_eq!(file.in_force(None, file.warnings()).len(), 0);
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
