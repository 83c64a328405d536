//! A tree and a value to text.

use super::error::{Problem, nearest};
use super::functions;
use super::lexer::Fault;
use super::print::print;
use super::syntax::{Base, Binding, Branches, Command, Field, Node, Operand, Pipeline};
use super::value::{is_true, kind};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a template is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The data.
    pub(super) value: &'a Value,
    /// What `.Label "key"` answers from.
    pub(super) labels: Option<&'a BTreeMap<String, String>>,
    /// Whether the data are the names of columns, which functions leave as they are.
    pub(super) is_header: bool,
}

/// Prints the nodes of a whole template.
pub(super) fn evaluate(nodes: &[Node], subject: Subject<'_>) -> Result<String, Fault> {
    let dot = Dot { value: subject.value.clone(), is_root: true };
    let mut evaluator =
        Evaluator { subject, variables: vec![(String::new(), subject.value.clone())], output: String::new() };
    evaluator.nodes(nodes, &dot)?;
    Ok(evaluator.output)
}

/// What `.` is.
struct Dot {
    value: Value,
    is_root: bool,
}

/// How a list of nodes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct Evaluator<'a> {
    subject: Subject<'a>,
    variables: Vec<(String, Value)>,
    output: String,
}

impl Evaluator<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Dot) -> Result<Flow, Fault> {
        for node in nodes {
            let flow = match node {
                Node::Text(text) => {
                    self.output.push_str(text);
                    Flow::Next
                }
                Node::Print(pipeline) => self.print(pipeline, dot)?,
                Node::If(branches) => self.scoped(|this| this.choose(branches, dot, false))?,
                Node::With(branches) => self.scoped(|this| this.choose(branches, dot, true))?,
                Node::Range(branches) => self.scoped(|this| this.range(branches, dot))?,
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// Variables declared inside are gone afterwards.
    fn scoped(&mut self, inside: impl FnOnce(&mut Self) -> Result<Flow, Fault>) -> Result<Flow, Fault> {
        let scope = self.variables.len();
        let flow = inside(self);
        self.variables.truncate(scope);
        flow
    }

    fn print(&mut self, pipeline: &Pipeline, dot: &Dot) -> Result<Flow, Fault> {
        let value = self.pipeline(pipeline, dot)?;
        match &pipeline.binding {
            None => self.output.push_str(&print(&value)),
            Some(binding) => self.bind(binding, &[value]),
        }
        Ok(Flow::Next)
    }

    fn choose(&mut self, branches: &Branches, dot: &Dot, moves_dot: bool) -> Result<Flow, Fault> {
        let value = self.pipeline(&branches.pipeline, dot)?;
        if let Some(binding) = &branches.pipeline.binding {
            self.bind(binding, std::slice::from_ref(&value));
        }
        if !is_true(&value) {
            return self.nodes(&branches.otherwise, dot);
        }
        if moves_dot {
            return self.nodes(&branches.then, &Dot { value, is_root: false });
        }
        self.nodes(&branches.then, dot)
    }

    fn range(&mut self, branches: &Branches, dot: &Dot) -> Result<Flow, Fault> {
        let pipeline = &branches.pipeline;
        let items = items(self.pipeline(pipeline, dot)?)
            .map_err(|kind| (pipeline.place, Problem::NotIterable(kind)))?;
        if items.is_empty() {
            return self.nodes(&branches.otherwise, dot);
        }
        for (key, item) in items {
            let scope = self.variables.len();
            match &pipeline.binding {
                None => {}
                Some(binding) if binding.names.len() == 1 => {
                    self.bind(binding, std::slice::from_ref(&item));
                }
                Some(binding) => self.bind(binding, &[key, item.clone()]),
            }
            let flow = self.nodes(&branches.then, &Dot { value: item, is_root: false })?;
            self.variables.truncate(scope);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn bind(&mut self, binding: &Binding, values: &[Value]) {
        for (name, value) in binding.names.iter().zip(values) {
            let bound = self.variables.iter_mut().rev().find(|(known, _)| known == name);
            match bound.filter(|_| !binding.is_declaration) {
                Some(bound) => bound.1 = value.clone(),
                None => self.variables.push((name.clone(), value.clone())),
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Dot) -> Result<Value, Fault> {
        let mut last = None;
        for command in &pipeline.commands {
            last = Some(self.command(command, dot, last)?);
        }
        last.ok_or((pipeline.place, Problem::MissingValue))
    }

    /// Calls a function or method with its arguments and what came through the pipe, or takes a value.
    fn command(&mut self, command: &Command, dot: &Dot, piped: Option<Value>) -> Result<Value, Fault> {
        let head = &command.head;
        let name = match &head.base {
            Base::Function(name) => Some(name.as_str()),
            _ if self.is_label(head, dot) => Some("Label"),
            _ => None,
        };
        let Some(name) = name else {
            if let Some(argument) = command.arguments.first() {
                return Err((argument.place, Problem::NotAFunction));
            }
            return match piped {
                None => self.operand(head, dot),
                Some(_) => Err((head.place, Problem::NotAFunction)),
            };
        };
        if let ("and" | "or", None) = (name, &piped) {
            return self.short_circuit(name, command, dot);
        }
        let mut arguments = Vec::new();
        for argument in &command.arguments {
            arguments.push(self.operand(argument, dot)?);
        }
        arguments.extend(piped);
        let value = self.call(head.place, name, arguments)?;
        if name == "Label" { Ok(value) } else { self.fields(value, &head.fields) }
    }

    fn call(&self, place: usize, name: &str, arguments: Vec<Value>) -> Result<Value, Fault> {
        let called = match name {
            "Label" => functions::label(self.subject, &arguments),
            _ if self.subject.is_header && functions::is_for_values(name) => {
                return Ok(arguments.into_iter().find(Value::is_string).unwrap_or_default());
            }
            _ => functions::call(name, arguments),
        };
        called.map_err(|fault| (place, Problem::Call { function: name.to_owned(), fault }))
    }

    /// `and` and `or` look at no more arguments than they need.
    fn short_circuit(&mut self, name: &str, command: &Command, dot: &Dot) -> Result<Value, Fault> {
        let mut value = Value::Null;
        for argument in &command.arguments {
            value = self.operand(argument, dot)?;
            if is_true(&value) == (name == "or") {
                break;
            }
        }
        Ok(value)
    }

    /// Whether the operand is the one method that lists have.
    fn is_label(&self, operand: &Operand, dot: &Dot) -> bool {
        let is_root = match &operand.base {
            Base::Dot => dot.is_root,
            Base::Variable(name) => name.is_empty(),
            Base::Literal(_) | Base::Function(_) | Base::Group(_) => false,
        };
        let has_labels = self.subject.labels.is_some() || self.subject.is_header;
        is_root && has_labels && matches!(operand.fields.as_slice(), [field] if field.name == "Label")
    }

    fn operand(&mut self, operand: &Operand, dot: &Dot) -> Result<Value, Fault> {
        let base = match &operand.base {
            Base::Dot => dot.value.clone(),
            Base::Literal(value) => value.clone(),
            Base::Variable(name) => self.variable(name),
            Base::Group(pipeline) => self.pipeline(pipeline, dot)?,
            Base::Function(name) => self.call(operand.place, name, Vec::new())?,
        };
        self.fields(base, &operand.fields)
    }

    /// The parser has made sure that it is bound.
    fn variable(&self, name: &str) -> Value {
        let bound = self.variables.iter().rev().find(|(known, _)| known == name);
        bound.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn fields(&self, value: Value, fields: &[Field]) -> Result<Value, Fault> {
        fields.iter().try_fold(value, |value, field| match value {
            Value::Object(mut object) => match object.remove(&field.name) {
                Some(value) => Ok(value),
                None => Err((field.place, no_field(&field.name, &object))),
            },
            // The name of a column stands for all that is in it.
            Value::String(header) if self.subject.is_header => Ok(Value::String(header)),
            other => {
                let name = field.name.clone();
                Err((field.place, Problem::NotAnObject { kind: kind(&other), name }))
            }
        })
    }
}

fn no_field(name: &str, object: &Map<String, Value>) -> Problem {
    Problem::NoField { name: name.to_owned(), nearest: nearest(name, object.keys().map(String::as_str)) }
}

/// Keys and items of what can be ranged over; else what it is.
fn items(value: Value) -> Result<Vec<(Value, Value)>, &'static str> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => {
            Ok(items.into_iter().enumerate().map(|(index, item)| (Value::from(index), item)).collect())
        }
        Value::Object(items) => Ok(items.into_iter().map(|(key, item)| (Value::String(key), item)).collect()),
        Value::Number(count) if count.is_i64() => {
            let count = count.as_i64().unwrap_or(0);
            Ok((0..count).map(|index| (Value::from(index), Value::from(index))).collect())
        }
        other => Err(kind(&other)),
    }
}
