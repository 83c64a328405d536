//! Rows of progress and how they look. Pure: time and size come from outside.

use clap::builder::styling::{AnsiColor, Style};
use std::time::{Duration, Instant};

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// The time each picture of the spinner stays.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// How far something has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It goes on.
    Working,
    /// It is done.
    Done,
    /// It is done, and somebody should look at it.
    Warning,
    /// It failed.
    Failed,
}

impl Mark {
    fn sign(self, tick: usize) -> char {
        match self {
            Self::Working => SPINNER[tick % SPINNER.len()],
            Self::Done => '✔',
            Self::Warning => '!',
            Self::Failed => '✘',
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Working => AnsiColor::Cyan.on_default(),
            Self::Done => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Failed => AnsiColor::Red.on_default(),
        }
    }
}

/// What is said of one thing at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// `Container web-1`.
    pub(super) id: &'a str,
    /// How far it is.
    pub(super) mark: Mark,
    /// `Starting`.
    pub(super) word: &'a str,
    /// `12MB / 40MB`.
    pub(super) detail: &'a str,
    /// How much of it has moved, where that can be counted.
    pub(super) amount: Option<Amount<'a>>,
}

/// How much of something has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount<'a> {
    /// The row it is a part of: `Image redis:latest`.
    pub(crate) parent: Option<&'a str>,
    /// Bytes so far.
    pub(crate) current: u64,
    /// Bytes in all.
    pub(crate) total: u64,
}

impl<'a> Row<'a> {
    /// Nothing more than a word.
    pub(super) fn new(id: &'a str, mark: Mark, word: &'a str) -> Self {
        Self { id, mark, word, detail: "", amount: None }
    }
}

/// Docker compose's plain line: ` Container web-1  Started`.
pub(super) fn plain(row: &Row<'_>) -> String {
    format!(" {}  {} {}", row.id, row.word, row.detail).trim_end().to_owned()
}

/// One picture of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    /// When.
    pub(super) now: Instant,
    /// How many pictures were before; turns the spinner.
    pub(super) tick: usize,
    /// The longest line, in columns.
    pub(super) width: usize,
    /// The most lines; `None` shows every row.
    pub(super) height: Option<usize>,
}

/// All rows of one activity, in the order they were first heard of.
#[derive(Debug)]
pub(super) struct Board {
    activity: &'static str,
    colour: bool,
    rows: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    id: String,
    mark: Mark,
    word: String,
    detail: String,
    began: Instant,
    took: Option<Duration>,
}

impl Board {
    pub(super) fn new(activity: &'static str, colour: bool) -> Self {
        Self { activity, colour, rows: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds or changes the row of the same id.
    pub(super) fn update(&mut self, row: &Row<'_>, now: Instant) {
        let place = self.rows.iter().position(|kept| kept.id == row.id).unwrap_or_else(|| {
            self.rows.push(Kept {
                id: row.id.to_owned(),
                mark: row.mark,
                word: String::new(),
                detail: String::new(),
                began: now,
                took: None,
            });
            self.rows.len() - 1
        });
        let kept = &mut self.rows[place];
        kept.mark = row.mark;
        row.word.clone_into(&mut kept.word);
        row.detail.clone_into(&mut kept.detail);
        kept.took = (row.mark != Mark::Working).then(|| now - kept.began);
    }

    /// The rows as they look in a frame.
    pub(super) fn lines(&self, frame: Frame) -> Vec<String> {
        let done = self.rows.iter().filter(|row| row.mark != Mark::Working).count();
        let mut lines = vec![format!("[+] {} {done}/{}", self.activity, self.rows.len())];
        let room = frame.height.map_or(usize::MAX, |height| height.saturating_sub(2).max(1));
        let shown = self.shown(room);
        let widest = shown.iter().map(|row| row.id.chars().count()).max().unwrap_or(0);
        lines.extend(shown.iter().map(|row| self.line(row, widest, frame)));
        if shown.len() < self.rows.len() {
            lines.push(format!("   … {} more", self.rows.len() - shown.len()));
        }
        lines
    }

    /// Where not all fit, what goes on matters most.
    fn shown(&self, room: usize) -> Vec<&Kept> {
        if self.rows.len() <= room {
            return self.rows.iter().collect();
        }
        let (working, ended): (Vec<_>, Vec<_>) = self.rows.iter().partition(|row| row.mark == Mark::Working);
        working.into_iter().chain(ended.into_iter().rev()).take(room).collect()
    }

    fn line(&self, row: &Kept, widest: usize, frame: Frame) -> String {
        let seconds = row.took.unwrap_or_else(|| frame.now - row.began).as_secs_f64();
        let text = format!("{:widest$}  {:<9} {:>5.1}s  {}", row.id, row.word, seconds, row.detail);
        let text: String = text.trim_end().chars().take(frame.width.saturating_sub(3)).collect();
        let sign = row.mark.sign(frame.tick);
        if self.colour {
            let style = row.mark.style();
            format!(" {style}{sign}{style:#} {text}")
        } else {
            format!(" {sign} {text}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(id: &'a str, mark: Mark, word: &'a str) -> Row<'a> {
        Row::new(id, mark, word)
    }

    #[test]
    fn a_plain_line_is_docker_composes() {
        assert_eq!(plain(&row("Container web-1", Mark::Done, "Started")), " Container web-1  Started");
    }

    #[test]
    fn one_row_per_thing_shows_its_last_word_and_the_time_it_took() {
        let start = Instant::now();
        let mut board = Board::new("up", false);
        board.update(&row("Network demo_default", Mark::Done, "Created"), start);
        board.update(&row("Container web-1", Mark::Working, "Creating"), start);
        board.update(&row("Container web-1", Mark::Done, "Started"), start + Duration::from_millis(1500));
        assert_eq!(
            board.lines(Frame { now: start, tick: 0, width: 80, height: None }),
            [
                "[+] up 2/2",
                " ✔ Network demo_default  Created     0.0s",
                " ✔ Container web-1       Started     1.5s"
            ]
        );
    }

    #[test]
    fn rows_that_do_not_fit_are_counted_and_working_ones_come_first() {
        let start = Instant::now();
        let mut board = Board::new("up", false);
        for id in ["a", "b", "c"] {
            board.update(&row(id, Mark::Done, "Started"), start);
        }
        board.update(&row("d", Mark::Working, "Starting"), start);
        let lines = board.lines(Frame { now: start, tick: 0, width: 12, height: Some(4) });
        assert_eq!(lines, ["[+] up 3/4", " ⠋ d  Starti", " ✔ c  Starte", "   … 2 more"]);
    }
}
