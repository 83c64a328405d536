//! The list: one attribute per line, its state, and what shows it or why it is so.
//!
//! ```text
//! # Services
//! services.cap_add       works     attributes::capability::are_added_and_dropped
//! services.security_opt  works     attributes::security::a attributes::security::b | label: accepted only
//! services.label_file    parsed    accepted with a warning, not applied yet
//! services.cpu_count     absent    Windows containers only
//! services.attach        untested
//! ```

use anyhow::{Context as _, Result, bail};

/// The list's files, in the page's order.
pub(super) const FILES: [&str; 9] =
    ["project", "services", "build", "deploy", "develop", "networks", "volumes", "configs", "secrets"];

/// The attributes of one part of the specification.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) attributes: Vec<Attribute>,
}

/// One attribute.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    /// Its keys from the top of the file, without the names that users choose.
    pub(super) path: String,
    pub(super) state: State,
}

/// What becomes of an attribute.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It takes effect, and these tests see it.
    Works { tests: Vec<String>, note: Option<String> },
    /// It takes effect, but no test of its own sees it.
    Untested,
    /// It is read and passed over, for this reason.
    Parsed(String),
    /// It means nothing here or is refused, for this reason.
    Absent(String),
}

impl Section {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let title = lines.next().and_then(|line| line.strip_prefix("# ")).context("no `# TITLE`")?.to_owned();
        let attributes = lines.map(|line| Attribute::parse(line).with_context(|| format!("line `{line}`")));
        Ok(Self { title, attributes: attributes.collect::<Result<_>>()? })
    }
}

impl Attribute {
    fn parse(line: &str) -> Result<Self> {
        let (path, rest) = line.split_once(' ').context("no state")?;
        let (state, detail) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
        let detail = detail.trim();
        let state = match (state, detail) {
            ("untested", "") => State::Untested,
            ("works" | "parsed" | "absent", "") => bail!("no test and no reason"),
            ("works", detail) => State::works(detail)?,
            ("parsed", reason) => State::Parsed(reason.to_owned()),
            ("absent", reason) => State::Absent(reason.to_owned()),
            (other, _) => bail!("no state `{other}`"),
        };
        Ok(Self { path: path.to_owned(), state })
    }
}

impl State {
    fn works(detail: &str) -> Result<Self> {
        let (tests, note) = match detail.split_once('|') {
            Some((tests, note)) => (tests, Some(note.trim().to_owned())),
            None => (detail, None),
        };
        let tests: Vec<String> = tests.split_whitespace().map(str::to_owned).collect();
        if tests.is_empty() {
            bail!("no test");
        }
        Ok(Self::Works { tests, note })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(line: &str) -> State {
        Attribute::parse(line).expect("a line of the list").state
    }

    #[test]
    fn a_working_attribute_names_its_tests_and_may_have_a_note() {
        let works = |note: Option<&str>| State::Works {
            tests: vec!["a::b".into(), "c".into()],
            note: note.map(str::to_owned),
        };
        assert_eq!(state("services.user   works  a::b c"), works(None));
        assert_eq!(state("services.user   works  a::b c | by name"), works(Some("by name")));
    }

    #[test]
    fn every_other_state_but_untested_has_a_reason() {
        assert_eq!(state("x parsed not yet"), State::Parsed("not yet".into()));
        assert_eq!(state("x untested"), State::Untested);
        for line in ["x works", "x absent", "x", "x unknown y", "x works | note"] {
            assert!(Attribute::parse(line).is_err(), "{line}");
        }
    }
}
