//! Variables in values: `$NAME`, `${NAME}` and the operators of the Compose specification.
//!
//! ```text
//! ${N:-d} ${N-d}   d if N is unset or empty / unset
//! ${N:+r} ${N+r}   r if N is set and not empty / set
//! ${N:?m} ${N?m}   error m if N is unset or empty / unset
//! $$               a dollar sign
//! ```
//! `d`, `r` and `m` are templates themselves and evaluated only when used.

use super::environment::Variables;
use super::node::{Node, Value};
use super::origin::{Step, Used};
use super::report::Report;
use std::cell::RefCell;

/// Where the value of a variable is looked up.
pub(super) type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Templates within templates go no deeper than this: each level recurses.
const MAX_DEPTH: usize = 64;

/// Why a template has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    #[error("invalid interpolation format")]
    Invalid,
    #[error("required variable {name} is missing a value{}", suffix(message))]
    Required { name: String, message: String },
}

fn suffix(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// Replaces the variables in every value below `node`; keys stay as they are.
pub(super) fn interpolate(node: &mut Node, variables: &Variables, report: &mut Report) {
    match &mut node.value {
        Value::Text(text) if text.contains('$') => {
            let used = RefCell::new(Vec::new());
            let lookup = |name: &str| {
                let (value, source) = variables.used(name);
                used.borrow_mut().push(source);
                value.map(str::to_owned)
            };
            let template = text.clone();
            let mut unset = Vec::new();
            match expand_noting(&template, &lookup, &mut |name| unset.push(name.to_owned())) {
                Ok(expanded) => *text = expanded,
                Err(error) => {
                    report_template(node, &error, variables, report);
                    node.value = Value::Faulty;
                }
            }
            for name in unset {
                let message = format!("the variable `{name}` is not set, an empty string is used");
                report.warning(node.span, message).hint = Some(unset_hint(&name, variables));
            }
            let variables: Vec<Used> = used.into_inner();
            if !variables.is_empty() {
                node.trace(Step::Interpolated { template, variables });
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| interpolate(item, variables, report)),
        Value::Map(map) => {
            map.values_mut().for_each(|entry| interpolate(&mut entry.node, variables, report));
        }
        Value::Text(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Faulty => {}
    }
}

fn report_template(node: &Node, error: &TemplateError, variables: &Variables, report: &mut Report) {
    let hint = match error {
        TemplateError::Invalid => Some("write `${NAME}`, and `$$` for a dollar sign itself".to_owned()),
        TemplateError::Required { name, .. } => Some(match variables.nearest(name) {
            Some(nearest) if nearest != name => format!("did you mean `{nearest}`?"),
            _ => format!("set {name} in the environment or in .env"),
        }),
    };
    report.error(node.span, error.to_string()).hint = hint;
}

fn unset_hint(name: &str, variables: &Variables) -> String {
    match variables.nearest(name) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("set {name}, or give a default: `${{{name}:-}}`"),
    }
}

/// The value of a template; variables without a value are empty.
pub(super) fn expand(template: &str, lookup: &Lookup<'_>) -> Result<String, TemplateError> {
    expand_noting(template, lookup, &mut |_| {})
}

/// The value of a template. `on_unset` hears of each variable that has neither value nor default.
pub(super) fn expand_noting(
    template: &str,
    lookup: &Lookup<'_>,
    on_unset: &mut dyn FnMut(&str),
) -> Result<String, TemplateError> {
    Expansion { lookup, on_unset }.expand(template, 0)
}

struct Expansion<'a> {
    lookup: &'a Lookup<'a>,
    on_unset: &'a mut dyn FnMut(&str),
}

impl Expansion<'_> {
    fn expand(&mut self, template: &str, depth: usize) -> Result<String, TemplateError> {
        if depth > MAX_DEPTH {
            return Err(TemplateError::Invalid);
        }
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = self.dollar(&rest[at + 1..], &mut out, depth)?;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// What a dollar sign before `text` begins; returns what follows it.
    fn dollar<'t>(
        &mut self,
        text: &'t str,
        out: &mut String,
        depth: usize,
    ) -> Result<&'t str, TemplateError> {
        if let Some(tail) = text.strip_prefix('$') {
            out.push('$');
            return Ok(tail);
        }
        if let Some(tail) = text.strip_prefix('{') {
            let end = closing_brace(tail).ok_or(TemplateError::Invalid)?;
            out.push_str(&self.substitute(&tail[..end], depth)?);
            return Ok(&tail[end + 1..]);
        }
        let (name, tail) = split_name(text);
        if name.is_empty() {
            out.push('$');
        } else {
            out.push_str(&self.value_of(name));
        }
        Ok(tail)
    }

    /// The text between `${` and its `}`.
    fn substitute(&mut self, inner: &str, depth: usize) -> Result<String, TemplateError> {
        let (name, rest) = split_name(inner);
        if name.is_empty() {
            return Err(TemplateError::Invalid);
        }
        if rest.is_empty() {
            return Ok(self.value_of(name));
        }
        let (counts_empty, operator) = match rest.strip_prefix(':') {
            Some(tail) => (true, tail),
            None => (false, rest),
        };
        let mut characters = operator.chars();
        let (operator, operand) = (characters.next(), characters.as_str());
        let value = (self.lookup)(name).filter(|value| !(counts_empty && value.is_empty()));
        match (operator, value) {
            (Some('-' | '?'), Some(value)) => Ok(value),
            (Some('-'), None) | (Some('+'), Some(_)) => self.expand(operand, depth + 1),
            (Some('+'), None) => Ok(String::new()),
            (Some('?'), None) => {
                let message = self.expand(operand, depth + 1)?;
                Err(TemplateError::Required { name: name.to_owned(), message })
            }
            (Some(_) | None, _) => Err(TemplateError::Invalid),
        }
    }

    fn value_of(&mut self, name: &str) -> String {
        (self.lookup)(name).unwrap_or_else(|| {
            (self.on_unset)(name);
            String::new()
        })
    }
}

/// `[_a-zA-Z][_a-zA-Z0-9]*` and what follows it.
pub(super) fn split_name(text: &str) -> (&str, &str) {
    let is_start = text.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    let end = text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    text.split_at(if is_start { end } else { 0 })
}

/// Where the brace is that closes the one before `text`, past pairs of braces within. Where they do not
/// pair up it is the last one, as in `${A:-{}`.
pub(super) fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.rfind('}')
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
        let result = match expand_noting(template, &lookup, &mut |name| unset = format!(" (unset {name})")) {
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
    fn braces_within_a_default_pair_up() {
        check(r#"${SET:-{"a": {}}}, ${NONE:-{"a": 1}}"#, r#"value, {"a": 1}"#);
        check("${NONE:-{}", "{");
    }

    #[test]
    fn a_dollar_sign_that_starts_nothing_stays() {
        check("$$SET $5 a $ b $", "$SET $5 a $ b $");
        check("'$$(id)'", "'$(id)'");
    }

    #[test]
    fn malformed_templates_are_refused() {
        for template in ["${", "${}", "${ SET}", "${SET }", "${SET!}", "${SET/a/b}"] {
            check(template, "error: invalid interpolation format");
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        check(&"${NONE:-".repeat(100_000), "error: invalid interpolation format");
        let deep = format!("{}{}", "${NONE:-".repeat(1_000), "}".repeat(1_000));
        check(&deep, "error: invalid interpolation format");
    }
}
