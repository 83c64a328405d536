//! How far an image's layers are, how fast they move, and how long the rest will take.

use crate::show::progress::{Amount, Mark, Progress};
use crate::show::size;
use engine::image::registry::Progress as Step;
use engine_spec::{Digest, ImageReference};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A rate over less time says nothing yet.
const SHORTEST: Duration = Duration::from_millis(500);

/// What an image's way is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    /// `Pulling`.
    pub(crate) working: &'static str,
    /// `Pulled`.
    pub(crate) done: &'static str,
    /// `Already exists`.
    pub(crate) existed: &'static str,
}

/// Fetching.
pub(crate) const PULL: Words = Words { working: "Pulling", done: "Pulled", existed: "Already exists" };
/// Sending.
pub(crate) const PUSH: Words = Words { working: "Pushing", done: "Pushed", existed: "Layer already exists" };

/// One image on its way; may show a row for each layer too.
pub(crate) struct Meter<'a> {
    id: String,
    words: Words,
    shows_layers: bool,
    progress: &'a Progress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    whole: Way,
    layers: BTreeMap<Digest, Way>,
}

/// How far something is.
#[derive(Clone, Copy, Default)]
struct Way {
    total: u64,
    moved: u64,
    /// When it first moved.
    since: Option<Instant>,
    shown_percent: Option<u64>,
}

impl Way {
    fn of(total: u64) -> Self {
        Self { total, ..Self::default() }
    }

    fn advance(&mut self, moved: u64) {
        self.since.get_or_insert_with(Instant::now);
        self.moved = moved;
    }

    /// What to show, if there is something new since it was last asked.
    fn news(&mut self) -> Option<String> {
        let percent = (self.moved * 100).checked_div(self.total);
        if percent == self.shown_percent {
            return None;
        }
        self.shown_percent = percent;
        Some(self.describe(self.since.map(|since| since.elapsed()).unwrap_or_default()))
    }

    fn amount<'a>(&self, parent: Option<&'a str>) -> Amount<'a> {
        Amount { parent, current: self.moved, total: self.total }
    }

    /// `12.3MB / 40MB  3.1MB/s  9s`
    fn describe(&self, took: Duration) -> String {
        let far = format!("{} / {}", size::human(self.moved), size::human(self.total));
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let rate = self.moved.saturating_mul(1000).checked_div(milliseconds).filter(|rate| *rate > 0);
        match rate.filter(|_| took >= SHORTEST && self.moved < self.total) {
            Some(rate) => {
                format!("{far}  {}/s  {}s", size::human(rate), (self.total - self.moved).div_ceil(rate))
            }
            None => far,
        }
    }
}

impl<'a> Meter<'a> {
    /// Begins; `shows_layers` gives each layer a row.
    pub(crate) fn new(
        image: &ImageReference,
        words: Words,
        shows_layers: bool,
        progress: &'a Progress,
    ) -> Self {
        let id = format!("Image {image}");
        progress.begin(&id, words.working);
        Self { id, words, shows_layers, progress, state: Mutex::default() }
    }

    /// Takes in what has happened.
    pub(crate) fn advance(&self, step: &Step) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Started { layers } => {
                state.whole = Way::of(layers.iter().map(|(_, size)| size).sum());
                state.layers = layers.iter().map(|(layer, size)| (layer.clone(), Way::of(*size))).collect();
            }
            Step::Sized { layer, bytes } => {
                state.layers.insert(layer.clone(), Way::of(*bytes));
                state.whole.total = state.layers.values().map(|way| way.total).sum();
            }
            Step::Transferred { layer, bytes } => {
                if let Some(way) = state.layers.get_mut(layer) {
                    way.advance(*bytes);
                    if let Some(detail) = way.news().filter(|_| self.shows_layers) {
                        let amount = way.amount(Some(&self.id));
                        self.progress.amount(&row(layer), self.words.working, &detail, amount);
                    }
                }
                let moved = state.layers.values().map(|way| way.moved).sum();
                state.whole.advance(moved);
            }
            Step::Done { layer, existed } => self.layer_done(layer, *existed),
            Step::Retrying { reason } => {
                self.progress.message(&format!(" {}  Retrying: {reason}", self.id));
            }
        }
        if let Some(detail) = state.whole.news() {
            self.progress.amount(&self.id, self.words.working, &detail, state.whole.amount(None));
        }
    }

    fn layer_done(&self, layer: &Digest, existed: bool) {
        if self.shows_layers {
            let word = if existed { self.words.existed } else { self.words.done };
            self.progress.end(&row(layer), Mark::Done, word);
        }
    }

    /// Ends.
    pub(crate) fn end(&self, is_done: bool) {
        let (mark, word) = if is_done { (Mark::Done, self.words.done) } else { (Mark::Failed, "Error") };
        self.progress.end(&self.id, mark, word);
    }
}

fn row(layer: &Digest) -> String {
    format!("Layer {}", layer.short())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_rest_follow_from_what_has_moved() {
        let way = Way { moved: 10_000_000, ..Way::of(40_000_000) };
        assert_eq!(way.describe(Duration::from_secs(2)), "10MB / 40MB  5MB/s  6s");
        assert_eq!(way.describe(Duration::from_millis(100)), "10MB / 40MB", "too early to tell");
        assert_eq!(Way::of(5).describe(Duration::from_secs(9)), "0B / 5B", "nothing has moved");
    }

    #[test]
    fn only_a_new_percentage_is_news() {
        let mut way = Way::of(1000);
        way.advance(10);
        assert!(way.news().is_some());
        way.advance(11);
        assert!(way.news().is_none());
    }
}
