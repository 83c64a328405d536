//! What is printed: tables, templates, times, sizes, progress, and the output of containers.

pub(super) mod clock;
pub(super) mod ending;
pub(super) mod format;
pub(super) mod inspect;
pub(super) mod last_words;
pub(super) mod listing;
pub(super) mod output;
pub(super) mod progress;
pub(super) mod size;
pub(super) mod stream;
pub(super) mod table;
pub(super) mod volumes;
