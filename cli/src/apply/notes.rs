//! What a plan says besides its steps.

use crate::show::progress::{Mark, Progress};
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

/// Warns of what should be looked at, and leaves the rest unsaid.
pub(crate) fn show_warnings(notes: &[Note], progress: &Progress) {
    let warnings: Vec<_> =
        notes.iter().filter(|note| !matches!(note, Note::Unchanged { .. })).cloned().collect();
    show(&warnings, progress);
}
