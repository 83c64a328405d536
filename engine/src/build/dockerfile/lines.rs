//! Physical lines to logical lines: comments, continuations and here-document bodies.

use super::Diagnostic;
use super::heredoc::{Heredoc, Opening, openings};
use super::source::{Located, Source, Span};
use super::words::{Word, is_blank};

/// The longest line that is read, as Docker's scanner has it.
const MAX_LINE_BYTES: usize = 65_535;

/// The instructions that may be followed by here-documents.
const HEREDOC_INSTRUCTIONS: [&str; 3] = ["RUN", "COPY", "ADD"];

/// One instruction with its continuation lines joined.
#[derive(Debug)]
pub(super) struct LogicalLine {
    /// The joined text, without blanks around it.
    pub(super) text: String,
    /// The bodies that follow it.
    pub(super) heredocs: Vec<Heredoc>,
    /// The first empty line in it.
    pub(super) gap: Option<usize>,
    /// Where the parts of `text` come from.
    pieces: Vec<Piece>,
    /// Where all of it is said to stand, if it is in no file.
    stand_in: Option<Span>,
}

/// From `offset` of the joined text on, characters come from `line`, starting at `column`.
#[derive(Debug)]
struct Piece {
    offset: usize,
    line: usize,
    column: usize,
}

impl LogicalLine {
    /// The text as a word that covers it all.
    pub(super) fn word(&self) -> Word<'_> {
        Word::new(&self.text, 0)
    }

    /// Where `word`, a part of this line, stands in the file.
    pub(super) fn span(&self, word: Word<'_>) -> Span {
        if let Some(span) = self.stand_in {
            return span;
        }
        let piece = self.pieces.iter().rev().find(|piece| piece.offset <= word.offset);
        let piece = piece.expect("the first piece starts at 0");
        let before = self.text.get(piece.offset..word.offset).unwrap_or_default();
        Span {
            line: piece.line,
            column: piece.column + before.chars().count(),
            width: word.text.chars().count(),
        }
    }

    /// The same line, said to stand at `span`.
    pub(super) fn standing_at(self, span: Span) -> Self {
        Self { stand_in: Some(span), ..self }
    }

    /// `word` as owned text with its place.
    pub(super) fn located(&self, word: Word<'_>) -> Located<String> {
        Located { value: word.text.to_owned(), span: self.span(word) }
    }
}

/// Joins the lines of `source` into instructions.
pub(super) fn logical_lines(source: &Source, escape: char) -> Result<Vec<LogicalLine>, Diagnostic> {
    let mut reader = Reader { source, escape, next: 0 };
    let mut lines = Vec::new();
    while let Some(line) = reader.logical_line()? {
        lines.push(line);
    }
    Ok(lines)
}

struct Reader<'a> {
    source: &'a Source,
    escape: char,
    /// The index of the next physical line.
    next: usize,
}

impl<'a> Reader<'a> {
    /// The next instruction, or `None` at the end.
    fn logical_line(&mut self) -> Result<Option<LogicalLine>, Diagnostic> {
        let mut line = LogicalLine {
            text: String::new(),
            heredocs: Vec::new(),
            gap: None,
            pieces: Vec::new(),
            stand_in: None,
        };
        let mut continues = true;
        while continues {
            let Some(physical) = self.physical_line()? else { break };
            if is_comment_or_empty(physical) {
                if physical.trim().is_empty() && !line.pieces.is_empty() {
                    line.gap.get_or_insert(self.next);
                }
                continue;
            }
            continues = self.append(&mut line, physical);
        }
        if line.pieces.is_empty() {
            return Ok(None);
        }
        line.text.truncate(line.text.trim_end().len());
        self.heredocs(&mut line)?;
        Ok(Some(line))
    }

