//! Texts with a form of their own: sizes, times, signals.

use super::{Node, Shape, Value, did_you_mean};
use crate::diagnostic::nearest;
use crate::load::signal;
use crate::model::{GoDuration, UnitError};

impl Shape<'_> {
    pub(super) fn duration(&mut self, node: &mut Node, name: &str) -> bool {
        if node.as_text().is_some() {
            return self.measure::<GoDuration>(node, name);
        }
        let number = node.value.scalar_text();
        let diagnostic = self.mismatched(node, name, "a duration");
        if let Some(number) = number {
            diagnostic.hint = Some(format!("write the unit, such as `{number}s`"));
        }
        false
    }

    pub(super) fn measure<T>(&mut self, node: &mut Node, name: &str) -> bool
    where
        T: std::str::FromStr<Err = UnitError> + ToString,
    {
        let text = match &node.value {
            Value::Bool(_) => None,
            value => value.scalar_text(),
        };
        let Some(text) = text else { return self.mismatch(node, name, "a string") };
        match text.parse::<T>() {
            Ok(measure) => {
                node.value = Value::Text(measure.to_string());
                true
            }
            Err(error) => {
                let shown = node.shown().unwrap_or_default();
                self.fault(node, format!("`{name}`: `{shown}` is not {}", error.expected())).hint =
                    Some(error.advice().to_owned());
                false
            }
        }
    }

    pub(super) fn signal(&mut self, node: &Node, name: &str) -> bool {
        let Some(text) = node.as_text() else {
            self.mismatched(node, name, "a signal").hint = Some("write its name, such as SIGHUP".to_owned());
            return false;
        };
        if signal::is_known(text) {
            return true;
        }
        let shown = node.shown().unwrap_or_default();
        let hint = nearest(&signal::full_name(text), signal::names()).map(did_you_mean);
        self.fault(node, format!("`{name}`: `{shown}` is not a signal")).hint =
            hint.or_else(|| Some("write the name of a signal, such as SIGHUP".to_owned()));
        false
    }
}
