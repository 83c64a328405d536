//! Variables, quotes and escapes in the words of an instruction.
//!
//! The forms are BuildKit's (`frontend/dockerfile/shell/lex.go`): `$n`, `${n}`, `${n:-w}`, `${n-w}`, `${n:+w}`,
//! `${n+w}`, `${n:?w}`, `${n?w}`, `${n#p}`, `${n##p}`, `${n%p}`, `${n%%p}`, `${n/p/r}` and `${n//p/r}`.

use super::pattern::Pattern;
use std::iter::Peekable;
use std::str::Chars;

/// A word that cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpandError {
    /// A quote has no partner.
    #[error("the quote {0} is never closed")]
    OpenQuote(char),
    /// `${` has no `}`.
    #[error("a `${{` is never closed by `}}`")]
    OpenBrace,
    /// `${}` and the like.
    #[error("a variable's name is missing after `${{`")]
    MissingName,
    /// `${name…` goes on in a way that means nothing.
    #[error("`{modifier}` is not a modifier of `${{{name}}}`")]
    Modifier {
        /// The variable.
        name: String,
        /// What follows its name.
        modifier: String,
    },
    /// `${name?message}` of a variable without a value.
    #[error("{name}: {message}")]
    Required {
        /// The variable.
        name: String,
        /// What its author says.
        message: String,
    },
}

/// Finds the value of a variable.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces variables and removes quotes and escapes.
pub(crate) fn expand(word: &str, escape: char, variables: Lookup<'_>) -> Result<String, ExpandError> {
    let mut expander = Expander::new(word, escape, Quotes::Removed, variables);
    expander.until(None)?;
    Ok(expander.output.text)
}

/// As [`expand`], and splits at blanks, those that come out of variables among them.
pub(crate) fn expand_words(
    word: &str,
    escape: char,
    variables: Lookup<'_>,
) -> Result<Vec<String>, ExpandError> {
    let mut expander = Expander::new(word, escape, Quotes::Removed, variables);
    expander.until(None)?;
    Ok(expander.output.into_words())
}

/// Replaces variables in the body of a here-document, where quotes are characters like any other.
pub(crate) fn expand_body(body: &str, escape: char, variables: Lookup<'_>) -> Result<String, ExpandError> {
    let mut expander = Expander::new(body, escape, Quotes::Kept, variables);
    expander.until(None)?;
    Ok(expander.output.text)
}

/// What becomes of quotes and escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// They group and vanish.
    Removed,
    /// They are text; an escape counts only before `$`, itself and the end of the line.
    Kept,
    /// Escapes stay for the pattern that the text becomes.
    Pattern,
}

struct Expander<'a> {
    rest: Peekable<Chars<'a>>,
    escape: char,
    quotes: Quotes,
    variables: Lookup<'a>,
    output: Output,
}

impl<'a> Expander<'a> {
    fn new(text: &'a str, escape: char, quotes: Quotes, variables: Lookup<'a>) -> Self {
        Self { rest: text.chars().peekable(), escape, quotes, variables, output: Output::default() }
    }

    /// Expands up to `stop`, which is consumed, or to the end of the text.
    fn until(&mut self, stop: Option<char>) -> Result<(), ExpandError> {
        while let Some(c) = self.rest.next() {
            if Some(c) == stop {
                return Ok(());
            }
            match c {
                '$' => self.dollar()?,
                '\'' if self.quotes != Quotes::Kept => self.single_quoted()?,
                '"' if self.quotes != Quotes::Kept => self.double_quoted()?,
                c if c == self.escape || (c == '\\' && self.quotes == Quotes::Pattern) => self.escaped(c),
                c => self.output.bare(c),
            }
        }
        match stop {
            Some(_) => Err(ExpandError::OpenBrace),
            None => Ok(()),
        }
    }

    fn single_quoted(&mut self) -> Result<(), ExpandError> {
        self.output.begin();
        loop {
            match self.rest.next() {
                Some('\'') => return Ok(()),
                Some(c) => self.output.quoted(c),
                None => return Err(ExpandError::OpenQuote('\'')),
            }
        }
    }

    fn double_quoted(&mut self) -> Result<(), ExpandError> {
        self.output.begin();
        loop {
            match self.rest.next() {
                Some('"') => return Ok(()),
                Some('$') => {
                    let value = self.variable()?;
                    self.output.quoted_text(&value);
                }
                Some(c) if c == self.escape => self.escaped_in_quotes(c),
                Some(c) => self.output.quoted(c),
                None => return Err(ExpandError::OpenQuote('"')),
            }
        }
    }

    /// Within double quotes an escape counts only before `"`, `$` and itself.
    fn escaped_in_quotes(&mut self, escape: char) {
        match self.rest.next_if(|next| matches!(next, '"' | '$') || *next == escape) {
            Some(next) => self.output.quoted(next),
            None => self.output.quoted(escape),
        }
    }

    fn escaped(&mut self, escape: char) {
        let Some(&next) = self.rest.peek() else { return };
        match self.quotes {
            Quotes::Removed => {}
            Quotes::Pattern => self.output.quoted(escape),
            Quotes::Kept if next == '\n' => return,
            Quotes::Kept if next == '$' || next == escape => {}
            Quotes::Kept => return self.output.quoted(escape),
        }
        self.rest.next();
        self.output.quoted(next);
    }

    fn dollar(&mut self) -> Result<(), ExpandError> {
        let value = self.variable()?;
        self.output.bare_text(&value);
        Ok(())
    }

