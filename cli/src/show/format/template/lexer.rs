//! A template's text in pieces: literal text, and the words of each action.
//!
//! Go's rules (pkg.go.dev/text/template): `{{- ` and ` -}}` trim white space around an action,
//! `{{/* … */}}` is a comment.

use super::error::Problem;
use serde_json::Value;

/// A piece of a template: where it begins, and what it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Printed as it is.
    Text(String),
    /// The words between `{{` and `}}`.
    Action { place: usize, words: Vec<Word> },
}

/// A word of an action.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) place: usize,
    /// Whether nothing stands between it and the word before.
    pub(super) is_glued: bool,
    pub(super) token: Token,
}

/// What a word is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword or function.
    Name(String),
    /// `.Name`
    Field(String),
    /// `$name`
    Variable(String),
    /// `.` alone.
    Dot,
    /// A string, number or character.
    Literal(Value),
    /// `|`, `,`, `:=`, `=`, `(` or `)`.
    Sign(&'static str),
}

impl Token {
    /// How messages name it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Field(name) => format!("`.{name}`"),
            Self::Variable(name) => format!("`${name}`"),
            Self::Dot => "`.`".to_owned(),
            Self::Literal(value) => format!("`{value}`"),
            Self::Sign(sign) => format!("`{sign}`"),
        }
    }
}

/// A problem and the byte where it is.
pub(super) type Fault = (usize, Problem);

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// Cuts a template into pieces. With `escapes`, `\t` and `\n` outside actions are a tab and a line feed.
pub(super) fn pieces(text: &str, escapes: bool) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    let mut place = 0;
    let mut trims = false;
    loop {
        let open = text[place..].find(OPEN).map_or(text.len(), |found| place + found);
        let is_last = open == text.len();
        let trims_end = !is_last && trims_left(&text[open + OPEN.len()..]);
        let mut literal = &text[place..open];
        literal = if trims { literal.trim_start() } else { literal };
        literal = if trims_end { literal.trim_end() } else { literal };
        if !literal.is_empty() {
            pieces.push(Piece::Text(if escapes { unescape(literal) } else { literal.to_owned() }));
        }
        if is_last {
            return Ok(pieces);
        }
        let inner = open + OPEN.len() + if trims_end { 2 } else { 0 };
        let mut scanner = Scanner { text, place: inner };
        let words = scanner.action(open)?;
        pieces.extend(words.map(|words| Piece::Action { place: open, words }));
        trims = scanner.trims_right();
        place = scanner.place;
    }
}

/// `- ` after `{{`: without the space it is a negative number.
fn trims_left(rest: &str) -> bool {
    rest.starts_with('-') && rest[1..].starts_with(char::is_whitespace)
}

/// What Docker lists do to a template before it is read, but not inside its actions, where string
/// literals have escapes of their own.
fn unescape(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}

