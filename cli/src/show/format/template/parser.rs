//! Pieces of text to a tree.

use super::error::{Problem, nearest};
use super::functions;
use super::lexer::{Fault, Piece, Token, Word};
use super::syntax::{Base, Binding, Branches, Command, Field, Node, Operand, Pipeline};
use serde_json::Value;
use std::vec::IntoIter;

/// No template of a person nests deeper; one of a machine must not exhaust the stack.
const DEEPEST: usize = 64;

/// Reads the pieces of a whole template.
pub(super) fn parse(pieces: Vec<Piece>) -> Result<Vec<Node>, Fault> {
    let mut parser =
        Parser { pieces: pieces.into_iter(), variables: vec![String::new()], depth: 0, loops: 0 };
    let (nodes, end) = parser.nodes()?;
    match end {
        None => Ok(nodes),
        Some((place, Ending::End)) => Err((place, Problem::Unexpected("`end`".to_owned()))),
        Some((place, Ending::Else(_))) => Err((place, Problem::Unexpected("`else`".to_owned()))),
    }
}

/// What ends a list of nodes before the template's end.
enum Ending {
    End,
    /// With the words after `else`.
    Else(Vec<Word>),
}

/// Nodes, and where and how their list ended before the template did.
type List = (Vec<Node>, Option<(usize, Ending)>);

struct Parser {
    pieces: IntoIter<Piece>,
    /// Those in scope; the template's data has the empty name.
    variables: Vec<String>,
    depth: usize,
    /// How many `range` are open.
    loops: usize,
}

impl Parser {
    /// Everything up to `end`, `else` or the template's end.
    fn nodes(&mut self) -> Result<List, Fault> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (place, mut words) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action { place, words } => (place, words),
            };
            let keyword = match words.first().map(|word| &word.token) {
                Some(Token::Name(name)) => name.clone(),
                _ => String::new(),
            };
            if is_keyword(&keyword) {
                words.remove(0);
            }
            match keyword.as_str() {
                "end" => return nothing_after(&words).map(|()| (nodes, Some((place, Ending::End)))),
                "else" => return Ok((nodes, Some((place, Ending::Else(words))))),
                "if" | "with" | "range" => nodes.push(self.block(place, &keyword, words)?),
                "break" | "continue" if self.loops > 0 => {
                    nothing_after(&words)?;
                    nodes.push(if keyword == "break" { Node::Break } else { Node::Continue });
                }
                _ if is_keyword(&keyword) => {
                    return Err((place, Problem::Unexpected(format!("`{keyword}`"))));
                }
                _ => nodes.push(Node::Print(self.action(place, words)?)),
            }
        }
        Ok((nodes, None))
    }

    /// `if`, `with` or `range` up to its `end`.
    fn block(&mut self, place: usize, keyword: &str, words: Vec<Word>) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err((place, Problem::TooDeep));
        }
        let (name, make): (_, fn(Branches) -> Node) = match keyword {
            "if" => ("if", Node::If),
            "with" => ("with", Node::With),
            _ => ("range", Node::Range),
        };
        let scope = self.variables.len();
        let pipeline = self.action(place, words)?;
        self.loops += usize::from(name == "range");
        let (then, ending) = self.nodes()?;
        self.loops -= usize::from(name == "range");
        let (else_place, ending) = ending.ok_or((place, Problem::NoEnd(name)))?;
        let otherwise = match ending {
            Ending::End => Vec::new(),
            Ending::Else(words) => self.alternative(place, else_place, name, words)?,
        };
        self.variables.truncate(scope);
        self.depth -= 1;
        Ok(make(Branches { pipeline, then, otherwise }))
    }

    /// What follows `else`; `else if` is a block of its own that shares the `end`.
    fn alternative(
        &mut self,
        place: usize,
        else_place: usize,
        name: &'static str,
        mut words: Vec<Word>,
    ) -> Result<Vec<Node>, Fault> {
        match words.first().map(|word| &word.token) {
            None => {
                let (nodes, ending) = self.nodes()?;
                match ending {
                    Some((_, Ending::End)) => Ok(nodes),
                    Some((place, Ending::Else(_))) => Err((place, Problem::Unexpected("`else`".to_owned()))),
                    None => Err((place, Problem::NoEnd(name))),
                }
            }
            Some(Token::Name(next)) if next == name && name != "range" => {
                words.remove(0);
                Ok(vec![self.block(else_place, name, words)?])
            }
            Some(token) => Err((words[0].place, Problem::Unexpected(token.describe()))),
        }
    }

    fn action(&mut self, place: usize, words: Vec<Word>) -> Result<Pipeline, Fault> {
        let mut words = Words { words: words.into_iter().peekable(), place };
        let pipeline = self.pipeline(&mut words)?;
        match words.next() {
            None => Ok(pipeline),
            Some(word) => Err((word.place, Problem::Unexpected(word.token.describe()))),
        }
    }

    /// Up to `)` or the end of the action.
    fn pipeline(&mut self, words: &mut Words) -> Result<Pipeline, Fault> {
        let place = words.here();
        let binding = self.binding(words)?;
        let mut commands = vec![self.command(words)?];
        while words.take("|") {
            commands.push(self.command(words)?);
        }
        self.variables
            .extend(binding.iter().filter(|binding| binding.is_declaration).flat_map(|b| b.names.clone()));
        Ok(Pipeline { place, binding, commands })
    }

    /// `$x :=`, `$x =` or `$key, $value :=`, if the words begin so.
    fn binding(&mut self, words: &mut Words) -> Result<Option<Binding>, Fault> {
        let place = words.here();
        let names = words.bound_names();
        if names.is_empty() {
            return Ok(None);
        }
        for _ in 0..names.len() * 2 - 1 {
            words.next();
        }
        let is_declaration = matches!(words.next(), Some(Word { token: Token::Sign(":="), .. }));
        if !is_declaration {
            for name in &names {
                self.check_variable(place, name)?;
            }
        }
        Ok(Some(Binding { names, is_declaration }))
    }

    fn command(&mut self, words: &mut Words) -> Result<Command, Fault> {
        let head = self.operand(words)?;
        let mut arguments = Vec::new();
        while words.has_operand() {
            arguments.push(self.operand(words)?);
        }
        if !arguments.is_empty() && !takes_arguments(&head) {
            return Err((arguments[0].place, Problem::NotAFunction));
        }
        Ok(Command { head, arguments })
    }

    /// A value with the fields that are glued to it.
    fn operand(&mut self, words: &mut Words) -> Result<Operand, Fault> {
        let end = words.place;
        let Word { place, token, .. } = words.next().ok_or((end, Problem::MissingValue))?;
        let mut fields = Vec::new();
        let base = match token {
            Token::Dot => Base::Dot,
            Token::Field(name) => {
                fields.push(Field { place, name });
                Base::Dot
            }
            Token::Variable(name) => {
                self.check_variable(place, &name)?;
                Base::Variable(name)
            }
            Token::Literal(value) => Base::Literal(value),
            Token::Name(name) => named(place, name)?,
            Token::Sign("(") => Base::Group(Box::new(self.group(place, words)?)),
            Token::Sign(_) => return Err((place, Problem::Unexpected(token.describe()))),
        };
        while let Some(field) = words.glued_field() {
            fields.push(field);
        }
        Ok(Operand { place, base, fields })
    }

    fn group(&mut self, place: usize, words: &mut Words) -> Result<Pipeline, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err((place, Problem::TooDeep));
        }
        let pipeline = self.pipeline(words)?;
        self.depth -= 1;
        if words.take(")") {
            Ok(pipeline)
        } else {
            Err((place, Problem::Unexpected("`(` without `)`".to_owned())))
        }
    }

    fn check_variable(&self, place: usize, name: &str) -> Result<(), Fault> {
        if self.variables.iter().any(|known| known == name) {
            return Ok(());
        }
        let known = self.variables.iter().map(String::as_str).filter(|name| !name.is_empty());
        Err((place, Problem::NoVariable { name: name.to_owned(), nearest: nearest(name, known) }))
    }
}

fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "if" | "else" | "end" | "with" | "range" | "break" | "continue" | "define" | "template" | "block"
    )
}

/// A constant, or a function that is known.
fn named(place: usize, name: String) -> Result<Base, Fault> {
    match name.as_str() {
        "true" => Ok(Base::Literal(Value::Bool(true))),
        "false" => Ok(Base::Literal(Value::Bool(false))),
        "nil" => Ok(Base::Literal(Value::Null)),
        _ if is_keyword(&name) => Err((place, Problem::Unexpected(format!("`{name}`")))),
        _ if functions::NAMES.contains(&name.as_str()) => Ok(Base::Function(name)),
        _ => {
            let nearest = nearest(&name, functions::NAMES.iter().copied());
            Err((place, Problem::NoFunction { name, nearest }))
        }
    }
}

/// A field may be a method (`.Label "key"`), which only shows when it is looked up.
fn takes_arguments(head: &Operand) -> bool {
    matches!(head.base, Base::Function(_)) || !head.fields.is_empty()
}

fn nothing_after(words: &[Word]) -> Result<(), Fault> {
    match words.first() {
        None => Ok(()),
        Some(word) => Err((word.place, Problem::Unexpected(word.token.describe()))),
    }
}

/// The words of one action.
struct Words {
    words: std::iter::Peekable<IntoIter<Word>>,
    /// Where the last word was.
    place: usize,
}

impl Words {
    fn next(&mut self) -> Option<Word> {
        let word = self.words.next()?;
        self.place = word.place;
        Some(word)
    }

    fn here(&mut self) -> usize {
        self.words.peek().map_or(self.place, |word| word.place)
    }

    fn take(&mut self, sign: &'static str) -> bool {
        self.words.next_if(|word| word.token == Token::Sign(sign)).is_some()
    }

    fn has_operand(&mut self) -> bool {
        self.words.peek().is_some_and(|word| !matches!(word.token, Token::Sign(sign) if sign != "("))
    }

    fn glued_field(&mut self) -> Option<Field> {
        let word = self.words.next_if(|word| word.is_glued && matches!(word.token, Token::Field(_)))?;
        match word.token {
            Token::Field(name) => Some(Field { place: word.place, name }),
            _ => None,
        }
    }

    /// The names before `:=` or `=`; empty if nothing is bound.
    fn bound_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut words = self.words.clone().map(|word| word.token);
        loop {
            match words.next() {
                Some(Token::Variable(name)) if !name.is_empty() => names.push(name),
                _ => return Vec::new(),
            }
            match words.next() {
                Some(Token::Sign(":=" | "=")) => return names,
                Some(Token::Sign(",")) if names.len() < 2 => {}
                _ => return Vec::new(),
            }
        }
    }
}
