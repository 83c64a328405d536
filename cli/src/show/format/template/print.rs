//! Values as Go prints them (pkg.go.dev/fmt): `%v`, and `printf`'s other verbs.

use serde_json::Value;

/// A value alone: `%v`, but for what is missing.
pub(super) fn print(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        value => plain(value),
    }
}

/// `%v`.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => general(float),
            None => number.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("{key}:{}", plain(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// `%g` with as few digits as tell the number from its neighbours.
fn general(float: f64) -> String {
    let exponent = if float == 0.0 { 0.0 } else { float.abs().log10().floor() };
    if (-4.0..21.0).contains(&exponent) { float.to_string() } else { scientific(float, None) }
}

/// Go writes at least two digits of exponent, with its sign.
fn scientific(float: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{float:.precision$e}"),
        None => format!("{float:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `print`: a space between two operands of which neither is a string.
pub(super) fn print_all(values: &[Value]) -> String {
    let mut text = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 && !value.is_string() && !values[index - 1].is_string() {
            text.push(' ');
        }
        text.push_str(&plain(value));
    }
    text
}

/// `println`: a space between all, and a line feed.
pub(super) fn print_line(values: &[Value]) -> String {
    values.iter().map(plain).collect::<Vec<_>>().join(" ") + "\n"
}

/// `printf`.
pub(super) fn print_format(format: &str, values: &[Value]) -> String {
    let mut text = String::new();
    let mut values_left = values.iter();
    let mut rest = format.chars().peekable();
    while let Some(character) = rest.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let mut directive = Directive::default();
        while let Some(flag) = rest.next_if(|c| "+-# 0".contains(*c)) {
            directive.flags.push(flag);
        }
        directive.width = number(&mut rest, &mut values_left).unwrap_or(0);
        if rest.next_if_eq(&'.').is_some() {
            directive.precision = Some(number(&mut rest, &mut values_left).unwrap_or(0));
        }
        match rest.next() {
            None => text.push_str("%!(NOVERB)"),
            Some('%') => text.push('%'),
            Some(verb) => match values_left.next() {
                Some(value) => text.push_str(&directive.apply(verb, value)),
                None => text.push_str(&format!("%!{verb}(MISSING)")),
            },
        }
    }
    let extra: Vec<_> = values_left.map(|value| format!("{}={}", go_type(value), plain(value))).collect();
    if !extra.is_empty() {
        text.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    text
}

/// Digits, or `*` for the next value. A width beyond any screen is a mistake, not a wish for memory.
fn number<'a>(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    values: &mut impl Iterator<Item = &'a Value>,
) -> Option<usize> {
    const WIDEST: usize = 4096;
    if rest.next_if_eq(&'*').is_some() {
        let width = values.next().and_then(Value::as_u64)?;
        return Some(usize::try_from(width).unwrap_or(WIDEST).min(WIDEST));
    }
    let mut number = None;
    while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
        rest.next();
        number = Some((number.unwrap_or(0) * 10 + digit as usize).min(WIDEST));
    }
    number
}

/// What stands between `%` and the verb.
#[derive(Debug, Default)]
struct Directive {
    flags: String,
    width: usize,
    precision: Option<usize>,
}

impl Directive {
    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    fn apply(&self, verb: char, value: &Value) -> String {
        match self.text(verb, value) {
            Some(text) => self.pad(text, value.is_number()),
            None => format!("%!{verb}({}={})", go_type(value), plain(value)),
        }
    }

    /// `None` where the verb is not for such a value.
    fn text(&self, verb: char, value: &Value) -> Option<String> {
        let alternate = self.has('#');
        match (verb, value) {
            ('v', Value::String(text)) if alternate => Some(quote(text)),
            ('v', _) => Some(self.signed(plain(value), value)),
            ('T', _) => Some(go_type(value).to_owned()),
            ('t', Value::Bool(value)) => Some(value.to_string()),
            ('s', Value::String(text)) => Some(self.cut(text)),
            ('s' | 'q' | 'x', Value::Array(items)) => {
                let items: Option<Vec<_>> = items.iter().map(|item| self.text(verb, item)).collect();
                Some(format!("[{}]", items?.join(" ")))
            }
            ('q', Value::String(text)) => Some(quote(&self.cut(text))),
            ('x' | 'X', Value::String(text)) => {
                let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
                Some(if verb == 'X' { hex.to_uppercase() } else { hex })
            }
            ('f' | 'F' | 'e' | 'g', Value::Number(number)) if number.is_f64() => {
                Some(self.signed(self.float(verb, number.as_f64()?), value))
            }
            ('d' | 'x' | 'X' | 'o' | 'b' | 'c' | 'U' | 'q', Value::Number(number)) => {
                let text = self.integer(verb, number.as_i64()?)?;
                Some(if verb == 'd' { self.signed(text, value) } else { text })
            }
            _ => None,
        }
    }

    fn float(&self, verb: char, float: f64) -> String {
        match (verb, self.precision) {
            ('e', precision) => scientific(float, Some(precision.unwrap_or(6))),
            ('g', _) => general(float),
            (_, precision) => format!("{float:.*}", precision.unwrap_or(6)),
        }
    }

    fn integer(&self, verb: char, number: i64) -> Option<String> {
        let (sign, size) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
        let prefix = |prefix| if self.has('#') { prefix } else { "" };
        let character = || u32::try_from(number).ok().and_then(char::from_u32);
        Some(match verb {
            'd' => number.to_string(),
            'x' => format!("{sign}{}{size:x}", prefix("0x")),
            'X' => format!("{sign}{}{size:X}", prefix("0X")),
            'o' => format!("{sign}{}{size:o}", prefix("0")),
            'b' => format!("{sign}{}{size:b}", prefix("0b")),
            'c' => character()?.to_string(),
            'q' => format!("'{}'", character()?),
            'U' => format!("U+{size:04X}"),
            _ => return None,
        })
    }

    fn signed(&self, text: String, value: &Value) -> String {
        let is_bare = value.is_number() && !text.starts_with('-');
        match (is_bare, self.has('+'), self.has(' ')) {
            (true, true, _) => format!("+{text}"),
            (true, false, true) => format!(" {text}"),
            _ => text,
        }
    }

    fn cut(&self, text: &str) -> String {
        text.chars().take(self.precision.unwrap_or(usize::MAX)).collect()
    }

    fn pad(&self, text: String, is_number: bool) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.has('-') {
            return text + &" ".repeat(missing);
        }
        if !self.has('0') || !is_number {
            return " ".repeat(missing) + &text;
        }
        let digits = text.trim_start_matches(['+', '-']);
        let sign = &text[..text.len() - digits.len()];
        format!("{sign}{}{digits}", "0".repeat(missing))
    }
}

/// `%q`.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() && c.is_ascii() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The type that Go would decode the value to.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
