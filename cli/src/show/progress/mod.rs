//! What is going on, told on stderr while it goes on.
//!
//! Everyone reports to a [`Progress`]; how it looks is decided once. Plain lines and JSON objects are
//! written as they come, rows on a terminal are redrawn by a thread of [`screen`].

mod board;
mod json;
mod screen;

use crate::console::terminal::{ProgressStyle, Terminal};
use crate::report;
use board::{Board, Row};
use screen::Screen;
use std::io::{self, Write};

pub(crate) use board::{Amount, Mark};

/// Where steps report to. Cheap to share by reference between threads.
#[derive(Debug)]
pub(crate) struct Progress {
    show: Show,
    is_coloured: bool,
}

#[derive(Debug)]
enum Show {
    Screen(Screen),
    Lines,
    Json,
    Nothing,
}

impl Progress {
    /// Begins to report on `activity` (`up`, `down`, …) in the way `terminal` asks for.
    pub(crate) fn new(terminal: &Terminal, activity: &'static str) -> Self {
        let show = match terminal.progress {
            ProgressStyle::Tty => Show::Screen(Screen::new(Board::new(activity, terminal.colour_stderr))),
            ProgressStyle::Plain => Show::Lines,
            ProgressStyle::Json => Show::Json,
            ProgressStyle::Quiet => Show::Nothing,
        };
        Self { show, is_coloured: terminal.colour_stderr }
    }

    /// The same, or reports to nobody if `is_quiet`.
    pub(crate) fn unless(is_quiet: bool, terminal: &Terminal, activity: &'static str) -> Self {
        if is_quiet { Self::quiet() } else { Self::new(terminal, activity) }
    }

    /// A line per event even on a terminal, for where others write at the same time.
    pub(crate) fn lines(terminal: &Terminal) -> Self {
        let show = match terminal.progress {
            ProgressStyle::Tty | ProgressStyle::Plain => Show::Lines,
            ProgressStyle::Json => Show::Json,
            ProgressStyle::Quiet => Show::Nothing,
        };
        Self { show, is_coloured: terminal.colour_stderr }
    }

    /// Reports to nobody.
    pub(crate) fn quiet() -> Self {
        Self { show: Show::Nothing, is_coloured: false }
    }

    /// Something begins: `Container web-1`, `Starting`.
    pub(crate) fn begin(&self, id: &str, word: &str) {
        self.show(&Row::new(id, Mark::Working, word));
    }

    /// Something has come to an end, good or bad.
    pub(crate) fn end(&self, id: &str, mark: Mark, word: &str) {
        self.show(&Row::new(id, mark, word));
    }

    /// How far something is. Seen on a terminal and in JSON only, for it may come often.
    pub(crate) fn amount(&self, id: &str, word: &str, detail: &str, amount: Amount<'_>) {
        self.show_often(&Row { id, mark: Mark::Working, word, detail, amount: Some(amount) });
    }

    /// A row of its own for what plain text tells in lines of [`Self::output`].
    pub(crate) fn row(&self, id: &str, mark: Mark, word: &str, detail: &str) {
        self.show_often(&Row { detail, ..Row::new(id, mark, word) });
    }

    fn show_often(&self, row: &Row<'_>) {
        match &self.show {
            Show::Lines | Show::Nothing => {}
            Show::Screen(_) | Show::Json => self.show(row),
        }
    }

    /// A line that stays, above what is redrawn.
    pub(crate) fn message(&self, text: &str) {
        match &self.show {
            Show::Screen(screen) => screen.message(text),
            Show::Lines => write_line(text),
            Show::Json => write_line(&json::message(text)),
            Show::Nothing => {}
        }
    }

    /// Something to look at; shown even where nothing else is.
    pub(crate) fn warning(&self, message: &str) {
        let text = report::warning_line(message, self.is_coloured);
        match &self.show {
            Show::Nothing => write_line(&text),
            Show::Screen(_) | Show::Lines | Show::Json => self.message(&text),
        }
    }

    /// The same for what those may miss who want to be shown nothing.
    pub(crate) fn advice(&self, message: &str) {
        if !matches!(self.show, Show::Nothing) {
            self.warning(message);
        }
    }

    /// A line of work output, for those who read all of it; a terminal shows rows instead.
    pub(crate) fn output(&self, text: &str) {
        match &self.show {
            Show::Lines => write_line(text),
            Show::Json => write_line(&json::message(text)),
            Show::Screen(_) | Show::Nothing => {}
        }
    }

    /// Shows how everything ended. What is reported afterwards is not shown.
    pub(crate) fn close(&self) {
        if let Show::Screen(screen) = &self.show {
            screen.close();
        }
    }

    fn show(&self, row: &Row<'_>) {
        match &self.show {
            Show::Screen(screen) => screen.update(row),
            Show::Lines => write_line(&board::plain(row)),
            Show::Json => write_line(&json::event(row)),
            Show::Nothing => {}
        }
    }
}

/// One write per line, so that lines of several threads never mix. A closed stderr is nobody's loss.
fn write_line(text: &str) {
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}
