//! What is wrong with a template, and where.

/// A template that cannot be read, or that asks for what is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot use the format `{template}`: {problem} at column {column}")]
pub(crate) struct TemplateError {
    /// The template as given.
    template: String,
    /// Counted in characters from 1.
    column: usize,
    /// What is wrong there.
    pub(super) problem: Problem,
}

/// What is wrong at one place of a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// `{{` without `}}`.
    #[error("an action is not closed with `}}}}`")]
    OpenAction,
    /// `{{/*` without `*/}}`.
    #[error("a comment is not closed with `*/}}}}`")]
    OpenComment,
    /// A quote without its partner.
    #[error("a string is not closed")]
    OpenString,
    /// An escape that Go does not have.
    #[error("a string has an escape that is not known")]
    Escape,
    /// A number that is none.
    #[error("`{0}` is not a number")]
    Number(String),
    /// A character or word that has no meaning here.
    #[error("{0} is not expected")]
    Unexpected(String),
    /// An action without content.
    #[error("a value is missing")]
    MissingValue,
    /// `if`, `with` or `range` without `end`.
    #[error("`{0}` has no `{{{{end}}}}`")]
    NoEnd(&'static str),
    /// Deeper than any template that a person wrote.
    #[error("the nesting is too deep")]
    TooDeep,
    /// A function that is not known.
    #[error("there is no function `{name}`{}", suggestion(nearest.as_deref(), ""))]
    NoFunction {
        /// Which.
        name: String,
        /// What it may have meant.
        nearest: Option<String>,
    },
    /// A variable that is not bound.
    #[error("there is no variable `${name}`{}", suggestion(nearest.as_deref(), "$"))]
    NoVariable {
        /// Which.
        name: String,
        /// What it may have meant.
        nearest: Option<String>,
    },
    /// A field that the value does not have.
    #[error("there is no field `.{name}`{}", suggestion(nearest.as_deref(), "."))]
    NoField {
        /// Which.
        name: String,
        /// What it may have meant.
        nearest: Option<String>,
    },
    /// A field of what has none.
    #[error("{kind} has no field `.{name}`")]
    NotAnObject {
        /// What the value is.
        kind: &'static str,
        /// Which field.
        name: String,
    },
    /// Arguments after what takes none.
    #[error("only functions take arguments")]
    NotAFunction,
    /// A function was called in a way that it cannot do.
    #[error("{function}: {fault}")]
    Call {
        /// Which function.
        function: String,
        /// What is wrong with the call.
        fault: CallFault,
    },
    /// `range` over what has no items.
    #[error("{0} cannot be ranged over")]
    NotIterable(&'static str),
}

/// Why a function cannot do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallFault {
    /// Too few or too many arguments.
    #[error("takes {expected}, not {given} arguments")]
    Count {
        /// How many it takes, in words.
        expected: &'static str,
        /// How many there were.
        given: usize,
    },
    /// An argument of the wrong kind.
    #[error("expected {expected}, not {found}")]
    Kind {
        /// What was needed.
        expected: &'static str,
        /// What it was.
        found: &'static str,
    },
    /// An index that the value does not have.
    #[error("{0} is out of range")]
    Range(i64),
    /// Two values that cannot be compared.
    #[error("{0} and {1} cannot be compared")]
    Incomparable(&'static str, &'static str),
}

impl TemplateError {
    /// What is wrong at a byte of a template.
    pub(super) fn at(template: &str, place: usize, problem: Problem) -> Self {
        let column = template.get(..place).unwrap_or(template).chars().count() + 1;
        Self { template: template.to_owned(), column, problem }
    }
}

fn suggestion(nearest: Option<&str>, sigil: &str) -> String {
    nearest.map(|nearest| format!(" (did you mean `{sigil}{nearest}`?)")).unwrap_or_default()
}

/// The candidate that most resembles `name`, if one does.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let name = name.to_lowercase();
    let scored = candidates.into_iter().map(|candidate| {
        let lower = candidate.to_lowercase();
        (if lower == name { 1.0 } else { strsim::jaro_winkler(&lower, &name) }, candidate)
    });
    scored
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.to_owned())
}
