//! Variables in values: `$NAME`, `${NAME}` and the operators of the Compose specification.
//!
//! ```text
//! ${N:-d} ${N-d}   d if N is unset or empty / unset
//! ${N:+r} ${N+r}   r if N is set and not empty / set
//! ${N:?m} ${N?m}   error m if N is unset or empty / unset
//! $$               a dollar sign
//! ```
//! `d`, `r` and `m` are templates themselves and evaluated only when used.

use super::node::{Node, Value};
use super::report::Report;

/// Where the value of a variable is looked up.
pub(super) type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Why a template has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    #[error("invalid interpolation format; write `$$` for a literal dollar sign")]
    Invalid,
    #[error("required variable {name} is missing a value{}", suffix(message))]
    Required { name: String, message: String },
}

fn suffix(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// Replaces the variables in every value below `node`; keys stay as they are.
pub(super) fn interpolate(node: &mut Node, lookup: &Lookup<'_>, report: &mut Report) {
    match &mut node.value {
        Value::Text(text) if text.contains('$') => match expand_reporting(text, node.span, lookup, report) {
            Ok(expanded) => *text = expanded,
            Err(error) => drop(report.error(node.span, error.to_string())),
        },
        Value::List(items) => items.iter_mut().for_each(|item| interpolate(item, lookup, report)),
        Value::Map(map) => map.values_mut().for_each(|entry| interpolate(&mut entry.node, lookup, report)),
        Value::Text(_) | Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {}
    }
}

fn expand_reporting(
    text: &str,
    span: super::node::Span,
    lookup: &Lookup<'_>,
    report: &mut Report,
) -> Result<String, TemplateError> {
    expand(text, lookup, &mut |name| {
        report.warning(span, format!("the variable `{name}` is not set, an empty string is used"));
    })
}

/// The value of a template. `on_unset` hears of each variable that has neither value nor default.
pub(super) fn expand(
    template: &str,
    lookup: &Lookup<'_>,
    on_unset: &mut dyn FnMut(&str),
) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix('{') {
            let end = closing_brace(tail).ok_or(TemplateError::Invalid)?;
            out.push_str(&substitute(&tail[..end], lookup, on_unset)?);
            rest = &tail[end + 1..];
        } else {
            let (name, tail) = split_name(rest);
            rest = tail;
            if name.is_empty() {
                out.push('$');
            } else {
                out.push_str(&value_of(name, lookup, on_unset));
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// The text between `${` and its `}`.
fn substitute(
    inner: &str,
    lookup: &Lookup<'_>,
    on_unset: &mut dyn FnMut(&str),
) -> Result<String, TemplateError> {
    let (name, rest) = split_name(inner);
    if name.is_empty() {
        return Err(TemplateError::Invalid);
    }
    if rest.is_empty() {
        return Ok(value_of(name, lookup, on_unset));
    }
    let (counts_empty, operator) = match rest.strip_prefix(':') {
        Some(tail) => (true, tail),
        None => (false, rest),
    };
    let mut characters = operator.chars();
    let (operator, operand) = (characters.next(), characters.as_str());
    let value = lookup(name).filter(|value| !(counts_empty && value.is_empty()));
    match (operator, value) {
        (Some('-' | '?'), Some(value)) => Ok(value),
        (Some('-'), None) | (Some('+'), Some(_)) => expand(operand, lookup, on_unset),
        (Some('+'), None) => Ok(String::new()),
        (Some('?'), None) => {
            let message = expand(operand, lookup, on_unset)?;
            Err(TemplateError::Required { name: name.to_owned(), message })
        }
        (Some(_) | None, _) => Err(TemplateError::Invalid),
    }
}

fn value_of(name: &str, lookup: &Lookup<'_>, on_unset: &mut dyn FnMut(&str)) -> String {
    lookup(name).unwrap_or_else(|| {
        on_unset(name);
        String::new()
    })
}

/// `[_a-zA-Z][_a-zA-Z0-9]*` and what follows it.
fn split_name(text: &str) -> (&str, &str) {
    let is_start = text.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    let end = text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    text.split_at(if is_start { end } else { 0 })
}

/// Where the brace is that closes the one before `text`, past nested `${…}`.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut previous = None;
    for (at, character) in text.char_indices() {
        match character {
            '{' if previous == Some('$') => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
        previous = Some(character);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, expected: &str) {
        let lookup = |name: &str| match name {
            "SET" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let mut unset = String::new();
        let result = match expand(template, &lookup, &mut |name| unset = format!(" (unset {name})")) {
            Ok(value) => format!("{value}{unset}"),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(result, expected, "{template}");
    }

    #[test]
    fn every_operator_does_what_the_specification_says() {
        check("a $SET b ${SET}", "a value b value");
        check("${EMPTY:-d} ${EMPTY-d} ${NONE-d}", "d  d");
        check("${SET:+r} ${EMPTY:+r} ${EMPTY+r} ${NONE+r}", "r  r ");
        check("${NONE:?no value}", "error: required variable NONE is missing a value: no value");
        check("${EMPTY?m}${SET:?m}", "value");
        check("${NONE}", " (unset NONE)");
    }

    #[test]
    fn defaults_nest_and_are_lazy() {
        check("${NONE:-${EMPTY:-x${SET}}}", "xvalue");
        check("${SET:-${NONE}}", "value");
        check("${SET:-${NONE:?boom}}", "value");
    }

    #[test]
    fn a_dollar_sign_that_starts_nothing_stays() {
        check("$$SET $5 a $ b $", "$SET $5 a $ b $");
        check("'$$(id)'", "'$(id)'");
    }

    #[test]
    fn malformed_templates_are_refused() {
        for template in ["${", "${}", "${ SET}", "${SET }", "${SET!}", "${SET/a/b}"] {
            check(template, "error: invalid interpolation format; write `$$` for a literal dollar sign");
        }
    }
}
