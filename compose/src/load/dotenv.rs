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

impl DotenvError {
    /// How to mend it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match &self.kind {
            DotenvErrorKind::Name => Some("write NAME=value, one a line; a comment starts with `#`"),
            DotenvErrorKind::Unterminated => Some("close the quote, or put the other kind around the value"),
            DotenvErrorKind::Template(TemplateError::Invalid) => {
                Some("put the value in single quotes to keep its dollar signs")
            }
            DotenvErrorKind::Template(TemplateError::Required { .. }) => None,
        }
    }
}

/// A value and the line that gives it, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) value: String,
    pub(super) line: usize,
}

type Assignments = BTreeMap<String, Assignment>;

/// Reads `text`. Variables in values come from `lookup` first, then from earlier lines.
pub(super) fn parse(text: &str, lookup: &Lookup<'_>) -> Result<Assignments, DotenvError> {
    let mut values = Assignments::new();
    let mut scanner = Scanner { rest: text.trim_start_matches('\u{feff}'), line: 1 };
    while scanner.skip_to_statement() {
        let line = scanner.line;
        let statement = scanner.statement(&values, lookup).map_err(|kind| DotenvError { line, kind })?;
        if let Some((key, value)) = statement {
            values.insert(key.to_owned(), Assignment { value, line });
        }
    }
    Ok(values)
}

/// Reads `text` as docker's `--env-file` does: no quotes, no variables (`format: raw`).
pub(super) fn parse_raw(text: &str, lookup: &Lookup<'_>) -> Assignments {
    let pair = |(index, line): (usize, &str)| {
        let text = line.trim_start();
        let (key, value) = match text.split_once('=') {
            _ if text.is_empty() || text.starts_with('#') => return None,
            Some((key, value)) => (key, value.to_owned()),
            None => (text.trim_end(), lookup(text.trim_end())?),
        };
        Some((key.to_owned(), Assignment { value, line: index + 1 }))
    };
    text.trim_start_matches('\u{feff}').lines().enumerate().filter_map(pair).collect()
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

    /// One `NAME=value`; nothing for a name alone that has no value elsewhere.
    fn statement(
        &mut self,
        values: &Assignments,
        lookup: &Lookup<'_>,
    ) -> Result<Option<(&'a str, String)>, DotenvErrorKind> {
        if let Some(tail) = self.rest.strip_prefix("export").filter(|tail| tail.starts_with([' ', '\t'])) {
            self.rest = tail.trim_start_matches([' ', '\t']);
        }
        let end = self.rest.find(['=', ':', '\n']).unwrap_or(self.rest.len());
        let separator = self.rest[end..].chars().next();
        let key = self.take(end).trim();
        if key.is_empty() || !key.chars().all(|c| c.is_alphanumeric() || "_.-[]".contains(c)) {
            return Err(DotenvErrorKind::Name);
        }
        if !matches!(separator, Some('=' | ':')) {
            return Ok(lookup(key).map(|value| (key, value)));
        }
        self.take(1);
        Ok(Some((key, self.value(values, lookup)?)))
    }

    fn value(&mut self, values: &Assignments, lookup: &Lookup<'_>) -> Result<String, DotenvErrorKind> {
        let lookup =
            |name: &str| lookup(name).or_else(|| values.get(name).map(|assignment| assignment.value.clone()));
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        match self.rest.chars().next() {
            Some('\'') => Ok(self.quoted('\'')?.replace("\\'", "'")),
            Some('"') => Ok(expand(&unescape(self.quoted('"')?), &lookup)?),
            _ => {
                let line = self.line_rest();
                // An empty value takes what follows for itself, as Docker Compose has it.
                let end = line.find(" #").unwrap_or(line.len());
                Ok(expand(line[..end].trim_end(), &lookup)?)
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
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut characters = rest.chars();
        let plain = match characters.next() {
            Some('a') => "\u{7}",
            Some('b') => "\u{8}",
            Some('f') => "\u{c}",
            Some('n') => "\n",
            Some('r') => "\r",
            Some('t') => "\t",
            Some('v') => "\u{b}",
            Some('$') => "$$",
            Some('\\') => "\\",
            Some('"') => "\"",
            Some('0') => {
                rest = octal(rest, &mut out);
                continue;
            }
            _ => {
                out.push('\\');
                continue;
            }
        };
        out.push_str(plain);
        rest = characters.as_str();
    }
    out.push_str(rest);
    out
}

/// `\0ddd`, three octal digits after the zero; anything else stays as it is. Returns what follows.
fn octal<'a>(text: &'a str, out: &mut String) -> &'a str {
    let digits = text.get(1..4).filter(|digits| digits.chars().all(|c| c.is_digit(8)));
    let character = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
    match character {
        Some(character) => {
            out.push(char::from(character));
            &text[4..]
        }
        None => {
            out.push('\\');
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let lookup = |name: &str| (name == "HOST").then(|| "host".to_owned());
        let result = match parse(text, &lookup) {
            Ok(values) => values
                .iter()
                .map(|(key, value)| format!("{key}={:?}", value.value))
                .collect::<Vec<_>>()
                .join(" "),
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
        check("A=a#b\nB=\nC= # taken\nD=x # note", r##"A="a#b" B="" C="# taken" D="x""##);
    }

    #[test]
    fn quotes_decide_what_is_read() {
        check("A='$HOST \\'x\\''\nB=\"$HOST\\n\\$X\"", r#"A="$HOST 'x'" B="host\n$X""#);
        check(r#"A="\0101\a\q\\" B=1"#, r#"A="A\u{7}\\q\\" B="1""#);
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
