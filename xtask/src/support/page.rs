//! The page: a table per section, and how many attributes are in which state.

use super::list::{Attribute, Section, State};
use std::fmt::Write as _;

const HEAD: &str = "\
# What of the Compose specification works

Written by `cargo xtask support` from `tests/attributes/`, which the tests are held to: each attribute
that works names the tests that see its effect, `cargo xtask test` fails unless they exist and ran, and
a test of the loader compares the list with what it accepts.

- **works**: it takes effect.
- **works, no test of its own**: it takes effect, but no test reads the effect.
- **parsed only**: it is read and passed over, with a warning.
- **not applicable**: it means nothing on one Linux host, or is refused with an error.
";

/// The whole page.
pub(super) fn text(sections: &[Section]) -> String {
    let mut page = HEAD.to_owned();
    write_counts(&mut page, sections);
    for section in sections {
        // A String takes every write.
        let _ = write!(
            page,
            "\n## {}\n\n| Attribute | State | Shown by, or why not |\n|---|---|---|\n",
            section.title
        );
        section.attributes.iter().for_each(|attribute| write_row(&mut page, attribute));
    }
    page
}

fn write_counts(page: &mut String, sections: &[Section]) {
    page.push_str("\n| State | Attributes |\n|---|---:|\n");
    let states =
        || sections.iter().flat_map(|section| &section.attributes).map(|attribute| title(&attribute.state));
    for state in ["works", "works, no test of its own", "parsed only", "not applicable"] {
        let count = states().filter(|title| *title == state).count();
        let _ = writeln!(page, "| {state} | {count} |");
    }
}

fn write_row(page: &mut String, attribute: &Attribute) {
    let _ = writeln!(
        page,
        "| `{}` | {} | {} |",
        attribute.path,
        title(&attribute.state),
        detail(&attribute.state).replace('|', "\\|")
    );
}

fn title(state: &State) -> &'static str {
    match state {
        State::Works { .. } => "works",
        State::Untested => "works, no test of its own",
        State::Parsed(_) => "parsed only",
        State::Absent(_) => "not applicable",
    }
}

fn detail(state: &State) -> String {
    match state {
        State::Works { tests, note } => {
            let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
            let note = note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
            tests.join(", ") + &note
        }
        State::Untested => String::new(),
        State::Parsed(reason) | State::Absent(reason) => reason.clone(),
    }
}
