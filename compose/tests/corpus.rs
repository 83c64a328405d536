//! Real Compose files beside what Docker Compose makes of each.
//!
//! `cases.tsv` has a line for each: folder, arguments, expected file. The expected JSON must be equal as
//! a value; an expected refusal may be of any wording.

use compose::load::{Depth, LoadOptions};
use compose::{Files, load};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The host's files.
struct HostFiles;

impl Files for HostFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }
}

/// A folder of cases.
struct Corpus {
    root: PathBuf,
}

impl Corpus {
    fn at(path: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(path).canonicalize().ok()?;
        root.join("cases.tsv").exists().then_some(Self { root })
    }

    fn check(&self) {
        let cases = std::fs::read_to_string(self.root.join("cases.tsv")).expect("the list of cases is there");
        let mut differing = Vec::new();
        for line in cases.lines().filter(|line| !line.starts_with('#')) {
            let [folder, arguments, expected] =
                line.splitn(3, '\t').collect::<Vec<_>>().try_into().expect("a case has three columns");
            let outcome = self.config(&self.root.join(folder), arguments);
            if let Some(difference) = self.difference(&self.root.join(expected), outcome) {
                differing.push(format!("{folder} {arguments}: {difference}"));
            }
        }
        assert!(differing.is_empty(), "\n{}", differing.join("\n"));
    }

    /// What `config --format json` prints in `folder`, or what it refuses.
    fn config(&self, folder: &Path, arguments: &str) -> Result<String, String> {
        let home = self.root.join(".home").display().to_string();
        let mut options = LoadOptions {
            current_directory: folder.to_owned(),
            environment: BTreeMap::from([("HOME".to_owned(), home)]),
            depth: Depth::Environment,
            ..LoadOptions::default()
        };
        let words: Vec<&str> = arguments.split_whitespace().collect();
        for pair in words.chunks(2) {
            match pair {
                ["-f", file] => options.files.push(file.into()),
                ["--env-file", file] => options.env_files.push(file.into()),
                ["--profile", profile] => options.profiles.push((*profile).to_owned()),
                other => return Err(format!("the test does not know {other:?}")),
            }
        }
        let loaded = load(&options, &HostFiles).map_err(|errors| errors.to_string())?;
        let active = loaded.configuration.service_names();
        Ok(loaded.configuration.to_json(&|name| active.contains(&name)))
    }

    fn difference(&self, expected: &Path, outcome: Result<String, String>) -> Option<String> {
        let text = std::fs::read_to_string(expected).expect("the expected file is there");
        let is_refusal = expected.extension().is_some_and(|extension| extension == "error");
        match (outcome, is_refusal) {
            (Err(_), true) => None,
            (Err(error), false) => Some(format!("refused: {error}")),
            (Ok(_), true) => Some(format!("accepted, but expected: {}", text.trim())),
            (Ok(printed), false) => {
                let printed = printed.replace(&self.root.display().to_string(), "$ROOT");
                let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON is JSON");
                let (printed, expected) = (value(&printed), value(&text));
                (printed != expected).then(|| format!("\nexpected {expected}\nprinted  {printed}"))
            }
        }
    }
}

#[test]
fn files_of_the_project_agree_with_docker_compose() {
    Corpus::at("../tests/conformance").expect("the cases are part of the project").check();
}

#[test]
fn files_of_the_shared_corpus_agree_with_docker_compose() {
    match Corpus::at("../../shared/corpus/dev") {
        Some(corpus) => corpus.check(),
        None => report_skip("files_of_the_shared_corpus_agree_with_docker_compose: no ../shared/corpus"),
    }
}

/// Adds a line to the file of skipped tests, where there is one.
fn report_skip(line: &str) {
    let Some(path) = std::env::var_os("LIGHTER_TEST_SKIPS") else { return };
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    let written = file.and_then(|mut file| writeln!(file, "{line}"));
    assert!(written.is_ok(), "a skipped test must be reported");
}
