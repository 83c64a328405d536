//! Lines to stages.

use super::diagnostic::nearest;
use super::directive::{Directives, directives};
use super::flags::{Flags, Known};
use super::instruction::{Argument, Instruction, Step};
use super::lines::{LogicalLine, logical_lines};
use super::source::{Located, Source, Span};
use super::syntax::{Reader, instruction};
use super::{Diagnostic, Dockerfile, Stage};

/// The names of all instructions.
const NAMES: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Reads a whole Dockerfile.
pub(crate) fn parse(source: Source) -> Result<Dockerfile, Diagnostic> {
    let Directives { escape, checks, lines: directives } = directives(&source)?;
    let mut gaps = Vec::new();
    let mut arguments = Vec::new();
    let mut stages: Vec<Stage> = Vec::new();
    for line in logical_lines(&source, escape)? {
        gaps.extend(line.gap);
        let (name, rest) = line.word().split_first();
        let span = line.span(name);
        let reader = Reader { source: &source, line: &line, escape, span };
        match (name.text.to_ascii_uppercase().as_str(), stages.last_mut()) {
            ("FROM", _) => {
                let stage =
                    from(&reader, Flags::parse(&source, &line, rest, (&[Known::text("platform")], escape))?)?;
                stages.push(stage);
            }
            ("ARG", None) => arguments.extend(global_arguments(&reader, &line)?),
            (name, Some(stage)) => stage.steps.push(step(&reader, name, &line)?),
            (name, None) if NAMES.contains(&name) => {
                let message = format!("`{name}` stands before the first FROM");
                return Err(reader.hint(span, message, "start with `FROM <image>`"));
            }
            (name, None) => return Err(unknown(&reader, name)),
        }
    }
    if stages.is_empty() {
        let start = Span { line: 1, column: 1, width: 1 };
        return Err(source.error(start, "there is no stage to build: the file has no FROM"));
    }
    Ok(Dockerfile { source, escape, checks, directives, gaps, arguments, stages })
}

/// Reads one instruction that a base image left for this build (ONBUILD); it counts as standing at FROM.
pub(crate) fn parse_trigger(file: &Dockerfile, text: &str, from: Span) -> Result<Step, Diagnostic> {
    let trigger = Source::new("ONBUILD", text);
    let mut lines = logical_lines(&trigger, file.escape)?.into_iter();
    let empty = || file.source.error(from, "the base image has an empty ONBUILD trigger");
    let line = lines.next().ok_or_else(empty)?.standing_at(from);
    let reader = Reader { source: &file.source, line: &line, escape: file.escape, span: from };
    step(&reader, &line.word().split_first().0.text.to_ascii_uppercase(), &line)
}

fn step(reader: &Reader<'_>, name: &str, line: &LogicalLine) -> Result<Step, Diagnostic> {
    if !NAMES.contains(&name) {
        return Err(unknown(reader, name));
    }
    let instruction = instruction(reader, name, line.word().split_first().1)?;
    Ok(Step { instruction, span: reader.span, text: line.text.clone() })
}

fn unknown(reader: &Reader<'_>, name: &str) -> Diagnostic {
    let error = reader.source.error(reader.span, format!("unknown instruction `{name}`"));
    Diagnostic { hint: nearest(name, NAMES).map(|near| format!("did you mean `{near}`?")), ..error }
}

fn global_arguments(reader: &Reader<'_>, line: &LogicalLine) -> Result<Vec<Argument>, Diagnostic> {
    match instruction(reader, "ARG", line.word().split_first().1)? {
        Instruction::Arg(arguments) => Ok(arguments),
        _ => Ok(Vec::new()),
    }
}

/// `FROM [--platform=p] image [AS name]`.
fn from(reader: &Reader<'_>, mut flags: Flags<'_>) -> Result<Stage, Diagnostic> {
    let words = flags.rest.split_blanks();
    let (base, name) = match words.as_slice() {
        [base] => (*base, None),
        [base, keyword, name] if keyword.text.eq_ignore_ascii_case("AS") => (*base, Some(*name)),
        _ => {
            return Err(reader.hint(
                reader.span,
                "FROM takes one image",
                "write `FROM image` or `FROM image AS name`",
            ));
        }
    };
    let name = name.map(|name| stage_name(reader, reader.line.located(name))).transpose()?;
    Ok(Stage {
        name,
        base: reader.line.located(base),
        platform: flags.take("platform"),
        span: reader.span,
        text: reader.line.text.clone(),
        steps: Vec::new(),
    })
}

/// A stage's name: a letter, then letters, digits, `-`, `_` and `.`; case does not count.
fn stage_name(reader: &Reader<'_>, name: Located<String>) -> Result<String, Diagnostic> {
    let lower = name.value.to_lowercase();
    let is_valid = lower.starts_with(|c: char| c.is_ascii_lowercase())
        && lower
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'));
    if !is_valid {
        let message = format!("`{}` is not a stage name: use letters, digits, `-`, `_` and `.`", name.value);
        return Err(reader.source.error(name.span, message));
    }
    if lower == "scratch" {
        return Err(reader.source.error(name.span, "`scratch` is the empty image and cannot name a stage"));
    }
    Ok(lower)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
