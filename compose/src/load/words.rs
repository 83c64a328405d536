//! Splitting a command line as a shell splits it, without running one.

/// A quote that never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the command has a quote that never ends")]
pub(super) struct UnclosedQuote;

/// The words of `line`: white space separates, quotes and backslashes keep together.
pub(super) fn split(line: &str) -> Result<Vec<String>, UnclosedQuote> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            // Within double quotes a backslash escapes only what has a meaning there (POSIX 2.2.3).
            (Some('"'), '\\') => {
                let escaped = characters.next_if(|next| matches!(next, '"' | '\\' | '$' | '`'));
                word.get_or_insert_default().push(escaped.unwrap_or('\\'));
            }
            (None, '\\') => {
                if let Some(next) = characters.next().filter(|next| *next != '\n') {
                    word.get_or_insert_default().push(next);
                }
            }
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_ascii_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(UnclosedQuote) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[&str]) {
        assert_eq!(split(line).unwrap(), expected, "{line}");
    }

    #[test]
    fn splits_as_a_shell_does() {
        check("  flask run -h 0.0.0.0 ", &["flask", "run", "-h", "0.0.0.0"]);
        check(r#"sh -c 'echo "a  b"' "" x"#, &["sh", "-c", "echo \"a  b\"", "", "x"]);
        check(r#"a\ b "c\"d\n" 'e\f'"#, &["a b", "c\"d\\n", "e\\f"]);
        check("a \\\n b", &["a", "b"]);
        check("", &[]);
        assert!(split("echo 'x").is_err());
    }
}
