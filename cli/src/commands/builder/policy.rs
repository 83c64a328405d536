//! How much build cache Docker's own settings allow (`builder.gc` in daemon.json), kept after each build.

use crate::error::CommandError;
use crate::show::clock;
use compose::model::ByteSize;
use engine::build::{StockItem, prune_stock, stock};
use engine::state::Layout;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

/// Docker Engine's settings, where there is or was one.
const SETTINGS: &str = "/etc/docker/daemon.json";

/// What is read of the settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    builder: BuilderSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BuilderSettings {
    gc: Collection,
}

/// When the cache is made smaller, and how far.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Collection {
    enabled: bool,
    #[serde(alias = "defaultMaxUsedSpace")]
    default_keep_storage: Option<String>,
    policy: Vec<Rule>,
}

/// One rule: what fits its filters may take so much room.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    #[serde(alias = "maxUsedSpace")]
    keep_storage: Option<String>,
    all: bool,
    filter: Vec<String>,
}

/// Makes the cache as small as Docker's settings say. Without such settings nothing is looked at.
pub(crate) fn collect(layout: &Layout) -> Result<(), CommandError> {
    let path = Path::new(SETTINGS);
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(()) };
    let settings: Settings = serde_json::from_str(&text)
        .map_err(|source| CommandError::DockerSettings { path: path.to_owned(), source })?;
    for rule in rules(settings.builder.gc) {
        apply(layout, &rule)?;
    }
    Ok(())
}

/// The rules; without any, the one that the default stands for.
fn rules(collection: Collection) -> Vec<Rule> {
    if !collection.enabled {
        return Vec::new();
    }
    let default = collection.default_keep_storage;
    match (collection.policy.is_empty(), default) {
        (true, None) => Vec::new(),
        (true, keep_storage) => vec![Rule { keep_storage, all: true, filter: Vec::new() }],
        (false, _) => collection.policy,
    }
}

fn apply(layout: &Layout, rule: &Rule) -> Result<(), CommandError> {
    let mut ages = rule.filter.iter().filter_map(|filter| {
        let filter = filter.replacen("==", "=", 1);
        let (key, value) = filter.split_once('=')?;
        matches!(key, "unused-for" | "until").then(|| value.to_owned())
    });
    let until = clock::parse_option(ages.next_back().as_deref(), SystemTime::now())?;
    let room = rule.keep_storage.as_deref().map_or(Ok(0), bytes)?;
    let doomed = oldest_beyond(room, &stock(layout)?);
    prune_stock(layout, |item| {
        doomed.contains(&item.id)
            && (rule.all || !item.is_in_use)
            && until.is_none_or(|until| item.last_used <= until)
    })?;
    Ok(())
}

/// The ids of what must go, least recently used first, so that the rest takes `room` bytes at most.
pub(super) fn oldest_beyond(room: u64, items: &[StockItem]) -> BTreeSet<String> {
    let mut left: u64 = items.iter().map(|item| item.bytes).sum();
    let mut doomed = BTreeSet::new();
    for item in items.iter().filter(|item| !item.is_in_use) {
        if left <= room {
            break;
        }
        left -= item.bytes;
        doomed.insert(item.id.clone());
    }
    doomed
}

/// A size as Docker writes it: `20GB`, `512m`, a number.
pub(super) fn bytes(text: &str) -> Result<u64, CommandError> {
    let read: Result<ByteSize, _> = serde_json::from_value(text.to_lowercase().into());
    let bytes = read.ok().and_then(|size| u64::try_from(size.0).ok());
    bytes.ok_or_else(|| CommandError::NoSuchSize(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_of(text: &str) -> Vec<Rule> {
        let settings: Settings = serde_json::from_str(text).expect("valid");
        rules(settings.builder.gc)
    }

    #[test]
    fn rules_count_only_where_collection_is_enabled() {
        assert_eq!(rules_of("{}"), []);
        assert_eq!(rules_of(r#"{"builder": {"gc": {"defaultKeepStorage": "20GB"}}}"#), []);
        let rules = rules_of(r#"{"builder": {"gc": {"enabled": true, "defaultKeepStorage": "20GB"}}}"#);
        assert_eq!(rules, [Rule { keep_storage: Some("20GB".to_owned()), all: true, filter: Vec::new() }]);
    }

    #[test]
    fn a_policy_stands_before_the_default() {
        let rules = rules_of(
            r#"{"builder": {"gc": {"enabled": true, "defaultKeepStorage": "1GB", "policy": [
                {"keepStorage": "512MB", "filter": ["unused-for=48h"]}, {"keepStorage": "5GB", "all": true}]}}}"#,
        );
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[0].filter, ["unused-for=48h"]);
    }

    #[test]
    fn sizes_are_read_as_docker_writes_them() {
        assert_eq!(bytes("10GB").expect("valid"), 10 << 30);
        assert_eq!(bytes("5k").expect("valid"), 5 << 10);
        assert!(bytes("much").is_err());
    }
}
