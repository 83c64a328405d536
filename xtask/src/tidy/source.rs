//! Rules of one Rust file: a module comment, no unsafe outside `engine::sys`, a size one can read;
//! and of the tests: every file belongs to a test program.

use super::Source;

const KEYWORD: &str = "unsafe";
/// Where unsafe code may be.
const UNSAFE_HOME: &str = "engine/src/sys/";
const LARGEST: usize = 500;
/// Flat tables, which are read by looking up and not from the top.
const TABLES: [&str; 0] = [];
/// Test programs: a folder's `main.rs` names every other file in it.
const TEST_PROGRAMS: [&str; 2] = ["tests/scenarios/", "tests/faults/"];

pub(super) fn check(source: &Source) -> Vec<String> {
    if !source.path.ends_with(".rs") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if !source.text.starts_with("//!") {
        findings.push(format!("{}: does not open with `//!`", source.path));
    }
    let lines = source.text.lines().count();
    if lines > LARGEST && !TABLES.contains(&source.path.as_str()) {
        findings.push(format!("{}: {lines} lines; {LARGEST} is the limit", source.path));
    }
    if !source.path.starts_with(UNSAFE_HOME) {
        let lines = source.text.lines().enumerate().filter(|(_, line)| has_unsafe(line));
        findings.extend(lines.map(|(index, _)| format!("{}:{}: unsafe", source.path, index + 1)));
    }
    findings
}

/// Test files that no test program names, and which therefore never run.
pub(super) fn forgotten(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for folder in TEST_PROGRAMS {
        let main = sources.iter().find(|source| source.path == format!("{folder}main.rs"));
        let named = |module: &str| main.is_some_and(|main| main.text.contains(&format!("mod {module};")));
        let files = sources.iter().filter_map(|source| source.path.strip_prefix(folder));
        let modules = files.filter_map(|file| file.strip_suffix(".rs")).filter(|file| !file.contains('/'));
        let lost = modules.filter(|module| *module != "main" && !named(module));
        findings.extend(lost.map(|module| format!("{folder}{module}.rs: forgotten by {folder}main.rs")));
    }
    findings
}

/// Whether a line holds the keyword, not the name of a lint and not a word of a comment or a text.
fn has_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let mut parts = code.split('"');
    // Every second part lies between quotes.
    let outside: String = std::iter::from_fn(|| {
        let part = parts.next()?;
        parts.next();
        Some(part)
    })
    .collect();
    outside.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).any(|word| word == KEYWORD)
}

#[cfg(test)]
mod tests {
    use super::{KEYWORD, Source, check, forgotten, has_unsafe};

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Source { path: path.into(), text: text.into() })
    }

    #[test]
    fn finds_the_keyword_but_not_the_word() {
        assert!(has_unsafe("    let x = unsafe { y() };"));
        assert!(!has_unsafe("#![forbid(unsafe_code)]"));
        assert!(!has_unsafe("// unsafe is elsewhere"));
        assert!(!has_unsafe(&format!("print(\"{KEYWORD}\")")));
    }

    #[test]
    fn allows_the_keyword_in_its_home() {
        let text = "//! Calls.\nunsafe fn call() {}\n";
        assert!(findings("engine/src/sys/call.rs", text).is_empty());
        assert_eq!(findings("dns/src/lib.rs", text), ["dns/src/lib.rs:2: unsafe"]);
    }

    #[test]
    fn wants_a_module_comment() {
        assert_eq!(findings("a.rs", "fn main() {}\n"), ["a.rs: does not open with `//!`"]);
    }

    #[test]
    fn limits_the_size() {
        assert_eq!(findings("a.rs", &"//!\n".repeat(501)), ["a.rs: 501 lines; 500 is the limit"]);
    }

    #[test]
    fn finds_a_test_file_nobody_names() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let sources = [
            source("tests/scenarios/main.rs", "mod one;"),
            source("tests/scenarios/one.rs", ""),
            source("tests/scenarios/two.rs", ""),
        ];
        assert_eq!(forgotten(&sources), ["tests/scenarios/two.rs: forgotten by tests/scenarios/main.rs"]);
    }
}
