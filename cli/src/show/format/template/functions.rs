//! The functions of templates: Go's, and those that Docker adds.

use super::error::CallFault;
use super::evaluate::Subject;
use super::print::{print_all, print_format, print_line};
use super::value::{equal, is_true, kind, order};
use serde_json::Value;
use std::cmp::Ordering;

/// All of them.
pub(super) const NAMES: [&str; 25] = [
    "and", "eq", "ge", "gt", "html", "index", "join", "json", "le", "len", "lower", "lt", "ne", "not", "or",
    "pad", "print", "printf", "println", "slice", "split", "title", "truncate", "upper", "urlquery",
];

/// Those that Docker leaves undone in a table's header.
pub(super) fn is_for_values(name: &str) -> bool {
    matches!(name, "json" | "title" | "lower" | "upper" | "truncate" | "pad")
}

/// Calls a function of [`NAMES`].
pub(super) fn call(name: &str, arguments: Vec<Value>) -> Result<Value, CallFault> {
    match name {
        "json" => one(&arguments).map(|value| Value::String(value.to_string())),
        "lower" | "upper" | "title" | "html" | "urlquery" => {
            one(&arguments).and_then(text).map(|text| change(name, text))
        }
        "len" => one(&arguments).and_then(length),
        "not" => one(&arguments).map(|value| Value::Bool(!is_true(value))),
        "join" => join(&arguments),
        "split" => split(&arguments),
        "truncate" => truncate(&arguments),
        "pad" => pad(&arguments),
        "index" => index(&arguments),
        "slice" => slice(&arguments),
        "print" => Ok(Value::String(print_all(&arguments))),
        "println" => Ok(Value::String(print_line(&arguments))),
        "printf" => match arguments.split_first() {
            Some((format, rest)) => Ok(Value::String(print_format(text(format)?, rest))),
            None => Err(CallFault::Count { expected: "a format and values", given: 0 }),
        },
        "and" | "or" => Ok(decide(arguments, name == "or")),
        _ => compare(name, &arguments).map(Value::Bool),
    }
}

/// `.Label "key"`: a label's value, or in a header the readable end of its key.
pub(super) fn label(subject: Subject<'_>, arguments: &[Value]) -> Result<Value, CallFault> {
    let key = one(arguments).and_then(text)?;
    let value = if subject.is_header {
        key.rsplit('.').next().unwrap_or(key).replace(['-', '_'], " ")
    } else {
        subject.labels.and_then(|labels| labels.get(key)).cloned().unwrap_or_default()
    };
    Ok(Value::String(value))
}

fn one(arguments: &[Value]) -> Result<&Value, CallFault> {
    match arguments {
        [value] => Ok(value),
        _ => Err(CallFault::Count { expected: "1", given: arguments.len() }),
    }
}

fn two(arguments: &[Value]) -> Result<(&Value, &Value), CallFault> {
    match arguments {
        [first, second] => Ok((first, second)),
        _ => Err(CallFault::Count { expected: "2", given: arguments.len() }),
    }
}

fn text(value: &Value) -> Result<&str, CallFault> {
    value.as_str().ok_or(CallFault::Kind { expected: "a string", found: kind(value) })
}

fn whole(value: &Value) -> Result<i64, CallFault> {
    value.as_i64().ok_or(CallFault::Kind { expected: "a whole number", found: kind(value) })
}

fn change(name: &str, text: &str) -> Value {
    Value::String(match name {
        "lower" => text.to_lowercase(),
        "upper" => text.to_uppercase(),
        "title" => title(text),
        "html" => html(text),
        _ => query(text),
    })
}

/// The first letter of each word.
fn title(text: &str) -> String {
    let mut before = ' ';
    let mut title = String::new();
    for character in text.chars() {
        if before.is_alphanumeric() || matches!(before, '_' | '\'') {
            title.push(character);
        } else {
            title.extend(character.to_uppercase());
        }
        before = character;
    }
    title
}

