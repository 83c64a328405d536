//! Splitting a line into words, with the place of each.

/// A part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// Its text as written.
    pub(super) text: &'a str,
    /// Where it starts in the line, in bytes.
    pub(super) offset: usize,
}

impl<'a> Word<'a> {
    /// The whole of `text`, which starts at `offset` of its line.
    pub(super) fn new(text: &'a str, offset: usize) -> Self {
        Self { text, offset }
    }

    /// Without blanks around it.
    pub(super) fn trim(self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        Self { text: self.text.trim(), offset: self.offset + start }
    }

    /// The first word by blanks and what follows it.
    pub(super) fn split_first(self) -> (Self, Self) {
        let trimmed = self.trim();
        let end = trimmed.text.find(is_blank).unwrap_or(trimmed.text.len());
        trimmed.split_at(end)
    }

    /// The first `length` bytes and the trimmed rest.
    pub(super) fn split_at(self, length: usize) -> (Self, Self) {
        let (first, rest) = self.text.split_at(length);
        (Self::new(first, self.offset), Self::new(rest, self.offset + length).trim())
    }

    /// The words between blanks; quotes mean nothing.
    pub(super) fn split_blanks(self) -> Vec<Self> {
        let mut words = Vec::new();
        let mut rest = self.trim();
        while !rest.text.is_empty() {
            let (word, tail) = rest.split_first();
            words.push(word);
            rest = tail;
        }
        words
    }

    /// The words between blanks that are neither quoted nor escaped; quotes and escapes stay in them.
    pub(super) fn split_quoted(self, escape: char) -> Vec<Self> {
        let mut words = Vec::new();
        let mut rest = self.trim();
        while !rest.text.is_empty() {
            let (word, tail) = rest.split_at(quoted_length(rest.text, escape));
            words.push(word);
            rest = tail;
        }
        words
    }
}

/// What separates words.
pub(super) fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The length of the word `text` starts with.
fn quoted_length(text: &str, escape: char) -> usize {
    let mut quote = None;
    let mut is_escaped = false;
    for (index, c) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if c == escape && quote != Some('\'') {
            is_escaped = true;
        } else if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && (c == '\'' || c == '"') {
            quote = Some(c);
        } else if quote.is_none() && is_blank(c) {
            return index;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> Vec<&str> {
        Word::new(text, 0).split_quoted('\\').iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_and_escapes_hold_words_together() {
        assert_eq!(quoted("a=1 b='x y' c=\"p q\" d=e\\ f"), ["a=1", "b='x y'", "c=\"p q\"", "d=e\\ f"]);
        assert_eq!(quoted("  \t x  "), ["x"]);
        assert_eq!(quoted("a'\\' b"), ["a'\\'", "b"]);
    }

    #[test]
    fn words_know_where_they_are() {
        let words = Word::new("  one  two", 10).split_blanks();
        assert_eq!(words.iter().map(|word| word.offset).collect::<Vec<_>>(), [12, 17]);
    }
}
