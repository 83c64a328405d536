//! `KEY=VALUE,KEY,…`: the form of `--mount`, `--network` and `--gpus`. A part in quotes may have commas.

use super::error::FlagError;

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// One of the keys that are known.
    pub(super) key: &'static str,
    /// `None` for a key alone.
    pub(super) value: Option<String>,
}

/// Cuts `text` into its parts, each with one of `keys`.
pub(super) fn pairs(flag: &'static str, text: &str, keys: &[&'static str]) -> Result<Vec<Pair>, FlagError> {
    parts(text)
        .into_iter()
        .map(|part| {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.to_ascii_lowercase(), Some(value.to_owned())),
                None => (part.to_ascii_lowercase(), None),
            };
            let key = keys.iter().find(|key| **key == name);
            let key = key.ok_or_else(|| FlagError::Part {
                flag,
                value: name.clone(),
                nearest: nearest(&name, keys),
            });
            Ok(Pair { key: key?, value })
        })
        .collect()
}

fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    for character in text.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => parts.push(String::new()),
            _ => parts.last_mut().expect("there is always one").push(character),
        }
    }
    parts
}

fn nearest(name: &str, keys: &[&'static str]) -> Option<&'static str> {
    let scored = keys.iter().map(|key| (strsim::jaro_winkler(key, name), *key));
    scored.filter(|(score, _)| *score > 0.8).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_commas_together() {
        let pair = |key, value: Option<&str>| Pair { key, value: value.map(str::to_owned) };
        let parsed =
            pairs("--gpus", "\"device=0,1\",ALL,capabilities=a=b", &["device", "all", "capabilities"]);
        let expected = [pair("device", Some("0,1")), pair("all", None), pair("capabilities", Some("a=b"))];
        assert_eq!(parsed.expect("parsed"), expected);
    }

    #[test]
    fn an_unknown_key_is_answered_with_the_nearest() {
        let error = pairs("--mount", "sorce=/a", &["source", "target"]).expect_err("refused");
        assert_eq!(error.to_string(), "`sorce` in --mount has no meaning; did you mean `source`?");
    }
}
