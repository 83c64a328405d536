//! The last lines of a command's output, for when it fails.

use std::collections::VecDeque;

/// As many lines as help without filling the screen.
const MOST_LINES: usize = 20;
/// A longer line is cut.
const LONGEST_LINE: usize = 2048;

/// The end of a stream of bytes, by lines.
#[derive(Debug, Default)]
pub(in crate::build) struct Tail {
    lines: VecDeque<Vec<u8>>,
    is_line_open: bool,
}

impl Tail {
    /// Takes in what was written.
    pub(in crate::build) fn add(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.is_line_open {
                self.lines.push_back(Vec::new());
            }
            self.is_line_open = !part.ends_with(b"\n");
            if let Some(line) = self.lines.back_mut() {
                let room = LONGEST_LINE.saturating_sub(line.len());
                line.extend(part.iter().filter(|byte| **byte != b'\n').take(room));
            }
            if self.lines.len() > MOST_LINES {
                self.lines.pop_front();
            }
        }
    }

    /// The lines, as text.
    pub(in crate::build) fn into_lines(self) -> Vec<String> {
        self.lines.iter().map(|line| String::from_utf8_lossy(line).trim_end().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_stay_and_parts_are_joined() {
        let mut tail = Tail::default();
        for number in 0..30 {
            tail.add(format!("line {number}\nha").as_bytes());
            tail.add(b"lf\r\n");
        }
        tail.add(b"open");
        let lines = tail.into_lines();
        assert_eq!(lines.len(), MOST_LINES);
        assert_eq!(lines[MOST_LINES - 3..], ["line 29", "half", "open"]);
    }
}
