//! The `--flag` words between an instruction's name and its arguments.

use super::Diagnostic;
use super::diagnostic::nearest;
use super::lines::LogicalLine;
use super::source::{Located, Source};
use super::words::Word;

/// A flag that an instruction of Docker knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Its name.
    name: &'static str,
    /// What it takes.
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// `--name=text`.
    Text,
    /// `--name`, `--name=true` or `--name=false`.
    Switch,
    /// `--name=text`, as often as one likes.
    Many,
}

impl Known {
    pub(super) const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text }
    }

    pub(super) const fn switch(name: &'static str) -> Self {
        Self { name, kind: Kind::Switch }
    }

    pub(super) const fn many(name: &'static str) -> Self {
        Self { name, kind: Kind::Many }
    }
}

/// The flags of one instruction, and what follows them.
#[derive(Debug)]
pub(super) struct Flags<'a> {
    given: Vec<(&'static str, Located<String>)>,
    /// The arguments.
    pub(super) rest: Word<'a>,
}

impl<'a> Flags<'a> {
    /// Reads the flags at the start of `arguments`.
    pub(super) fn parse(
        source: &Source,
        line: &LogicalLine,
        arguments: Word<'a>,
        (known, escape): (&[Known], char),
    ) -> Result<Self, Diagnostic> {
        let mut flags = Self { given: Vec::new(), rest: arguments.trim() };
        while flags.rest.text.starts_with("--") {
            let word = flags.rest.split_quoted(escape)[0];
            flags.rest = flags.rest.split_at(word.text.len()).1;
            if word.text == "--" {
                break;
            }
            let found = flag(source, line.located(word), known)?;
            let may_repeat = |flag: &Known| flag.name == found.0 && matches!(flag.kind, Kind::Many);
            if flags.given.iter().any(|(name, _)| *name == found.0) && !known.iter().any(may_repeat) {
                return Err(source.error(found.1.span, format!("`--{}` is given twice", found.0)));
            }
            flags
                .given
                .push((found.0, Located { value: unquoted(&found.1.value, escape), span: found.1.span }));
        }
        Ok(flags)
    }

    /// Takes out the value of a flag.
    pub(super) fn take(&mut self, name: &str) -> Option<Located<String>> {
        let index = self.given.iter().position(|(given, _)| *given == name)?;
        Some(self.given.swap_remove(index).1)
    }

    /// Takes out all values of a flag, in order.
    pub(super) fn take_all(&mut self, name: &str) -> Vec<Located<String>> {
        let (taken, kept) =
            std::mem::take(&mut self.given).into_iter().partition(|(given, _)| *given == name);
        self.given = kept;
        let taken: Vec<(&str, Located<String>)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// Takes out a switch.
    pub(super) fn take_switch(&mut self, name: &str) -> bool {
        self.take(name).is_some_and(|value| value.value == "true")
    }

    /// Whether no flag is left.
    pub(super) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }
}

/// Checks one word against the known flags and returns its name and value.
fn flag(
    source: &Source,
    word: Located<String>,
    known: &[Known],
) -> Result<(&'static str, Located<String>), Diagnostic> {
    let (name, value) = match word.value[2..].split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (word.value[2..].to_owned(), None),
    };
    let fail =
        |message: String, hint: Option<String>| Err(Diagnostic { hint, ..source.error(word.span, message) });
    let Some(flag) = known.iter().find(|flag| flag.name == name) else {
        let hint = nearest(&name, known.iter().map(|flag| flag.name))
            .map(|near| format!("did you mean `--{near}`?"));
        return fail(format!("unknown flag `--{name}`"), hint);
    };
    let value = match (flag.kind, value) {
        (Kind::Text | Kind::Many, Some(value)) => value,
        (Kind::Text | Kind::Many, None) => {
            return fail(format!("`--{name}` needs a value: `--{name}=…`"), None);
        }
        (Kind::Switch, None) => "true".to_owned(),
        (Kind::Switch, Some(value)) if value == "true" || value == "false" => value,
        (Kind::Switch, Some(_)) => return fail(format!("`--{name}` is `true` or `false`"), None),
    };
    Ok((flag.name, Located { value, span: word.span }))
}

/// The value of a flag without the quotes and escapes that held it together. Variables stay.
fn unquoted(value: &str, escape: char) -> String {
    let mut output = String::new();
    let mut quote = None;
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match quote {
            _ if c == escape && quote != Some('\'') => output.extend(rest.next()),
            Some(open) if open == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => output.push(c),
        }
    }
    output
}
