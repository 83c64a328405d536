//! `--filter KEY=VALUE` of lists and prunes: of one key any value may fit, of several keys all must.

use crate::error::CommandError;
use engine_spec::Labels;
use std::str::FromStr;

/// One `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    key: String,
    value: String,
}

/// A text without an equals sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected KEY=VALUE")]
pub(crate) struct FilterError;

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let (key, value) = text.split_once('=').ok_or(FilterError)?;
        Ok(Self { key: key.trim().to_lowercase(), value: value.trim().to_owned() })
    }
}

/// All filters of a command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filters<'a>(&'a [Filter]);

impl<'a> Filters<'a> {
    /// Makes sure that every key is one of `known`.
    pub(crate) fn new(filters: &'a [Filter], known: &[&'static str]) -> Result<Self, CommandError> {
        match filters.iter().find(|filter| !known.contains(&filter.key.as_str())) {
            None => Ok(Self(filters)),
            Some(filter) => {
                Err(CommandError::NoSuchFilter { key: filter.key.clone(), known: known.join(", ") })
            }
        }
    }

    /// The values of a key.
    pub(crate) fn values(self, key: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |filter| filter.key == key).map(|filter| filter.value.as_str())
    }

    /// Makes sure that the values of a key are some that there can be.
    pub(crate) fn check(
        self,
        key: &'static str,
        expected: &'static str,
        is_possible: impl Fn(&str) -> bool,
    ) -> Result<(), CommandError> {
        match self.values(key).find(|value| !is_possible(value)) {
            None => Ok(()),
            Some(value) => Err(CommandError::NoSuchFilterValue { key, value: value.to_owned(), expected }),
        }
    }

    /// Whether a value of the key fits, or none is asked for.
    pub(crate) fn allow(self, key: &str, fits: impl FnMut(&str) -> bool) -> bool {
        self.values(key).next().is_none() || self.values(key).any(fits)
    }

    /// Whether the labels are those of `label`, and none of `label!`.
    pub(crate) fn allow_labels(self, labels: &Labels) -> bool {
        let has = |wanted: &str| match wanted.split_once('=') {
            Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
            None => labels.contains_key(wanted),
        };
        self.values("label").all(has) && !self.values("label!").any(has)
    }
}

/// Whether a text is one of docker's words for yes and no.
pub(crate) fn is_boolean(text: &str) -> bool {
    is_true(text) || matches!(text.to_ascii_lowercase().as_str(), "0" | "f" | "false")
}

/// Whether a text is one of docker's words for yes.
pub(crate) fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "1" | "t" | "true")
}

/// docker matches names by regular expressions, of which people use the anchors.
pub(crate) fn matches_name(name: &str, pattern: &str) -> bool {
    let (pattern, at_start) = pattern.strip_prefix('^').map_or((pattern, false), |rest| (rest, true));
    let (pattern, at_end) = pattern.strip_suffix('$').map_or((pattern, false), |rest| (rest, true));
    let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
    match (at_start, at_end) {
        (true, true) => name == pattern,
        (true, false) => name.starts_with(pattern),
        (false, true) => name.ends_with(pattern),
        (false, false) => name.contains(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(texts: &[&str]) -> Vec<Filter> {
        texts.iter().map(|text| text.parse().expect("a filter")).collect()
    }

    #[test]
    fn any_value_of_a_key_fits_and_every_label_must() {
        let given = filters(&["status=exited", "status=created", "label=a", "label=b=1", "label!=c"]);
        let filters = Filters::new(&given, &["status", "label", "label!"]).expect("known");
        assert!(filters.allow("status", |value| value == "created"));
        assert!(!filters.allow("status", |value| value == "running"));
        assert!(filters.allow("name", |_| false));
        let labels = |pairs: &[(&str, &str)]| -> Labels {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        assert!(filters.allow_labels(&labels(&[("a", ""), ("b", "1")])));
        assert!(!filters.allow_labels(&labels(&[("a", "")])));
        assert!(!filters.allow_labels(&labels(&[("a", ""), ("b", "1"), ("c", "")])));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let error = Filters::new(&filters(&["stauts=a"]), &["status"]).expect_err("refused");
        assert_eq!(error.to_string(), "there is no filter `stauts`; there are: status");
    }

    #[test]
    fn a_value_that_cannot_be_is_refused() {
        let given = filters(&["dangling=maybe"]);
        let filters = Filters::new(&given, &["dangling"]).expect("known");
        let error = filters.check("dangling", "true or false", is_boolean).expect_err("refused");
        assert_eq!(error.to_string(), "`maybe` is nothing to filter `dangling` by; expected true or false");
    }

    #[test]
    fn names_match_in_part_unless_anchored() {
        assert!(matches_name("web-1", "eb"));
        assert!(matches_name("web-1", "^/web"));
        assert!(matches_name("web-1", "^web-1$"));
        assert!(!matches_name("web-1", "^eb"));
        assert!(!matches_name("web-1", "web$"));
    }
}
