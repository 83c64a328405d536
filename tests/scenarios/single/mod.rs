//! Single containers and volumes: `container`, `volume`, `inspect` and `system` as a user types them.

mod listing;
mod running;
mod system;
mod tutorials;

use scenarios::{Lighter, Outcome};

/// Runs a line that must succeed, and returns what it printed without the last line feed.
#[track_caller]
fn ok(lighter: &Lighter, words: &[&str]) -> String {
    lighter.run(words).succeeds().stdout.trim_end().to_owned()
}

/// The same with one text that is cut at spaces.
#[track_caller]
fn line(lighter: &Lighter, text: &str) -> Outcome {
    lighter.run(text.split(' '))
}

/// A container that does nothing until it is removed.
fn sleeper(lighter: &Lighter, flags: &str) -> String {
    ok(
        lighter,
        &format!("container run -d {flags} busybox sleep 1000000").split_whitespace().collect::<Vec<_>>(),
    )
}