    /// What stands for the variable after a `$` that was just read.
    fn variable(&mut self) -> Result<String, ExpandError> {
        if self.rest.next_if_eq(&'{').is_some() {
            return self.braced();
        }
        let name = self.name();
        if name.is_empty() {
            return Ok("$".to_owned());
        }
        Ok((self.variables)(&name).unwrap_or_default())
    }

    /// A name: digits, one special character, or letters, digits and `_`.
    fn name(&mut self) -> String {
        let is_special = |c: &char| matches!(c, '@' | '*' | '#' | '?' | '-' | '$' | '!');
        let mut name = String::new();
        match self.rest.next_if(is_special) {
            Some(special) => name.push(special),
            None => {
                let is_number = self.rest.peek().is_some_and(char::is_ascii_digit);
                let is_part =
                    |c: &char| c.is_ascii_digit() || (!is_number && (c.is_alphabetic() || *c == '_'));
                while let Some(c) = self.rest.next_if(is_part) {
                    name.push(c);
                }
            }
        }
        name
    }

    /// `${…}`, after the brace.
    fn braced(&mut self) -> Result<String, ExpandError> {
        let name = self.name();
        if name.is_empty() {
            return Err(if self.rest.peek().is_none() {
                ExpandError::OpenBrace
            } else {
                ExpandError::MissingName
            });
        }
        let value = (self.variables)(&name);
        match self.rest.next().ok_or(ExpandError::OpenBrace)? {
            '}' => Ok(value.unwrap_or_default()),
            ':' => {
                let modifier = self.rest.next().ok_or(ExpandError::OpenBrace)?;
                if !matches!(modifier, '-' | '+' | '?') {
                    return Err(ExpandError::Modifier { name, modifier: format!(":{modifier}") });
                }
                let value = value.filter(|value| !value.is_empty());
                self.alternative(modifier, value, ExpandError::required(name, "is not allowed to be empty"))
            }
            modifier @ ('-' | '+' | '?') => {
                self.alternative(modifier, value, ExpandError::required(name, "is not allowed to be unset"))
            }
            modifier @ ('#' | '%') => self.trimmed(modifier, &value.unwrap_or_default()),
            '/' => self.replaced(&value.unwrap_or_default()),
            modifier => Err(ExpandError::Modifier { name, modifier: modifier.to_string() }),
        }
    }

    /// `-word`, `+word` and `?word`: what stands in for a value that is or is not there.
    fn alternative(
        &mut self,
        modifier: char,
        value: Option<String>,
        missing: ExpandError,
    ) -> Result<String, ExpandError> {
        let word = self.operand('}', Quotes::Removed)?;
        match (modifier, value) {
            ('+', None) => Ok(String::new()),
            ('+', Some(_)) | ('-', None) => Ok(word),
            (_, Some(value)) => Ok(value),
            (_, None) => Err(missing.because(word)),
        }
    }

    /// `#pattern` and `%pattern`, doubled for the longest match.
    fn trimmed(&mut self, modifier: char, value: &str) -> Result<String, ExpandError> {
        let is_longest = self.rest.next_if_eq(&modifier).is_some();
        let pattern = Pattern::new(&self.operand('}', Quotes::Pattern)?);
        let kept = match modifier {
            '#' => pattern.without_prefix(value, is_longest),
            _ => pattern.without_suffix(value, is_longest),
        };
        Ok(kept.to_owned())
    }

    /// `/pattern/replacement`, with `//` for every match.
    fn replaced(&mut self, value: &str) -> Result<String, ExpandError> {
        let is_all = self.rest.next_if_eq(&'/').is_some();
        let pattern = Pattern::new(&self.operand('/', Quotes::Pattern)?);
        let replacement = self.operand('}', Quotes::Removed)?;
        Ok(pattern.replace(value, &replacement, is_all))
    }

    /// Expands up to `stop` into a text of its own.
    fn operand(&mut self, stop: char, quotes: Quotes) -> Result<String, ExpandError> {
        let outer = (std::mem::take(&mut self.output), std::mem::replace(&mut self.quotes, quotes));
        let result = self.until(Some(stop));
        let operand = std::mem::replace(&mut self.output, outer.0);
        self.quotes = outer.1;
        result.map(|()| operand.text)
    }
}

impl ExpandError {
    fn required(name: String, message: &str) -> Self {
        Self::Required { name, message: message.to_owned() }
    }

    /// The author's message instead of the usual one, if there is one.
    fn because(self, reason: String) -> Self {
        match self {
            Self::Required { name, .. } if !reason.is_empty() => Self::Required { name, message: reason },
            error => error,
        }
    }
}

/// The expanded text, as one and as words.
#[derive(Debug, Default)]
struct Output {
    text: String,
    words: Vec<String>,
    is_in_word: bool,
}

impl Output {
    /// Starts a word even if nothing follows: `""` is one.
    fn begin(&mut self) {
        if !self.is_in_word {
            self.words.push(String::new());
            self.is_in_word = true;
        }
    }

    /// A character that belongs to a word even if it is a blank.
    fn quoted(&mut self, c: char) {
        self.begin();
        self.text.push(c);
        self.words.last_mut().expect("a word was begun").push(c);
    }

    fn quoted_text(&mut self, text: &str) {
        text.chars().for_each(|c| self.quoted(c));
    }

    /// A character that ends a word if it is a blank.
    fn bare(&mut self, c: char) {
        if c.is_whitespace() {
            self.text.push(c);
            self.is_in_word = false;
        } else {
            self.quoted(c);
        }
    }

    fn bare_text(&mut self, text: &str) {
        text.chars().for_each(|c| self.bare(c));
    }

    fn into_words(self) -> Vec<String> {
        self.words
    }
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
