//! One attribute that changed: what it was, what it is, and where that stands.

use crate::model::Location;
use serde_json::{Value, json};
use std::fmt;

/// What stands for a value that is not shown.
const MASK: &str = "***";
/// Longer values are cut short for people.
const SHOWN_LENGTH: usize = 72;

/// Whether values that may be secret are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Values {
    /// Environment values are not shown.
    #[default]
    Masked,
    /// They are (`--show-values`).
    Shown,
}

/// One attribute that changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The attribute within its service, network or volume: `environment.PORT`.
    pub key: String,
    /// What it was; `None` if it was not set.
    pub old: Option<String>,
    /// What it is; `None` if it is not set.
    pub new: Option<String>,
    /// Where the file says so.
    pub place: Option<Location>,
}

impl Change {
    /// The change as one line for people: `tty: false -> true (compose.yaml:4)`.
    #[must_use]
    pub fn line(&self, values: Values) -> String {
        let place = self.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        let [old, new] = [&self.old, &self.new].map(|value| self.shown(value.as_deref(), values));
        format!("{}: {} -> {}{place}", self.key, shorten(old), shorten(new))
    }

    /// The change for programs.
    pub(super) fn json(&self, values: Values) -> Value {
        let [old, new] = [&self.old, &self.new].map(|value| {
            value.as_ref().map(|value| if self.is_hidden(values) { MASK.to_owned() } else { value.clone() })
        });
        let mut change = json!({ "key": self.key, "old": old, "new": new });
        if let Some(place) = &self.place {
            change["file"] = place.file.to_string_lossy().into();
            change["line"] = place.line.into();
        }
        change
    }

    fn shown<'a>(&self, value: Option<&'a str>, values: Values) -> &'a str {
        match value {
            None => "(none)",
            Some(_) if self.is_hidden(values) => MASK,
            Some("") => "\"\"",
            Some(value) => value,
        }
    }

    fn is_hidden(&self, values: Values) -> bool {
        values == Values::Masked && is_secret(&self.key)
    }
}

/// Whether an attribute may hold what others must not see: variables, and hooks with their own.
fn is_secret(key: &str) -> bool {
    ["environment.", "post_start", "pre_stop", "pre_start"].iter().any(|secret| key.starts_with(secret))
}

fn shorten(text: &str) -> String {
    let text = text.replace('\n', "\\n");
    match text.char_indices().nth(SHOWN_LENGTH) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

impl fmt::Debug for Change {
    /// Without secrets, wherever it may be printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(Values::Masked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str) -> Change {
        Change { key: key.to_owned(), old: None, new: Some("hunter2".to_owned()), place: None }
    }

    #[test]
    fn values_of_variables_are_masked_unless_asked_for() {
        assert_eq!(change("environment.TOKEN").line(Values::Masked), "environment.TOKEN: (none) -> ***");
        assert_eq!(change("environment.TOKEN").line(Values::Shown), "environment.TOKEN: (none) -> hunter2");
        assert_eq!(change("user").line(Values::Masked), "user: (none) -> hunter2");
        assert_eq!(change("environment.TOKEN").json(Values::Masked)["new"], "***");
        assert!(!format!("{:?}", change("environment.TOKEN")).contains("hunter2"));
    }
}
