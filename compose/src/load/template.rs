//! The variables that templates use, whether they have a value or not.

use super::interpolate::{closing_brace, split_name};
use std::collections::BTreeMap;

/// Templates within templates are followed this deep.
const MAX_DEPTH: usize = 64;

/// One variable that the files use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariableUse {
    /// Its name.
    pub name: String,
    /// Whether it must have a value.
    pub required: bool,
    /// What stands in for it when it has no value.
    pub default_value: String,
    /// What stands in for it when it has a value.
    pub alternate_value: String,
}

/// Every variable of the templates by name; of several uses the last one counts.
pub(super) fn uses(templates: &[String]) -> Vec<VariableUse> {
    let mut found = BTreeMap::new();
    templates.iter().for_each(|template| collect(template, &mut found, 0));
    found.into_values().collect()
}

fn collect(template: &str, found: &mut BTreeMap<String, VariableUse>, depth: usize) {
    let mut rest = template;
    while let Some(at) = rest.find('$').filter(|_| depth < MAX_DEPTH) {
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix('$') {
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix('{') {
            let Some(end) = closing_brace(tail) else { return };
            braced(&tail[..end], found, depth);
            rest = &tail[end + 1..];
        } else {
            let (name, tail) = split_name(rest);
            add(VariableUse { name: name.to_owned(), ..VariableUse::default() }, found);
            rest = tail;
        }
    }
}

fn braced(inner: &str, found: &mut BTreeMap<String, VariableUse>, depth: usize) {
    let (name, rest) = split_name(inner);
    let operator = rest.strip_prefix(':').unwrap_or(rest);
    let operand = operator.get(1..).unwrap_or_default();
    let mut used = VariableUse { name: name.to_owned(), ..VariableUse::default() };
    match operator.chars().next() {
        Some('?') => used.required = true,
        Some('-') => operand.clone_into(&mut used.default_value),
        Some('+') => operand.clone_into(&mut used.alternate_value),
        _ => {}
    }
    add(used, found);
    collect(operand, found, depth + 1);
}

fn add(used: VariableUse, found: &mut BTreeMap<String, VariableUse>) {
    if !used.name.is_empty() {
        found.insert(used.name.clone(), used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_found_with_what_stands_in_for_it() {
        let found = uses(&["$A ${B:-b${C}} $$D ${E:?must be} ${F+yes}".to_owned()]);
        let shown: Vec<String> = found
            .iter()
            .map(|one| format!("{} {} {} {}", one.name, one.required, one.default_value, one.alternate_value))
            .collect();
        assert_eq!(shown, ["A false  ", "B false b${C} ", "C false  ", "E true  ", "F false  yes"]);
    }
}
