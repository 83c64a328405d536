//! Every mistake in `diagnostics.txt`, with what is said of it.
//!
//! ```text
//! = name of the mistake
//! file: compose.yaml
//! the file, line by line
//! ---
//! what is said: place, message, notes in parentheses, what to do in brackets
//! ```

use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::sample::{load_files, options};
use std::collections::BTreeMap;
use std::fmt::Write;

const CASES: &str = include_str!("diagnostics.txt");

/// One mistake.
struct Case<'a> {
    name: &'a str,
    files: Vec<(&'a str, String)>,
    expected: String,
}

fn cases() -> Vec<Case<'static>> {
    CASES.split("\n= ").map(|text| case(text.trim_start_matches("= "))).collect()
}

fn case(text: &'static str) -> Case<'static> {
    let (name, text) = text.split_once('\n').expect("a name has a line of its own");
    let (files, expected) = text.split_once("---\n").expect("three dashes end the files");
    let mut parsed: Vec<(&str, String)> = Vec::new();
    for line in files.lines() {
        match line.strip_prefix("file: ") {
            Some(name) => parsed.push((name, String::new())),
            None => {
                let (_, text) = parsed.last_mut().expect("a file begins with its name");
                writeln!(text, "{line}").expect("a string takes everything");
            }
        }
    }
    Case { name, files: parsed, expected: expected.trim_end().to_owned() }
}

fn said(case: &Case<'_>) -> Vec<Diagnostic> {
    let mut options = options();
    options.environment =
        BTreeMap::from([("TAG".to_owned(), "1".to_owned()), ("BAD".to_owned(), "hidden".to_owned())]);
    let files: Vec<_> = case.files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    match load_files(&files, &options) {
        Ok(loaded) => loaded.warnings,
        Err(Diagnostics(errors)) => errors,
    }
}

/// The text a place points at.
fn pointed_at(place: &Place) -> String {
    let line = place.source.text.lines().nth(place.line - 1).unwrap_or_default();
    line.chars().skip(place.column - 1).take(place.length.max(1)).collect()
}

fn show(diagnostic: &Diagnostic) -> String {
    let mut text = String::new();
    if let Some(place) = &diagnostic.place {
        write!(text, "{place} `{}`: ", pointed_at(place)).expect("a string takes everything");
    }
    write!(text, "{}: {}", diagnostic.severity, diagnostic.message).expect("a string takes everything");
    for note in &diagnostic.notes {
        write!(text, " ({note})").expect("a string takes everything");
    }
    if let Some(hint) = &diagnostic.hint {
        write!(text, " [{hint}]").expect("a string takes everything");
    }
    text
}

#[test]
fn every_mistake_is_explained_where_it_is() {
    let mut differing = String::new();
    for case in cases() {
        let said = said(&case).iter().map(show).collect::<Vec<_>>().join("\n");
        if said != case.expected {
            write!(differing, "= {}\n{said}\nbut expected\n{}\n\n", case.name, case.expected)
                .expect("a string takes everything");
        }
    }
    assert!(differing.is_empty(), "\n{differing}");
}

#[test]
fn every_mistake_says_what_to_do_next() {
    for case in cases() {
        for diagnostic in said(&case) {
            assert!(diagnostic.place.is_some(), "{}: no place for {}", case.name, diagnostic.message);
            assert!(diagnostic.hint.is_some(), "{}: no next step for {}", case.name, diagnostic.message);
        }
    }
}

#[test]
fn there_are_at_least_sixty_mistakes() {
    assert!(cases().len() >= 60, "only {}", cases().len());
}

#[test]
fn values_of_variables_are_never_shown() {
    for case in cases() {
        for diagnostic in said(&case) {
            let shown = diagnostic.to_string();
            assert!(!shown.contains("hidden"), "{}: {shown}", case.name);
        }
    }
}
