//! The patterns of `${name#pattern}` and its kin: `*`, `?` and escapes, nothing else.

/// A pattern, piece by piece.
#[derive(Debug)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// `*`: any characters.
    Any,
    /// `?`: one character.
    One,
    /// This character.
    Literal(char),
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            pieces.push(match c {
                '*' => Piece::Any,
                '?' => Piece::One,
                '\\' => Piece::Literal(rest.next().unwrap_or('\\')),
                c => Piece::Literal(c),
            });
        }
        Self(pieces)
    }

    /// `value` without the shortest or longest start that matches.
    pub(super) fn without_prefix<'a>(&self, value: &'a str, is_longest: bool) -> &'a str {
        let ends = self.ends(value);
        let end = if is_longest { ends.last() } else { ends.first() };
        end.map_or(value, |end| &value[*end..])
    }

    /// `value` without the shortest or longest end that matches: the same, read backwards.
    pub(super) fn without_suffix<'a>(&self, value: &'a str, is_longest: bool) -> &'a str {
        let backwards = Self(self.0.iter().rev().copied().collect());
        let eulav: String = value.chars().rev().collect();
        let kept = backwards.without_prefix(&eulav, is_longest).len();
        &value[..kept]
    }

    /// `value` with the first or every longest match replaced.
    pub(super) fn replace(&self, value: &str, replacement: &str, is_all: bool) -> String {
        let mut output = String::new();
        let mut rest = value;
        while let Some(next) = rest.chars().next() {
            match self.ends(rest).last() {
                Some(&end) if end > 0 => {
                    output.push_str(replacement);
                    rest = &rest[end..];
                    if !is_all {
                        break;
                    }
                }
                _ => {
                    output.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
        }
        output + rest
    }

    /// All lengths at which a start of `text` matches, ascending; time is pattern times text.
    fn ends(&self, text: &str) -> Vec<usize> {
        let mut reached = vec![true];
        reached.resize(self.0.len() + 1, false);
        self.skip_any(&mut reached);
        let mut ends = Vec::new();
        for (end, next) in boundaries(text).zip(text.chars().map(Some).chain([None])) {
            if reached[self.0.len()] {
                ends.push(end);
            }
            let Some(next) = next else { break };
            reached = self.step(&reached, next);
        }
        ends
    }

    /// The pieces that may come next after `c`.
    fn step(&self, reached: &[bool], c: char) -> Vec<bool> {
        let mut following = vec![false; reached.len()];
        for (index, piece) in self.0.iter().enumerate().filter(|(index, _)| reached[*index]) {
            match piece {
                Piece::Any => following[index] = true,
                Piece::One => following[index + 1] = true,
                Piece::Literal(literal) => following[index + 1] |= *literal == c,
            }
        }
        self.skip_any(&mut following);
        following
    }

    /// `*` also matches nothing.
    fn skip_any(&self, reached: &mut [bool]) {
        for (index, piece) in self.0.iter().enumerate() {
            reached[index + 1] |= reached[index] && *piece == Piece::Any;
        }
    }
}

/// Every place in `text` between two characters, both ends included.
fn boundaries(text: &str) -> impl Iterator<Item = usize> {
    text.char_indices().map(|(index, _)| index).chain([text.len()])
}
