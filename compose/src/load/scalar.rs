//! Scalars that variables bring as strings, read as what the schema wants.

use super::node::Value;

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
