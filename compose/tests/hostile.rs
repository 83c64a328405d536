//! Input that wants to exhaust memory, time or the stack: bounded, and a clear error.

use compose::load::{Files, LoadOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

type Others = fn(&Path) -> Option<Vec<u8>>;

/// A folder with one file in it, and others made up as they are asked for.
struct Hostile {
    text: Vec<u8>,
    others: Others,
}

impl Files for Hostile {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path.file_name().is_some_and(|name| name == "compose.yaml") {
            return Ok(self.text.clone());
        }
        (self.others)(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn exists(&self, path: &Path) -> bool {
        self.read(path).is_ok()
    }
}

/// What is said of a file, within ten seconds.
fn said_of(text: impl Into<Vec<u8>>, others: Others) -> String {
    let options = LoadOptions {
        files: vec![PathBuf::from("/app/compose.yaml")],
        current_directory: "/app".into(),
        ..LoadOptions::default()
    };
    let start = Instant::now();
    let outcome = compose::load(&options, &Hostile { text: text.into(), others });
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
    match outcome {
        Ok(loaded) => format!("{} services", loaded.project.services.len()),
        Err(errors) => errors.0.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("; "),
    }
}

fn said(text: impl Into<Vec<u8>>) -> String {
    said_of(text, |_| None)
}

/// Lines made of numbers.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|number| format!("{}\n", line(number))).collect()
}

#[test]
fn aliases_do_not_multiply() {
    let bomb = lines(12, |level| match level {
        0 => "a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned(),
        level => format!("a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 10].join(", ")),
    });
    assert_eq!(said(bomb), "aliases bring more than 100000 values");
}

#[test]
fn a_hundred_megabytes_are_refused() {
    assert_eq!(said(vec![b'#'; 100 << 20]), "more than 32 MiB in one file");
}

#[test]
fn depth_is_bounded() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), lines(1000, |depth| " ".repeat(depth) + "a:")] {
        let said = said(text);
        assert!(said == "more than 128 levels of nesting" || said.starts_with("invalid YAML"), "{said}");
    }
}

#[test]
fn text_that_is_none_is_refused() {
    assert_eq!(said([0xff, 0xfe, b'a']), "cannot read compose file compose.yaml: the file is not UTF-8 text");
    assert_eq!(said(""), "compose.yaml is empty");
    assert_eq!(said("\u{feff}services: {web: {image: x}}\r\n"), "1 services");
    assert_eq!(said("services:\r\n  web:\r\n    image: x\r\n"), "1 services");
    assert!(said("services:\n\tweb: {}\n").starts_with("invalid YAML"));
}

#[test]
fn a_repeated_key_is_named_a_hundred_times_at_most() {
    assert_eq!(said("a: 1\n".repeat(100_000)).matches("already defined").count(), 100);
}

#[test]
fn includes_without_end_are_cut() {
    let said = said_of("include: [0.yaml]\nservices: {}\n", |path| {
        let number: u32 = path.file_stem()?.to_str()?.parse().ok()?;
        Some(format!("include: [{}.yaml]\n", number + 1).into_bytes())
    });
    assert_eq!(said, "more than 100 levels of inclusion");
}

#[test]
fn extensions_without_end_are_cut() {
    let chain = lines(1000, |number| format!("  s{number}: {{extends: s{}}}", number + 1));
    assert!(said(format!("services:\n{chain}")).starts_with("a service extends itself"));
}

#[test]
fn templates_without_end_are_refused() {
    let text = format!("services: {{web: {{image: '{}'}}}}", "${A:-".repeat(50_000));
    assert_eq!(said(text), "invalid interpolation format");
    let text = format!("services: {{web: {{image: x, command: '{}'}}}}", "${A:-x}".repeat(50_000));
    assert_eq!(said(text), "1 services");
}

#[test]
fn ten_thousand_services_are_no_burden() {
    let services = lines(10_000, |number| {
        format!("  s{number}: {{image: 'a:{number}', ports: ['80'], environment: {{A: b}}}}")
    });
    assert_eq!(said(format!("services:\n{services}")), "10000 services");
}
