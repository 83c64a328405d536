//! The output of several containers as one stream of prefixed lines: `logs`, attached `up`.
//!
//! What was written is merged by the time of writing, not container by container. What is being
//! written arrives from one thread per container and is put in order within a short window.

mod follow;
mod merge;
mod printer;

pub(crate) use follow::{Admit, Follow, Heard};
pub(crate) use merge::print_written;
pub(crate) use printer::{Printer, Source};
