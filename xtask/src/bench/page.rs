//! The page of all tables: each under what it was measured on, so that areas can be measured apart.

use super::row::Row;
use crate::origin::origin;
use crate::program::read_if_there;
use anyhow::{Context as _, Result};
use std::fmt::Write as _;
use std::path::Path;

const HEAD: &str = "# Benchmarks\n\n\
    Written by `cargo xtask bench`; do not edit. Each number is the median of several runs. Docker is Docker Engine 26.1.5\n\
    with Compose 2.26.1, measured right after Lighter in the same run. \"Kernel alone\" is what a bare program needs for the same.\n";
const COLUMNS: &str = "| Work | Docker | Kernel alone | Lighter | Docker / Lighter | Lighter / kernel | Target | Met |\n\
    |---|---|---|---|---|---|---|---|\n";

/// One table.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    pub(super) rows: Vec<Row>,
}

/// Writes `sections` into the page, in place of those of the same titles, and prints them.
pub(super) fn update(page: &Path, sections: &[Section]) -> Result<()> {
    let mut text = read_if_there(page)?.unwrap_or_default();
    let origin = origin()?;
    for section in sections {
        let table = section.render(&origin)?;
        print!("{table}");
        text = replace(&text, section.title, &table);
    }
    std::fs::write(page, text).with_context(|| format!("cannot write {}", page.display()))
}

impl Section {
    fn render(&self, origin: &str) -> Result<String> {
        let mut text = format!("\n## {}\n\n{} {origin}\n\n{COLUMNS}", self.title, self.note);
        self.rows.iter().for_each(|row| text.push_str(&row.render()));
        let missed: Vec<&str> =
            self.rows.iter().filter(|row| row.is_met() == Some(false)).map(Row::work).collect();
        if missed.is_empty() {
            text.push_str("\nEvery target is met.\n");
        } else {
            writeln!(text, "\nNot met yet: {}.", missed.join("; "))?;
        }
        Ok(text)
    }
}

/// The page `text` with `table` under `title`: where it stood, else at the end.
fn replace(text: &str, title: &str, table: &str) -> String {
    let (_, tables) = text.split_once("\n## ").unwrap_or_default();
    let mut page = HEAD.to_owned();
    let mut is_placed = false;
    for old in tables.split("\n## ").filter(|old| !old.is_empty()) {
        if old.lines().next() == Some(title) {
            page.push_str(table);
            is_placed = true;
        } else {
            page.push_str("\n## ");
            page.push_str(old);
            // The line break before the next headline went with the split.
            if !old.ends_with('\n') {
                page.push('\n');
            }
        }
    }
    if !is_placed {
        page.push_str(table);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::{HEAD, replace};

    #[test]
    fn a_table_takes_its_old_place_and_leaves_the_others() {
        let one = replace("", "One", "\n## One\n\n1\n");
        let two = replace(&one, "Two", "\n## Two\n\n2\n");
        assert_eq!(two, format!("{HEAD}\n## One\n\n1\n\n## Two\n\n2\n"));
        let again = replace(&two, "One", "\n## One\n\n3\n");
        assert_eq!(again, format!("{HEAD}\n## One\n\n3\n\n## Two\n\n2\n"));
    }
}
