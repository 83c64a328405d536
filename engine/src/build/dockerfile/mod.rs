//! The Dockerfile language: text -> lines -> instructions -> stages. Pure; nothing is looked up or run.
//!
//! Variables stay as they are written: what they stand for is only known at the instruction's turn,
//! when [`expand()`] replaces them.

mod check;
mod diagnostic;
mod directive;
mod expand;
mod flags;
mod healthcheck;
mod heredoc;
mod instruction;
mod lines;
mod mount;
mod parse;
mod pattern;
mod source;
mod syntax;
mod transfer;
mod words;

pub(crate) use check::{Warning, variables};
pub(crate) use diagnostic::nearest;
pub use diagnostic::{Diagnostic, SourceLine};
use directive::Checks;
use expand::expand;
pub(crate) use expand::{Lookup, expand_body, expand_words};
pub(crate) use heredoc::Heredoc;
pub(crate) use instruction::{
    Argument, Command, Device, Instruction, Pair, Probe, Remote, Run, Step, Transfer,
};
pub(crate) use mount::{
    Access, MountOrigin, MountRequest, MountRequestKind, MountTextError, RunMount, Sharing,
};
pub(crate) use parse::{parse, parse_trigger};
pub(crate) use source::{Located, Source, Span};

/// A Dockerfile that was understood.
#[derive(Debug)]
pub(crate) struct Dockerfile {
    /// Its text, for messages.
    pub(crate) source: Source,
    /// The escape character.
    pub(crate) escape: char,
    /// Which build checks are told of.
    checks: Checks,
    /// How many lines of directives it begins with.
    directives: usize,
    /// Empty lines within continued instructions.
    gaps: Vec<usize>,
    /// The arguments before the first FROM.
    pub(crate) arguments: Vec<Argument>,
    /// The stages in order; at least one.
    pub(crate) stages: Vec<Stage>,
}

/// A FROM and what follows it.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The name after AS, in lower case.
    pub(crate) name: Option<String>,
    /// An earlier stage, an image or `scratch`.
    pub(crate) base: Located<String>,
    /// `--platform`.
    pub(crate) platform: Option<Located<String>>,
    /// Where FROM stands.
    pub(crate) span: Span,
    /// FROM as one line.
    pub(crate) text: String,
    /// What to do.
    pub(crate) steps: Vec<Step>,
}

impl Dockerfile {
    /// What works but is hardly meant: the name of Docker's check, and where.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        check::warnings(self)
    }

    /// Of `warnings` those that the file, or `given` in its stead, wants to hear, by line.
    pub(crate) fn in_force(&self, given: Option<&str>, warnings: Vec<Warning>) -> Vec<Warning> {
        check::in_force(self, given, warnings)
    }

    /// Whether the file, or `given` in its stead, makes errors of warnings.
    pub(crate) fn warnings_are_errors(&self, given: Option<&str>) -> bool {
        check::are_errors(self, given)
    }

    /// The comments right above a line, nearest first, without their `#`.
    fn comments_above(&self, line: usize) -> impl Iterator<Item = &str> {
        let above = self.source.lines().get(self.directives..line.saturating_sub(1)).unwrap_or_default();
        above.iter().rev().map_while(|line| line.trim_start().strip_prefix('#').map(str::trim))
    }

    /// `text` with its variables replaced; an error points at it.
    pub(crate) fn expanded(
        &self,
        text: &Located<String>,
        variables: Lookup<'_>,
    ) -> Result<String, Diagnostic> {
        expand(&text.value, self.escape, variables)
            .map_err(|error| self.source.error(text.span, error.to_string()))
    }
}
