//! A block of rows at the end of a terminal, redrawn in place.
//!
//! Nothing is drawn in the first tick: what is over sooner shows its result only. Each frame is one
//! write, wrapped in a synchronised update so that terminals which know it never show half a frame.

use super::board::{Board, Frame, Row, TICK};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

const BEGIN_UPDATE: &str = "\x1b[?2026h";
const END_UPDATE: &str = "\x1b[?2026l";
const CLEAR_BELOW: &str = "\x1b[J";
/// Where stderr is no terminal after all.
const FALLBACK_SIZE: (usize, usize) = (80, 24);

/// The block; its last frame is drawn when it is closed or dropped. The thread ends with it.
#[derive(Debug)]
pub(super) struct Screen {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug)]
struct State {
    board: Board,
    /// Lines of the frame that stands on the terminal.
    drawn: usize,
    tick: usize,
    is_over: bool,
}

impl Screen {
    pub(super) fn new(board: Board) -> Self {
        let state = State { board, drawn: 0, tick: 0, is_over: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), ended: Condvar::new() });
        let ticking = Arc::clone(&shared);
        let ticker = std::thread::Builder::new().name("progress".to_owned()).spawn(move || ticking.run());
        if let Err(error) = ticker {
            tracing::debug!(%error, "no thread for progress: only its end is shown");
        }
        Self { shared }
    }

    pub(super) fn update(&self, row: &Row<'_>) {
        self.shared.lock().board.update(row, Instant::now());
    }

    /// Draws the last frame, once.
    pub(super) fn close(&self) {
        let mut state = self.shared.lock();
        if state.is_over {
            return;
        }
        state.is_over = true;
        if !state.board.is_empty() {
            let frame = state.erase() + &state.draw(false);
            show(&frame);
        }
        drop(state);
        self.shared.ended.notify_one();
    }

    /// Prints lines that stay, and the block again below them.
    pub(super) fn message(&self, text: &str) {
        let mut state = self.shared.lock();
        let was_drawn = state.drawn > 0;
        let mut frame = state.erase();
        let _ = writeln!(frame, "{text}");
        if was_drawn {
            frame.push_str(&state.draw(true));
        }
        show(&frame);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    /// A panic elsewhere leaves rows that can still be shown.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut state = self.lock();
        loop {
            let waited = self.ended.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            if state.is_over {
                return;
            }
            if waited.1.timed_out() && !state.board.is_empty() {
                state.tick += 1;
                let frame = state.erase() + &state.draw(true);
                show(&frame);
            }
        }
    }
}

impl State {
    /// Moves back to the first line of the frame that stands there and clears it.
    fn erase(&mut self) -> String {
        let lines = std::mem::take(&mut self.drawn);
        if lines == 0 { String::new() } else { format!("\r\x1b[{lines}A{CLEAR_BELOW}") }
    }

    fn draw(&mut self, is_limited: bool) -> String {
        let (width, height) = size();
        let height = is_limited.then_some(height);
        let lines = self.board.lines(Frame { now: Instant::now(), tick: self.tick, width, height });
        self.drawn = if is_limited { lines.len() } else { 0 };
        lines.iter().fold(String::new(), |frame, line| frame + line + "\n")
    }
}

fn show(frame: &str) {
    // A terminal that has gone away is nobody's loss.
    let _ = io::stderr().lock().write_all(format!("{BEGIN_UPDATE}{frame}{END_UPDATE}").as_bytes());
}

fn size() -> (usize, usize) {
    terminal_size::terminal_size_of(io::stderr())
        .map_or(FALLBACK_SIZE, |(width, height)| (width.0.into(), height.0.into()))
}
