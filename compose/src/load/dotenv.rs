//! Environment files: `KEY=value` lines with quotes, comments, `export` and variables.
//!
//! Errors carry the line only: the text may hold secrets.

use super::interpolate::{Lookup, TemplateError, expand};
use std::collections::BTreeMap;

/// What is wrong with an environment file, and on which line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub(super) struct DotenvError {
    /// The line, from 1.
    pub(super) line: usize,
    pub(super) kind: DotenvErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DotenvErrorKind {
    #[error("a variable name has letters, digits, `_`, `.`, `-`, `[` and `]` only")]
    Name,
    #[error("the quoted value never ends")]
    Unterminated,
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Reads `text`. Variables in values come from `lookup` first, then from earlier lines.
pub(super) fn parse(text: &str, lookup: &Lookup<'_>) -> Result<BTreeMap<String, String>, DotenvError> {
    let mut values = BTreeMap::new();
    let mut scanner = Scanner { rest: text.trim_start_matches('\u{feff}'), line: 1 };
    while scanner.skip_to_statement() {
        let line = scanner.line;
        scanner.statement(&mut values, lookup).map_err(|kind| DotenvError { line, kind })?;
    }
    Ok(values)
}

/// Reads `text` as docker's `--env-file` does: no quotes, no variables (`format: raw`).
pub(super) fn parse_raw(text: &str, lookup: &Lookup<'_>) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| match line.split_once('=') {
        Some((key, value)) => Some((key.to_owned(), value.to_owned())),
        None => lookup(line.trim()).map(|value| (line.trim().to_owned(), value)),
    };
    lines.filter_map(pair).collect()
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Scanner<'a> {
    /// Skips empty lines, comments and leading space; whether anything follows.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            let trimmed = self.rest.trim_start();
            self.take(self.rest.len() - trimmed.len());
            if !self.rest.starts_with('#') {
                return !self.rest.is_empty();
            }
            self.line_rest();
        }
    }

    fn statement(
        &mut self,
        values: &mut BTreeMap<String, String>,
        lookup: &Lookup<'_>,
    ) -> Result<(), DotenvErrorKind> {
        if let Some(tail) = self.rest.strip_prefix("export").filter(|tail| tail.starts_with([' ', '\t'])) {
            self.rest = tail.trim_start_matches([' ', '\t']);
        }
        let end = self.rest.find(['=', ':', '\n']).unwrap_or(self.rest.len());
        let separator = self.rest[end..].chars().next();
        let key = self.take(end).trim();
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || "_.-[]".contains(c)) {
            return Err(DotenvErrorKind::Name);
        }
        if !matches!(separator, Some('=' | ':')) {
            if let Some(value) = lookup(key) {
                values.insert(key.to_owned(), value);
            }
            return Ok(());
        }
        self.take(1);
        let value = self.value(values, lookup)?;
        values.insert(key.to_owned(), value);
        Ok(())
    }

    fn value(
        &mut self,
        values: &BTreeMap<String, String>,
        lookup: &Lookup<'_>,
    ) -> Result<String, DotenvErrorKind> {
        let lookup = |name: &str| lookup(name).or_else(|| values.get(name).cloned());
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        match self.rest.chars().next() {
            Some('\'') => Ok(self.quoted('\'')?.replace("\\'", "'")),
            Some('"') => Ok(expand(&unescape(self.quoted('"')?), &lookup, &mut |_| {})?),
            _ => {
                let line = self.line_rest();
                let end = line.find(" #").unwrap_or(if line.starts_with('#') { 0 } else { line.len() });
                Ok(expand(line[..end].trim_end(), &lookup, &mut |_| {})?)
            }
        }
    }

    /// The text between quotes, which may span lines; a backslash keeps a quote from ending it.
    fn quoted(&mut self, quote: char) -> Result<&'a str, DotenvErrorKind> {
        let mut is_escaped = false;
        for (at, character) in self.rest.char_indices().skip(1) {
            if character == quote && !is_escaped {
                let text = self.take(at + 1);
                return Ok(&text[1..at]);
            }
            is_escaped = character == '\\' && !is_escaped;
        }
        Err(DotenvErrorKind::Unterminated)
    }

    fn line_rest(&mut self) -> &'a str {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        self.take(end)
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

/// The escapes of double quotes. `\$` becomes `$$`, which interpolation turns into `$`.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('$') => out.push_str("$$"),
            Some(plain @ ('\\' | '"')) => out.push(plain),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let lookup = |name: &str| (name == "HOST").then(|| "host".to_owned());
        let result = match parse(text, &lookup) {
            Ok(values) => {
                values.iter().map(|(key, value)| format!("{key}={value:?}")).collect::<Vec<_>>().join(" ")
            }
            Err(error) => format!("line {}: {error}", error.line),
        };
        assert_eq!(result, expected, "{text}");
    }

    #[test]
    fn reads_the_forms_of_a_statement() {
        check(
            "\u{feff}# note\nA=1\nexport B = two # note\nC: 3\r\n\nHOST\nNONE\n",
            r#"A="1" B="two" C="3" HOST="host""#,
        );
        check("A=a#b\nB=\nC= # only a note", r#"A="a#b" B="" C="""#);
    }

    #[test]
    fn quotes_decide_what_is_read() {
        check("A='$HOST \\'x\\''\nB=\"$HOST\\n\\$X\"", r#"A="$HOST 'x'" B="host\n$X""#);
        check("A='one\ntwo'\nB=1", r#"A="one\ntwo" B="1""#);
    }

    #[test]
    fn values_use_the_environment_then_earlier_lines() {
        check("HOST=file\nA=${HOST}-${B:-none}\nB=$A", r#"A="host-none" B="host-none" HOST="file""#);
    }

    #[test]
    fn errors_name_the_line() {
        check("A=1\nB C=2\n", "line 2: a variable name has letters, digits, `_`, `.`, `-`, `[` and `]` only");
        check("A=1\n\nB='x\n", "line 3: the quoted value never ends");
    }
}
