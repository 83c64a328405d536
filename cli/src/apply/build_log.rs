//! What builds tell, as progress. Readers of plain text get every line behind the number of its step, as
//! steps of several stages and images run at once; a terminal shows a row for each image and each step.

use crate::show::progress::{Mark, Progress};
use engine::build::{BuildEvent, BuildRequest, StepLabel};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const BUILDING: &str = "Building";
/// More of an instruction than this does not help to tell steps apart.
const LONGEST_TITLE: usize = 60;

/// Follows the builds of one request.
#[derive(Debug)]
pub(crate) struct BuildLog<'a> {
    progress: &'a Progress,
    /// The row of each build, by its id.
    images: BTreeMap<String, String>,
    /// By number, those that go on.
    steps: Mutex<BTreeMap<usize, Step>>,
}

/// A step that goes on.
#[derive(Debug, Default)]
struct Step {
    /// Its row.
    title: String,
    /// What it wrote since its last line end.
    begun: Vec<u8>,
}

impl<'a> BuildLog<'a> {
    /// The builds of a request begin.
    pub(crate) fn new(requests: &[BuildRequest], progress: &'a Progress) -> Self {
        let row = |request: &BuildRequest| {
            let name = request.spec.tags.first().map_or_else(|| request.id.clone(), ToString::to_string);
            (request.id.clone(), format!("Image {name}").trim_end().to_owned())
        };
        let images: BTreeMap<_, _> = requests.iter().map(row).collect();
        images.values().for_each(|row| progress.begin(row, BUILDING));
        Self { progress, images, steps: Mutex::default() }
    }

    /// The builds have ended: well, unless one failed.
    pub(crate) fn end(&self, failed: Option<&str>) {
        for (id, row) in &self.images {
            let (mark, word) = match failed {
                None => (Mark::Done, "Built"),
                Some(failed) if failed == id => (Mark::Failed, "Error"),
                Some(_) => (Mark::Warning, "Stopped"),
            };
            self.progress.end(row, mark, word);
        }
    }

    /// Something happened in one of them.
    pub(crate) fn tell(&self, event: BuildEvent) {
        match event {
            BuildEvent::StepStarted { step, text } => self.begin(&step, &text),
            BuildEvent::StepCached { step } => self.finish(&step, Mark::Done, "CACHED"),
            BuildEvent::Output { step, bytes, .. } => self.output(&step, &bytes),
            BuildEvent::StepDone { step, elapsed } => {
                self.finish(&step, Mark::Done, &format!("DONE {:.1}s", elapsed.as_secs_f64()));
            }
            BuildEvent::StepFailed { step } => self.finish(&step, Mark::Failed, "ERROR"),
            BuildEvent::Warning { rule, diagnostic, .. } => {
                self.progress.advice(&format!("{rule}: {diagnostic}"));
            }
        }
    }

    fn begin(&self, step: &StepLabel, text: &str) {
        let build = if step.build.is_empty() { String::new() } else { format!("{} ", step.build) };
        let place = format!("[{build}{} {}/{}]", step.stage, step.index, step.total);
        self.progress.output(&format!("#{} {place} {text}", step.number));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let title: String = format!("{place} {text}").chars().take(LONGEST_TITLE).collect();
        self.progress.row(&title, Mark::Working, "", "");
        self.steps().insert(step.number, Step { title, begun: Vec::new() });
    }

    fn output(&self, step: &StepLabel, bytes: &[u8]) {
        let mut steps = self.steps();
        let Step { title, begun } = steps.entry(step.number).or_default();
        begun.extend_from_slice(bytes);
        while let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = begun.drain(..=end).collect();
            let line = last_version(&line);
            self.progress.output(&format!("#{} {line}", step.number));
            self.progress.row(title, Mark::Working, "", &line);
        }
    }

    fn finish(&self, step: &StepLabel, mark: Mark, word: &str) {
        let Step { title, begun } = self.steps().remove(&step.number).unwrap_or_default();
        if !begun.is_empty() {
            self.progress.output(&format!("#{} {}", step.number, last_version(&begun)));
        }
        self.progress.output(&format!("#{} {word}", step.number));
        self.progress.row(&title, mark, word, "");
    }

    /// A panic elsewhere leaves lines that can still be shown.
    fn steps(&self) -> MutexGuard<'_, BTreeMap<usize, Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Programs that draw bars write a line many times over, a carriage return between each two.
fn last_version(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    text.rsplit('\r').next().unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_progress_bar_only_the_end_is_kept() {
        assert_eq!(last_version(b"10%\r50%\r100%\r\n"), "100%");
        assert_eq!(last_version(b"plain\n"), "plain");
    }
}
