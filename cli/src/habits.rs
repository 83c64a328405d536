//! What users of Docker have set for good in its `config.json`: how lists look, which keys detach.
//!
//! | Key | Of |
//! |---|---|
//! | `psFormat` | `ps`, `container ls` |
//! | `imagesFormat` | `image ls` |
//! | `networksFormat` | `network ls` |
//! | `volumesFormat` | `volumes`, `volume ls` |
//! | `statsFormat` | `stats`, `container stats` |
//! | `detachKeys` | `attach`, `exec`, `run`, `start` |
//!
//! A setting that means nothing is warned of and left out: what was asked for does not depend on it.

use crate::session::Session;
use crate::show::format::Format;
use engine::container::DetachKeys;
use serde_json::Value;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// How containers are listed.
    Containers,
    /// How images are listed.
    Images,
    /// How networks are listed.
    Networks,
    /// How volumes are listed.
    Volumes,
    /// How use is shown.
    Stats,
    /// What leaves a terminal.
    DetachKeys,
}

impl Habit {
    fn key(self) -> &'static str {
        match self {
            Self::Containers => "psFormat",
            Self::Images => "imagesFormat",
            Self::Networks => "networksFormat",
            Self::Volumes => "volumesFormat",
            Self::Stats => "statsFormat",
            Self::DetachKeys => "detachKeys",
        }
    }
}

impl Session {
    /// How a list looks: as asked for, else as the user always wants it, else as a table.
    pub(crate) fn format(&self, given: Option<Format>, habit: Habit) -> Format {
        given.or_else(|| self.habit(habit)).unwrap_or_default()
    }

    /// The keys that leave a terminal: as asked for, else as the user always wants them, else Docker's.
    pub(crate) fn detach_keys(&self, given: Option<DetachKeys>) -> DetachKeys {
        given.or_else(|| self.habit(Habit::DetachKeys)).unwrap_or_default()
    }

    fn habit<T: FromStr<Err: Display>>(&self, habit: Habit) -> Option<T> {
        let path = self.docker_config()?;
        let text = fs::read_to_string(&path).ok()?;
        setting(&path, &text, habit)
    }

    fn docker_config(&self) -> Option<PathBuf> {
        let folder = self.variable("DOCKER_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| Some(Path::new(self.variable("HOME")?).join(".docker")))?;
        Some(folder.join("config.json"))
    }
}

fn setting<T: FromStr<Err: Display>>(path: &Path, config: &str, habit: Habit) -> Option<T> {
    let key = habit.key();
    // What is wrong with the whole file is told by those who need its logins.
    let config: Value = serde_json::from_str(config).ok()?;
    let text = config.get(key)?.as_str().filter(|text| !text.is_empty())?;
    text.parse()
        .inspect_err(|error| tracing::warn!("{key} in {} means nothing: {error}", path.display()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(config: &str) -> Option<DetachKeys> {
        setting(Path::new("config.json"), config, Habit::DetachKeys)
    }

    #[test]
    fn a_setting_counts_if_it_means_something() {
        assert_eq!(keys(r#"{"detachKeys": "ctrl-e"}"#), Some("ctrl-e".parse().expect("a key")));
        for meaningless in
            ["", "{}", r#"{"detachKeys": ""}"#, r#"{"detachKeys": "ctrl-"}"#, r#"{"detachKeys": 1}"#]
        {
            assert_eq!(keys(meaningless), None, "{meaningless}");
        }
    }
}
