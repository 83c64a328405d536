//! Parser directives: `# key=value` comments at the top of the file.
//!
//! `escape` chooses the continuation character, `check` which build checks are told of. `syntax` names a
//! frontend; it is read and changes nothing, since this builder has its one language built in.

use super::Diagnostic;
use super::source::{Source, Span};

/// The directives of one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directives {
    /// The character that continues lines and protects others: `\` or a backtick.
    pub(super) escape: char,
    /// Which checks are not told of.
    pub(super) checks: Checks,
    /// How many lines they take.
    pub(super) lines: usize,
}

/// Checks that are made only if they are asked for.
const EXPERIMENTAL: [&str; 1] = ["InvalidDefinitionDescription"];

/// `# check=skip=Rule,Rule;experimental=Rule;error=true`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Checks {
    skipped: Vec<String>,
    experimental: Vec<String>,
    /// Whether what they find ends the build.
    pub(super) are_errors: bool,
}

impl Checks {
    pub(super) fn parse(text: &str) -> Self {
        let field = |name: &str| {
            let mut fields = text.split(';').filter_map(|field| field.split_once('='));
            fields
                .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
                .map_or("", |(_, value)| value.trim())
        };
        let rules = |name| {
            let rules = field(name).split(',').map(|rule| rule.trim().to_ascii_lowercase());
            rules.filter(|rule| !rule.is_empty()).collect()
        };
        Self {
            skipped: rules("skip"),
            experimental: rules("experimental"),
            are_errors: field("error").eq_ignore_ascii_case("true"),
        }
    }

    /// Whether the check of this name is not told of.
    pub(super) fn skips(&self, rule: &str) -> bool {
        let has =
            |rules: &[String]| rules.iter().any(|known| known == "all" || known.eq_ignore_ascii_case(rule));
        has(&self.skipped) || (EXPERIMENTAL.contains(&rule) && !has(&self.experimental))
    }
}

/// Reads directives up to the first line that is none.
pub(super) fn directives(source: &Source) -> Result<Directives, Diagnostic> {
    let mut escape = None;
    let mut checks = Checks::default();
    let mut seen = Vec::new();
    for (index, line) in source.lines().iter().enumerate() {
        let Some((key, value)) = directive(line) else { break };
        let whole = Span { line: index + 1, column: 1, width: line.chars().count() };
        if seen.contains(&key) {
            return Err(source.error(whole, format!("the directive `{key}` is given twice")));
        }
        match (key.as_str(), value) {
            ("escape", "\\") => escape = Some('\\'),
            ("escape", "`") => escape = Some('`'),
            ("escape", _) => {
                return Err(source.error(whole, "the escape character must be `\\` or a backtick"));
            }
            ("check", text) => checks = Checks::parse(text),
            ("syntax", _) => {}
            _ => break,
        }
        seen.push(key);
    }
    Ok(Directives { escape: escape.unwrap_or('\\'), checks, lines: seen.len() })
}

/// `# key = value` with a key of letters and digits, folded to lower case.
fn directive(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
    let key = key.trim();
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric());
    is_key.then(|| (key.to_ascii_lowercase(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escape(text: &str) -> Result<char, String> {
        directives(&Source::new("Dockerfile", text)).map(|found| found.escape).map_err(|error| error.message)
    }

    #[test]
    fn escape_is_read_only_above_everything_else() {
        assert_eq!(escape("# escape=`\nFROM a"), Ok('`'));
        assert_eq!(escape("# syntax=docker/dockerfile:1\n#ESCAPE = `\nFROM a"), Ok('`'));
        assert_eq!(escape("# a comment\n# escape=`\nFROM a"), Ok('\\'));
        assert_eq!(escape("\n# escape=`\nFROM a"), Ok('\\'));
    }

    #[test]
    fn a_wrong_or_repeated_directive_is_refused() {
        assert!(escape("# escape=x").is_err());
        assert!(escape("# escape=`\n# escape=\\").is_err());
    }
}
