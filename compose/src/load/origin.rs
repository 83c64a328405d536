//! How a value came to be what it is: the chain that `config --explain` prints and that notes are made of.

use super::node::{Node, Span};
use std::rc::Rc;

/// One step, and what was before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Origin {
    pub(super) step: Step,
    pub(super) earlier: Option<Rc<Origin>>,
}

/// What happened to a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// An alias or a merge key brought it.
    Alias(Span),
    /// Its text is a template with variables.
    Interpolated {
        /// The text as it stands in the file.
        template: String,
        /// The variables that were looked up, in the order of the text.
        variables: Vec<Used>,
    },
    /// It took the place of an earlier file's value.
    Replaced {
        /// Where that stands.
        span: Span,
        /// What it was, in one line.
        value: String,
    },
    /// A service came from another by `extends`.
    Extended(Span),
    /// A name without a value stands for the environment's.
    FromEnvironment(Used),
    /// A line of an environment file or label file gave it.
    FromFile(Span),
    /// Nothing in the files says it.
    Implied(&'static str),
}

/// A variable and where its value came from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Used {
    pub(super) name: String,
    pub(super) source: VariableSource,
}

/// Where the value of a variable comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VariableSource {
    /// The environment of the process.
    Process,
    /// The command line, or the loader itself.
    Given,
    /// A line of an environment file.
    File(Span),
    /// Nowhere: it is not set.
    Unset,
}

impl Node {
    /// Puts a step behind all that happened to the value so far.
    pub(super) fn trace(&mut self, step: Step) {
        self.origin = Some(Rc::new(Origin { step, earlier: self.origin.take() }));
    }

    /// What happened to the value, last first.
    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        let mut next = self.origin.as_deref();
        std::iter::from_fn(move || {
            let origin = next?;
            next = origin.earlier.as_deref();
            Some(&origin.step)
        })
    }

    /// The value as a message may show it: as it stands in the file, for variables may hold secrets.
    pub(super) fn shown(&self) -> Option<String> {
        let template = self.steps().find_map(|step| match step {
            Step::Interpolated { template, .. } => Some(template.clone()),
            _ => None,
        });
        template.or_else(|| self.value.scalar_text())
    }
}
