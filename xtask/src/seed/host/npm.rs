//! The part of the host's npm settings that a container needs: which registry.

use crate::program::read_if_there;
use anyhow::Result;
use std::path::PathBuf;

const VARIABLES: [&str; 2] = ["NPM_CONFIG_REGISTRY", "npm_config_registry"];

/// The registry that this host's npm uses, if it is not npm's own choice.
pub(crate) fn registry() -> Result<Option<String>> {
    if let Some(name) = VARIABLES.iter().find_map(|name| std::env::var(name).ok()) {
        return Ok(Some(name));
    }
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".npmrc"));
    for file in home.into_iter().chain(["/etc/npmrc".into()]) {
        if let Some(name) = read_if_there(&file)?.as_deref().and_then(parse) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn parse(text: &str) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.filter(|(key, _)| key.trim() == "registry").map(|(_, value)| value.trim().to_owned()).next_back()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_last_registry_counts() {
        assert_eq!(parse("fund=false\nregistry = http://r.test/\n").as_deref(), Some("http://r.test/"));
        assert_eq!(parse("@scope:registry=http://s.test/\n"), None);
    }
}