/// As text of a page.
fn html(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&#34;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

/// As part of a URL's query.
fn query(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Go counts the bytes of a string.
fn length(value: &Value) -> Result<Value, CallFault> {
    match value {
        Value::String(text) => Ok(Value::from(text.len())),
        Value::Array(items) => Ok(Value::from(items.len())),
        Value::Object(fields) => Ok(Value::from(fields.len())),
        Value::Null => Ok(Value::from(0)),
        Value::Bool(_) | Value::Number(_) => {
            Err(CallFault::Kind { expected: "a string, list or object", found: kind(value) })
        }
    }
}

fn join(arguments: &[Value]) -> Result<Value, CallFault> {
    let (items, separator) = two(arguments)?;
    let items = match items {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(text).collect::<Result<Vec<_>, _>>()?,
        other => return Err(CallFault::Kind { expected: "a list", found: kind(other) }),
    };
    Ok(Value::String(items.join(text(separator)?)))
}

fn split(arguments: &[Value]) -> Result<Value, CallFault> {
    let (whole, separator) = two(arguments)?;
    let (whole, separator) = (text(whole)?, text(separator)?);
    if separator.is_empty() {
        return Ok(whole.chars().map(|c| Value::String(c.to_string())).collect());
    }
    Ok(whole.split(separator).map(Value::from).collect())
}

/// The first bytes, without half a character.
fn truncate(arguments: &[Value]) -> Result<Value, CallFault> {
    let (whole_text, length) = two(arguments)?;
    let (text, length) = (text(whole_text)?, whole(length)?);
    let length = usize::try_from(length).map_err(|_| CallFault::Range(length))?;
    Ok(Value::from(&text[..text.floor_char_boundary(length.min(text.len()))]))
}

/// Spaces before and after, unless the text is empty.
fn pad(arguments: &[Value]) -> Result<Value, CallFault> {
    const WIDEST: i64 = 4096;
    let [padded, before, after] = arguments else {
        return Err(CallFault::Count { expected: "3", given: arguments.len() });
    };
    let padded = text(padded)?;
    let spaces = |count: &Value| -> Result<String, CallFault> {
        let count = whole(count)?;
        let fitting = usize::try_from(count).ok().filter(|_| count <= WIDEST);
        Ok(" ".repeat(fitting.ok_or(CallFault::Range(count))?))
    };
    let (before, after) = (spaces(before)?, spaces(after)?);
    Ok(Value::String(if padded.is_empty() { String::new() } else { format!("{before}{padded}{after}") }))
}

fn index(arguments: &[Value]) -> Result<Value, CallFault> {
    let Some((value, keys)) = arguments.split_first() else {
        return Err(CallFault::Count { expected: "a value and keys", given: 0 });
    };
    keys.iter().try_fold(value.clone(), |value, key| match value {
        Value::Object(mut fields) => {
            let found = fields.remove(text(key)?);
            // A map of strings has the empty string for what it does not have.
            Ok(found.unwrap_or_else(|| match fields.values().all(Value::is_string) {
                true => Value::from(""),
                false => Value::Null,
            }))
        }
        Value::Array(mut items) => {
            let place = whole(key)?;
            let found = usize::try_from(place).ok().filter(|place| *place < items.len());
            Ok(items.swap_remove(found.ok_or(CallFault::Range(place))?))
        }
        other => Err(CallFault::Kind { expected: "a list or object", found: kind(&other) }),
    })
}

/// `x[from:to]`.
fn slice(arguments: &[Value]) -> Result<Value, CallFault> {
    let Some((value, bounds)) = arguments.split_first() else {
        return Err(CallFault::Count { expected: "a value and bounds", given: 0 });
    };
    let bound = |number: usize, default: usize| -> Result<usize, CallFault> {
        let Some(bound) = bounds.get(number) else { return Ok(default) };
        let bound = whole(bound)?;
        usize::try_from(bound).map_err(|_| CallFault::Range(bound))
    };
    let length = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        other => return Err(CallFault::Kind { expected: "a string or list", found: kind(other) }),
    };
    let (from, to) = (bound(0, 0)?, bound(1, length)?);
    let part = match value {
        Value::String(text) => text.get(from..to).map(Value::from),
        Value::Array(items) => items.get(from..to).map(Value::from),
        _ => None,
    };
    part.ok_or(CallFault::Range(i64::try_from(to.max(from)).unwrap_or(i64::MAX)))
}

/// `and` and `or` of values that are there already.
fn decide(arguments: Vec<Value>, is_or: bool) -> Value {
    let last = arguments.last().cloned().unwrap_or_default();
    arguments.into_iter().find(|value| is_true(value) == is_or).unwrap_or(last)
}

fn compare(name: &str, arguments: &[Value]) -> Result<bool, CallFault> {
    if name == "eq" {
        let Some((first, rest)) = arguments.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return Err(CallFault::Count { expected: "2 or more", given: arguments.len() });
        };
        return rest.iter().try_fold(false, |found, other| Ok(found || equal(first, other)?));
    }
    let (a, b) = two(arguments)?;
    match name {
        "ne" => equal(a, b).map(|equal| !equal),
        "lt" => order(a, b).map(Ordering::is_lt),
        "le" => order(a, b).map(Ordering::is_le),
        "gt" => order(a, b).map(Ordering::is_gt),
        _ => order(a, b).map(Ordering::is_ge),
    }
}
