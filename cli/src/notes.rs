//! What a plan says besides its steps.

use crate::progress::{Mark, Progress};
use compose::plan::Note;

/// Tells what stays as it is, and warns of what should be looked at.
pub(crate) fn show(notes: &[Note], progress: &Progress) {
    for note in notes {
        match note {
            Note::Unchanged { container } => {
                progress.end(&format!("Container {container}"), Mark::Done, "Running");
            }
            Note::Orphans { .. }
            | Note::NetworkKept { .. }
            | Note::VolumeKept { .. }
            | Note::NetworkInUse { .. }
            | Note::VolumeInUse { .. }
            | Note::NothingFound => {
                progress.warning(&note.to_string());
            }
        }
    }
}