    fn physical_line(&mut self) -> Result<Option<&'a str>, Diagnostic> {
        let Some(line) = self.source.lines().get(self.next) else { return Ok(None) };
        self.next += 1;
        if line.len() > MAX_LINE_BYTES {
            let start = Span { line: self.next, column: 1, width: 1 };
            return Err(self.source.error(start, format!("the line is longer than {MAX_LINE_BYTES} bytes")));
        }
        Ok(Some(line))
    }

    /// Adds a physical line; returns whether the instruction goes on. Leading blanks count only inside one.
    fn append(&self, line: &mut LogicalLine, physical: &str) -> bool {
        let start = match line.pieces.is_empty() {
            true => physical.len() - physical.trim_start().len(),
            false => 0,
        };
        let text = &physical[start..];
        let continued = without_continuation(text, self.escape);
        let column = physical[..start].chars().count() + 1;
        line.pieces.push(Piece { offset: line.text.len(), line: self.next, column });
        line.text.push_str(continued.unwrap_or(text));
        continued.is_some()
    }

    fn heredocs(&mut self, line: &mut LogicalLine) -> Result<(), Diagnostic> {
        let arguments = heredoc_arguments(line.word());
        for opening in arguments.map(|word| openings(word.text, self.escape)).unwrap_or_default() {
            let heredoc = self.heredoc(opening, line)?;
            line.heredocs.push(heredoc);
        }
        Ok(())
    }

    fn heredoc(&mut self, opening: Opening, line: &LogicalLine) -> Result<Heredoc, Diagnostic> {
        let mut body = String::new();
        while let Some(physical) = self.physical_line()? {
            if opening.is_closed_by(physical) {
                return Ok(opening.close(body));
            }
            body.push_str(opening.body_line(physical));
            body.push('\n');
        }
        let span = line.span(line.word().split_first().0);
        Err(self.source.error(span, format!("the here-document `{}` is never closed", opening.name)))
    }
}

/// The arguments of an instruction that takes here-documents, also behind ONBUILD. The JSON form takes none.
fn heredoc_arguments(line: Word<'_>) -> Option<Word<'_>> {
    let (name, rest) = line.split_first();
    if name.text.eq_ignore_ascii_case("ONBUILD") {
        return heredoc_arguments(rest);
    }
    let takes_heredocs = HEREDOC_INSTRUCTIONS.iter().any(|known| name.text.eq_ignore_ascii_case(known));
    let is_json = serde_json::from_str::<Vec<String>>(rest.text).is_ok();
    (takes_heredocs && !is_json).then_some(rest)
}

fn is_comment_or_empty(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The line up to its continuation character, if it ends in one that is not itself escaped.
fn without_continuation(line: &str, escape: char) -> Option<&str> {
    let before = line.trim_end_matches(is_blank).strip_suffix(escape)?;
    (!before.ends_with(escape)).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let source = Source::new("Dockerfile", text);
        let lines = logical_lines(&source, '\\').expect(text);
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn continuations_are_joined_and_comments_inside_dropped() {
        check("RUN a \\\n  b \\  \n# no\n\n  && c\nCMD d", &["RUN a   b   && c", "CMD d"]);
        check("\u{feff}  FROM x\r\n\r\n# c\r\nRUN y\r\n", &["FROM x", "RUN y"]);
    }

    #[test]
    fn a_doubled_escape_ends_the_line() {
        check("RUN a \\\\\nRUN b", &["RUN a \\\\", "RUN b"]);
    }

    #[test]
    fn a_comment_never_continues() {
        check("# a \\\nFROM x", &["FROM x"]);
    }

    #[test]
    fn heredoc_bodies_are_raw() {
        let source = Source::new("Dockerfile", "RUN <<-A cat <<'B'\n\t# x \\\n\tA\n$y\nB\nCMD z");
        let lines = logical_lines(&source, '\\').expect("well formed");
        assert_eq!(lines.len(), 2);
        let bodies: Vec<_> = lines[0].heredocs.iter().map(|heredoc| heredoc.body.as_str()).collect();
        assert_eq!(bodies, ["# x \\\n", "$y\n"]);
    }

    #[test]
    fn an_open_heredoc_is_an_error_at_its_instruction() {
        let source = Source::new("Dockerfile", "FROM a\nCOPY <<X /y\nz");
        let error = logical_lines(&source, '\\').expect_err("never closed");
        assert_eq!((error.at.line, error.column), (2, 1));
    }

    #[test]
    fn a_place_in_a_continued_line_is_found_again() {
        let source = Source::new("Dockerfile", "RUN one \\\n    two");
        let lines = logical_lines(&source, '\\').expect("well formed");
        let words = lines[0].word().split_blanks();
        assert_eq!(lines[0].span(words[2]), Span { line: 2, column: 5, width: 3 });
    }
}
