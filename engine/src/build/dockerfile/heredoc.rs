//! Here-documents of RUN, COPY and ADD.

use super::words::Word;

/// A here-document with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heredoc {
    /// The delimiter, which COPY and ADD take as the file's name.
    pub(crate) name: String,
    /// Whether variables in the body are replaced: the delimiter had no quotes.
    pub(crate) is_expanded: bool,
    /// The lines between the delimiters, each with its end.
    pub(crate) body: String,
}

/// The start of a here-document: `[fd]<<[-]delimiter`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// The delimiter without quotes.
    pub(super) name: String,
    /// Whether the delimiter had no quotes.
    pub(super) is_expanded: bool,
    /// Whether leading tabs are dropped (`<<-`).
    pub(super) strips_tabs: bool,
}

/// The here-documents that `arguments` opens, in order.
pub(super) fn openings(arguments: &str, escape: char) -> Vec<Opening> {
    Word::new(arguments, 0).split_quoted(escape).into_iter().filter_map(|word| opening(word.text)).collect()
}

/// Reads one word as the start of a here-document, if it is one.
pub(super) fn opening(word: &str) -> Option<Opening> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (strips_tabs, delimiter) = match rest.strip_prefix('-') {
        Some(delimiter) => (true, delimiter),
        None => (false, rest),
    };
    if delimiter.contains('<') {
        return None;
    }
    let name: String = delimiter.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
    let is_expanded = name.len() == delimiter.len();
    (!name.is_empty()).then_some(Opening { name, is_expanded, strips_tabs })
}

impl Opening {
    /// Whether `line` ends the body.
    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        self.body_line(line) == self.name
    }

    /// A line of the body as it counts.
    pub(super) fn body_line<'a>(&self, line: &'a str) -> &'a str {
        if self.strips_tabs { line.trim_start_matches('\t') } else { line }
    }

    /// The whole here-document.
    pub(super) fn close(self, body: String) -> Heredoc {
        Heredoc { name: self.name, is_expanded: self.is_expanded, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &str) -> Vec<String> {
        openings(arguments, '\\').into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn several_may_stand_on_one_line() {
        assert_eq!(names("3<<A 4<<-\"B\" cmd <<'C' /x"), ["A", "B", "C"]);
    }

    #[test]
    fn quoted_text_and_here_strings_are_none() {
        assert_eq!(names("echo \"<<EOF\" '<<X' <<<word <<"), Vec::<String>::new());
    }

    #[test]
    fn any_quoting_turns_expansion_off() {
        assert!(opening("<<EOF").expect("a heredoc").is_expanded);
        assert!(!opening("<<E\"O\"F").expect("a heredoc").is_expanded);
    }
}
