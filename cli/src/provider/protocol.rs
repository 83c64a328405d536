//! What goes between us and a provider: a command line there, a JSON object per line back. Pure.
//!
//! ```text
//! PROGRAM compose --project-name=PROJECT up --OPTION=VALUE… SERVICE
//! {"type": "setenv", "message": "URL=redis://…"}
//! ```
//! As docker compose has it (its docs/extension.md).

use compose::model::{Provider, ProviderOption};
use engine_spec::{ProjectName, ServiceName};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a provider is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Up,
    Stop,
    Down,
}

impl Verb {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Stop => "stop",
            Self::Down => "down",
        }
    }
}

/// What a provider says of itself when asked for `compose metadata`: the options of each verb. One that
/// says nothing gets all options.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata(BTreeMap<String, serde_json::Value>);

impl Metadata {
    /// What a program printed; nothing if that is no metadata.
    pub(super) fn read(printed: &[u8]) -> Self {
        serde_json::from_slice(printed).unwrap_or_default()
    }

    /// Whether the provider is known to have, or not known not to have, a verb.
    pub(super) fn has(&self, verb: Verb) -> bool {
        self.0.is_empty() || self.0.contains_key(verb.word())
    }

    /// The options that a verb takes; `None` if that is not said.
    fn options(&self, verb: Verb) -> Option<BTreeSet<&str>> {
        if self.0.is_empty() {
            return None;
        }
        let parameters = self.0.get(verb.word()).and_then(|verb| verb.get("parameters")?.as_array());
        let names = parameters.into_iter().flatten().filter_map(|parameter| parameter.get("name")?.as_str());
        Some(names.collect())
    }
}

/// The words after the program's name.
pub(super) fn arguments(
    project: &ProjectName,
    service: &ServiceName,
    provider: &Provider,
    verb: Verb,
    metadata: &Metadata,
) -> Vec<String> {
    let mut words = vec!["compose".to_owned(), format!("--project-name={project}"), verb.word().to_owned()];
    let known = metadata.options(verb);
    let is_known = |key: &&String| known.as_ref().is_none_or(|known| known.contains(key.as_str()));
    for key in provider.options.keys().filter(is_known) {
        let values = match &provider.options[key] {
            ProviderOption::One(value) => std::slice::from_ref(value),
            ProviderOption::Many(values) => values,
        };
        words.extend(values.iter().map(|value| format!("--{key}={value}")));
    }
    words.push(service.to_string());
    words
}

/// One line of a provider.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", content = "message", rename_all = "lowercase")]
pub(super) enum Message {
    /// For the user.
    Info(String),
    /// Why it failed.
    Error(String),
    /// For who looks for a fault.
    Debug(String),
    /// `KEY=VALUE`, a variable of dependents as `SERVICE_KEY`.
    SetEnv(String),
    /// The same as it stands.
    RawSetEnv(String),
}

impl Message {
    /// Reads a line; `None` if it is not of this protocol.
    pub(super) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The variable that dependents of a service get.
    pub(super) fn variable(&self, service: &ServiceName) -> Option<(String, String)> {
        let (prefix, text) = match self {
            Self::SetEnv(text) => (prefix(service), text),
            Self::RawSetEnv(text) => (String::new(), text),
            Self::Info(_) | Self::Error(_) | Self::Debug(_) => return None,
        };
        let (key, value) = text.split_once('=')?;
        Some((format!("{prefix}{key}"), value.to_owned()))
    }
}

/// `my-db` to `MY_DB_`.
fn prefix(service: &ServiceName) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    service.as_str().chars().map(word).chain(['_']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use compose::model::OptionValue;

    fn words(metadata: &str) -> String {
        let options = [
            ("size".to_owned(), ProviderOption::One(OptionValue::Integer(8))),
            (
                "tag".to_owned(),
                ProviderOption::Many(["a", "b"].map(|tag| OptionValue::Text(tag.to_owned())).to_vec()),
            ),
        ];
        let provider = Provider { kind: "cloud".to_owned(), options: options.into(), ..Provider::default() };
        let (project, service) = ("app".parse().expect("a name"), "my-db".parse().expect("a name"));
        let metadata = Metadata::read(metadata.as_bytes());
        arguments(&project, &service, &provider, Verb::Up, &metadata).join(" ")
    }

    #[test]
    fn a_provider_gets_the_options_that_it_knows() {
        assert_eq!(words(""), "compose --project-name=app up --size=8 --tag=a --tag=b my-db");
        assert_eq!(
            words(r#"{"description": "x", "up": {"parameters": [{"name": "size"}]}}"#),
            "compose --project-name=app up --size=8 my-db"
        );
        assert!(!Metadata::read(br#"{"up": {}}"#).has(Verb::Stop));
        assert!(Metadata::read(b"no JSON").has(Verb::Stop));
    }

    #[test]
    fn variables_have_the_services_name_before_them_unless_they_are_raw() {
        let service: ServiceName = "my-db".parse().expect("a name");
        let variable = |line: &str| Message::read(line)?.variable(&service);
        let pair = |key: &str| Some((key.to_owned(), "a=b".to_owned()));
        assert_eq!(variable(r#"{"type": "setenv", "message": "URL=a=b"}"#), pair("MY_DB_URL"));
        assert_eq!(variable(r#"{"type": "rawsetenv", "message": "URL=a=b"}"#), pair("URL"));
        assert_eq!(variable(r#"{"type": "info", "message": "URL=a=b"}"#), None);
        assert_eq!(Message::read("hello"), None);
    }
}
