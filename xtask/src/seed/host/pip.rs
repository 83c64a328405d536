//! The part of the host's pip settings that a container needs: which index, and whom to trust.

use crate::program::read_if_there;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::PathBuf;

const KEYS: [&str; 4] = ["index-url", "extra-index-url", "trusted-host", "proxy"];

/// A pip.conf with the host's index and `bundle` as the certificates to trust.
pub(crate) fn configuration(bundle: &str) -> Result<String> {
    let mut settings = BTreeMap::new();
    for file in files() {
        if let Some(text) = read_if_there(&file)? {
            settings.extend(parse(&text));
        }
    }
    for key in KEYS {
        let variable = format!("PIP_{}", key.to_uppercase().replace('-', "_"));
        if let Ok(value) = std::env::var(variable) {
            settings.insert(key.to_owned(), value);
        }
    }
    settings.insert("cert".into(), bundle.into());
    let lines = settings.iter().map(|(key, value)| format!("{key} = {value}\n"));
    Ok(format!("[global]\n{}", lines.collect::<String>()))
}

/// Where pip looks, the last word last (pip's user guide, "Configuration files").
fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = vec!["/etc/pip.conf".into(), "/etc/xdg/pip/pip.conf".into()];
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        files.push(home.join(".pip/pip.conf"));
        files.push(home.join(".config/pip/pip.conf"));
    }
    files
}

fn parse(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let pairs = pairs.map(|(key, value)| (key.trim().replace('_', "-"), value.trim().to_owned()));
    pairs.filter(|(key, _)| KEYS.contains(&key.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn keeps_the_index_and_drops_the_rest() {
        let settings = parse("[global]\nindex_url = http://i.test/simple\nfind-links = /opt\n");
        assert_eq!(
            settings.into_iter().collect::<Vec<_>>(),
            [("index-url".into(), "http://i.test/simple".into())]
        );
    }
}
