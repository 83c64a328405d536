//! What a registry wants to see before it answers (`WWW-Authenticate`, RFC 9110 section 11).

use std::collections::BTreeMap;

/// A way to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Fetch a token there, and show it.
    Bearer {
        /// Where.
        realm: String,
        /// For whom.
        service: Option<String>,
        /// For what.
        scope: Option<String>,
    },
    /// Show user and password.
    Basic,
}

impl Challenge {
    /// The best of all challenges in the headers' values: a token before a password.
    pub(super) fn best<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut best = None;
        for (scheme, mut parameters) in headers.flat_map(challenges) {
            match scheme.to_ascii_lowercase().as_str() {
                "bearer" => {
                    if let Some(realm) = parameters.remove("realm") {
                        let (service, scope) = (parameters.remove("service"), parameters.remove("scope"));
                        return Some(Self::Bearer { realm, service, scope });
                    }
                }
                "basic" => best = Some(Self::Basic),
                _ => {}
            }
        }
        best
    }
}

/// `scheme name=value, name="a, value", scheme …`
fn challenges(header: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut found: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    for part in split_unquoted(header) {
        let part = part.trim();
        let name_end = part.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(part.len());
        let is_scheme = !part[name_end..].starts_with('=');
        let parameter = if is_scheme {
            found.push((part[..name_end].to_owned(), BTreeMap::new()));
            part[name_end..].trim()
        } else {
            part
        };
        if let (Some((name, value)), Some((_, parameters))) = (parameter.split_once('='), found.last_mut()) {
            parameters.insert(name.trim().to_ascii_lowercase(), unquote(value.trim()));
        }
    }
    found
}

/// Splits at commas that are not within quotes.
fn split_unquoted(header: &str) -> Vec<&str> {
    let (mut parts, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (index, byte) in header.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => {
                parts.push(&header[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&header[start..]);
    parts
}

fn unquote(value: &str) -> String {
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: Option<Challenge>) {
        assert_eq!(Challenge::best(std::iter::once(header)), expected, "{header}");
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Challenge::Bearer { realm: realm.to_owned(), service: owned(service), scope: owned(scope) })
    }

    #[test]
    fn quoted_commas_belong_to_the_value() {
        check(
            r#"Bearer realm="https://auth.example/token",service="registry",scope="repository:a:pull,push""#,
            bearer("https://auth.example/token", Some("registry"), Some("repository:a:pull,push")),
        );
    }

    #[test]
    fn a_token_goes_before_a_password() {
        check(r#"Basic realm="x", Bearer realm="https://a/t""#, bearer("https://a/t", None, None));
        check("basic realm=x", Some(Challenge::Basic));
    }

    #[test]
    fn what_is_unknown_is_no_way_in() {
        for header in ["Negotiate", "Bearer", "", ",,=", "Digest realm=\"a"] {
            check(header, None);
        }
    }
}
