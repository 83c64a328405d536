//! A Dockerfile of a stranger: reading it ends, with instructions or with a diagnostic.

#![no_main]

use engine::build::check_text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // Showing what is wrong must not fail either: it points into the hostile text.
    match check_text("Dockerfile", text) {
        Ok(doubts) => doubts.iter().for_each(|(_, doubt)| drop(doubt.to_string())),
        Err(error) => drop(error.to_string()),
    }
});
