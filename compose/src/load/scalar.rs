//! Scalars: plain YAML text to values, and strings that variables bring to what the schema wants.

use super::node::Value;

/// Resolves a plain scalar as Go's yaml.v3 does, which Compose uses: YAML 1.2 with 1.1's octal numbers.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return Value::Text(text.to_owned());
    }
    let digits = text.replace('_', "");
    match parse_integer(&digits) {
        Some(number) => i64::try_from(number).map_or_else(|_| large(number), Value::Integer),
        None => match parse_float(&digits) {
            Some(number) => Value::Float(number),
            None => Value::Text(date(text).unwrap_or_else(|| text.to_owned())),
        },
    }
}

/// What fits 64 bits only without a sign is kept digit by digit; the rest is a number with a point.
fn large(number: i128) -> Value {
    match u64::try_from(number) {
        Ok(number) => Value::Text(number.to_string()),
        #[expect(clippy::cast_precision_loss, reason = "Go's parser loses it too")]
        Err(_) => Value::Float(number as f64),
    }
}

fn parse_integer(text: &str) -> Option<i128> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        [b'0'..=b'9', ..] => (10, digits),
        _ => return None,
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    Some(if is_negative { -number } else { number })
}

/// Only what looks like a number: Rust also reads `inf`, `nan` and `infinity`.
fn parse_float(text: &str) -> Option<f64> {
    let is_numeric = text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| matches!(c, '0'..='9' | '.' | '-' | '+' | 'e' | 'E'));
    if is_numeric { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

/// `2001-12-14` is a time in YAML 1.1, and Go prints it as one.
fn date(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |text: &str, max: u32| {
        let is_plain = text.chars().all(|c| c.is_ascii_digit()) && (1..=2).contains(&text.len());
        text.parse().ok().filter(|number: &u32| is_plain && (1..=max).contains(number))
    };
    if parts.next().is_some() || year.len() != 4 || !year.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    Some(format!("{year}-{:02}-{:02} 00:00:00 +0000 UTC", number(month, 12)?, number(day, 31)?))
}

/// A number as Go's `fmt.Sprint` writes it: with an exponent below 1e-4 and from 1e6 on.
pub(super) fn go_float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// A number as JSON has it: whole ones without a point.
pub(super) fn json_number(number: f64) -> serde_json::Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers of that size fit exactly")]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return (number as i64).into();
    }
    number.into()
}

/// Strings read as booleans as in YAML 1.1, since variables always are strings.
pub(super) fn boolean(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "y" | "yes" | "on" => Some(Value::Bool(true)),
            "false" | "n" | "no" | "off" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::Integer(_) => Some(value.clone()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only whole numbers within i64's exact range pass"
        )]
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Some(Value::Integer(*number as i64))
        }
        Value::Text(text) => text.parse().ok().map(Value::Integer),
        _ => None,
    }
}

pub(super) fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Integer(_) | Value::Float(_) => Some(value.clone()),
        Value::Text(text) => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float),
        _ => None,
    }
}
