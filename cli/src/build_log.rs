//! What a build tells, as progress: every line for readers of plain text, the current step on a terminal.

use crate::progress::{Mark, Progress};
use engine::build::{BuildEvent, StepLabel};
use engine_spec::ServiceName;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

const BUILDING: &str = "Building";

/// Follows one build.
#[derive(Debug)]
pub(crate) struct BuildLog<'a> {
    id: String,
    /// Before each line, where several images are built.
    service: Option<&'a ServiceName>,
    progress: &'a Progress,
    /// What steps wrote since their last line end.
    begun: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl<'a> BuildLog<'a> {
    /// The build of `image` begins, for `service` if it is one's.
    pub(crate) fn new(image: &str, service: Option<&'a ServiceName>, progress: &'a Progress) -> Self {
        let id = format!("Image {image}").trim_end().to_owned();
        progress.begin(&id, BUILDING);
        Self { id, service, progress, begun: Mutex::default() }
    }

    /// The build has ended.
    pub(crate) fn end(&self, is_built: bool) {
        let (mark, word) = if is_built { (Mark::Done, "Built") } else { (Mark::Failed, "Error") };
        self.progress.end(&self.id, mark, word);
    }

    /// Something happened in it.
    pub(crate) fn tell(&self, event: BuildEvent) {
        match event {
            BuildEvent::StepStarted { step, text } => {
                self.progress.detail(&self.id, BUILDING, &format!("{step} {text}"));
                self.line(&step, &text);
            }
            BuildEvent::StepCached { step } => self.line(&step, "CACHED"),
            BuildEvent::Output { step, bytes, .. } => self.output(&step, &bytes),
            BuildEvent::StepDone { step, elapsed } => {
                self.flush(&step);
                self.line(&step, &format!("DONE {:.1}s", elapsed.as_secs_f64()));
            }
            BuildEvent::StepFailed { step } => {
                self.flush(&step);
                self.line(&step, "ERROR");
            }
            BuildEvent::Warning { rule, diagnostic, .. } => {
                self.progress.message(&format!(" {}  {rule}: {diagnostic}", self.id));
            }
        }
    }

    fn output(&self, step: &StepLabel, bytes: &[u8]) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let text = begun.entry(step.to_string()).or_default();
        text.extend_from_slice(bytes);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            self.line(step, &last_version(&line));
        }
    }

    fn flush(&self, step: &StepLabel) {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&step.to_string());
        if let Some(rest) = begun.filter(|rest| !rest.is_empty()) {
            self.line(step, &last_version(&rest));
        }
    }

    fn line(&self, step: &StepLabel, text: &str) {
        let service = self.service.map(|service| format!("{service} ")).unwrap_or_default();
        self.progress.output(&format!("{service}{step} {text}"));
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
