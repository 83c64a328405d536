//! The tree of a template. Places are byte offsets into its text, for messages.

use serde_json::Value;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Printed as it is.
    Text(String),
    /// `{{…}}`: printed, unless it only binds a variable.
    Print(Pipeline),
    /// `{{if …}}…{{else}}…{{end}}`.
    If(Branches),
    /// `{{with …}}…{{else}}…{{end}}`.
    With(Branches),
    /// `{{range …}}…{{else}}…{{end}}`.
    Range(Branches),
    /// `{{break}}`.
    Break,
    /// `{{continue}}`.
    Continue,
}

/// What a condition chooses between.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Branches {
    pub(super) pipeline: Pipeline,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// `$x := a | b`: each command's result is the last argument of the next.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pipeline {
    pub(super) place: usize,
    pub(super) binding: Option<Binding>,
    pub(super) commands: Vec<Command>,
}

/// `$x :=`, `$x =` or `$key, $value :=`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Binding {
    pub(super) names: Vec<String>,
    pub(super) is_declaration: bool,
}

/// A function or value, and arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    pub(super) head: Operand,
    pub(super) arguments: Vec<Operand>,
}

/// A value and the fields taken from it: `$x.Name.First`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    pub(super) place: usize,
    pub(super) base: Base,
    pub(super) fields: Vec<Field>,
}

/// `.Name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) place: usize,
    pub(super) name: String,
}

/// Where an operand begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Base {
    /// `.`
    Dot,
    /// `$name`; the template's data has the empty name.
    Variable(String),
    /// A string, number or boolean.
    Literal(Value),
    /// A function called here.
    Function(String),
    /// `(…)`
    Group(Box<Pipeline>),
}