struct Scanner<'a> {
    text: &'a str,
    place: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.place..]
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest().chars().take_while(|c| is_part(*c)).collect();
        self.place += taken.len();
        taken
    }

    /// The words up to and without `}}`; `None` for a comment.
    fn action(&mut self, open: usize) -> Result<Option<Vec<Word>>, Fault> {
        if self.rest().starts_with("/*") {
            return self.comment(open).map(|()| None);
        }
        let mut words = Vec::new();
        loop {
            let before = self.place;
            self.take_while(char::is_whitespace);
            if self.is_at_end() {
                return Ok(Some(words));
            }
            let place = self.place;
            let Some(first) = self.rest().chars().next() else { return Err((open, Problem::OpenAction)) };
            let token = self.token(first)?;
            words.push(Word { place, is_glued: place == before, token });
        }
    }

    /// At `}}`, or at `-}}` with a space before it.
    fn is_at_end(&self) -> bool {
        let spaced = self.text[..self.place].ends_with(char::is_whitespace);
        self.rest().starts_with(CLOSE) || (spaced && self.rest().starts_with("-}}"))
    }

    /// Steps over the end of an action; true if it trims.
    fn trims_right(&mut self) -> bool {
        let trims = self.rest().starts_with('-');
        self.place += CLOSE.len() + usize::from(trims);
        trims
    }

    fn comment(&mut self, open: usize) -> Result<(), Fault> {
        let end = self.rest().find("*/").ok_or((open, Problem::OpenComment))?;
        self.place += end + 2;
        self.take_while(char::is_whitespace);
        if self.is_at_end() { Ok(()) } else { Err((open, Problem::OpenComment)) }
    }

    fn token(&mut self, first: char) -> Result<Token, Fault> {
        let rest = self.rest();
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        match first {
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.character(),
            '$' => {
                self.place += 1;
                Ok(Token::Variable(self.take_while(is_name)))
            }
            '.' if is_number(&rest[1..]) => self.number(),
            '.' => {
                self.place += 1;
                let name = self.take_while(is_name);
                Ok(if name.is_empty() { Token::Dot } else { Token::Field(name) })
            }
            '+' | '-' if is_number(rest[1..].trim_start_matches('.')) => self.number(),
            _ if first.is_ascii_digit() => self.number(),
            _ if is_name(first) => Ok(Token::Name(self.take_while(is_name))),
            _ => self.sign(first),
        }
    }

    fn sign(&mut self, first: char) -> Result<Token, Fault> {
        for sign in [":=", "|", ",", "=", "(", ")"] {
            if self.rest().starts_with(sign) {
                self.place += sign.len();
                return Ok(Token::Sign(sign));
            }
        }
        Err((self.place, Problem::Unexpected(format!("`{first}`"))))
    }

    fn number(&mut self) -> Result<Token, Fault> {
        let place = self.place;
        let sign = if self.rest().starts_with(['+', '-']) { 1 } else { 0 };
        self.place += sign;
        let digits = self.digits();
        if !digits.starts_with("0x") && digits.ends_with(['e', 'E']) && self.rest().starts_with(['+', '-']) {
            self.place += 1;
            self.digits();
        }
        let text = self.text[place..self.place].to_owned();
        number(&text).map(Token::Literal).ok_or((place, Problem::Number(text)))
    }

    fn digits(&mut self) -> String {
        self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
    }

    fn raw(&mut self) -> Result<Token, Fault> {
        let place = self.place;
        let end = self.rest()[1..].find('`').ok_or((place, Problem::OpenString))?;
        let text = self.rest()[1..=end].to_owned();
        self.place += end + 2;
        Ok(Token::Literal(Value::String(text)))
    }

    fn quoted(&mut self) -> Result<Token, Fault> {
        self.string('"').map(|text| Token::Literal(Value::String(text)))
    }

    /// A character is a number in Go.
    fn character(&mut self) -> Result<Token, Fault> {
        let place = self.place;
        let text = self.string('\'')?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(Token::Literal(Value::from(u32::from(character)))),
            _ => Err((place, Problem::Unexpected(format!("`'{text}'`")))),
        }
    }

    fn string(&mut self, quote: char) -> Result<String, Fault> {
        let place = self.place;
        let mut text = String::new();
        let mut characters = self.text[place + 1..].char_indices();
        while let Some((offset, character)) = characters.next() {
            match character {
                '\n' => break,
                '\\' => {
                    let escaped = characters.next().map(|(_, escaped)| escaped);
                    text.push(escaped.and_then(escape).ok_or((place + 1 + offset, Problem::Escape))?);
                }
                _ if character == quote => {
                    self.place = place + 1 + offset + 1;
                    return Ok(text);
                }
                _ => text.push(character),
            }
        }
        Err((place, Problem::OpenString))
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn escape(letter: char) -> Option<char> {
    Some(match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'v' => '\x0b',
        '\\' | '"' | '\'' => letter,
        _ => return None,
    })
}

/// Go's numbers: `10`, `-3`, `0x1f`, `0b1`, `0o7`, `1_000`, `1.5`, `1e3`.
fn number(text: &str) -> Option<Value> {
    let plain = text.replace('_', "");
    let unsigned = plain.trim_start_matches(['+', '-']);
    let radix = match unsigned.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        Some("0b") => Some(2),
        _ => None,
    };
    if let Some(radix) = radix {
        let value = i64::from_str_radix(&unsigned[2..], radix).ok()?;
        return Some(Value::from(if plain.starts_with('-') { -value } else { value }));
    }
    match plain.parse::<i64>() {
        Ok(value) => Some(Value::from(value)),
        Err(_) => plain.parse::<f64>().ok().filter(|value| value.is_finite()).map(Value::from),
    }
}
