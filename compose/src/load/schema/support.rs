//! The list of attributes in `tests/attributes/` says of each exactly what the tables here do.
//!
//! ```text
//! services.cap_add     works    attributes::capability::added_and_dropped
//! services.cpu_count   absent   Windows containers only
//! ```

use super::{Kind, Object, PROJECT, Status};
use std::collections::BTreeMap;

const LISTS: [&str; 9] = [
    include_str!("../../../../tests/attributes/project.txt"),
    include_str!("../../../../tests/attributes/services.txt"),
    include_str!("../../../../tests/attributes/build.txt"),
    include_str!("../../../../tests/attributes/deploy.txt"),
    include_str!("../../../../tests/attributes/develop.txt"),
    include_str!("../../../../tests/attributes/networks.txt"),
    include_str!("../../../../tests/attributes/volumes.txt"),
    include_str!("../../../../tests/attributes/configs.txt"),
    include_str!("../../../../tests/attributes/secrets.txt"),
];

/// Every attribute's path and what the list says of it.
fn listed() -> BTreeMap<&'static str, &'static str> {
    let lines = LISTS.iter().flat_map(|list| list.lines());
    let entries = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entry = |line: &'static str| {
        let mut words = line.split_whitespace();
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    };
    entries.map(entry).collect()
}

/// What the tables know: paths with their status, and paths whose inside they leave open.
#[derive(Default)]
struct Tables {
    known: BTreeMap<String, Status>,
    open: Vec<String>,
}

impl Tables {
    fn read() -> Self {
        let mut tables = Self::default();
        tables.add_object("", &PROJECT);
        tables
    }

    fn add_object(&mut self, path: &str, object: &Object) {
        for field in object.fields {
            let inner = format!("{path}{}{}", if path.is_empty() { "" } else { "." }, field.key);
            self.known.insert(inner.clone(), field.status);
            self.add_kind(&inner, &field.kind);
        }
    }

    fn add_kind(&mut self, path: &str, kind: &Kind) {
        match kind {
            Kind::Object(object) => self.add_object(path, object),
            Kind::Nullable(inner)
            | Kind::List(inner, _)
            | Kind::OneOrMore(inner, _)
            | Kind::Map(inner)
            | Kind::Names(inner, _)
            | Kind::Short(_, inner)
            | Kind::Either(_, inner) => self.add_kind(path, inner),
            Kind::Any => self.open.push(path.to_owned()),
            _ => {}
        }
    }

    fn leaves_open(&self, path: &str) -> bool {
        self.open
            .iter()
            .any(|open| path.strip_prefix(open.as_str()).is_some_and(|rest| rest.starts_with('.')))
    }
}

/// What the list may say of an attribute that the loader treats so.
fn states(status: Status) -> &'static [&'static str] {
    match status {
        Status::Applied => &["works", "untested"],
        Status::Later => &["parsed"],
        Status::Inert | Status::Refused => &["absent"],
    }
}

#[test]
fn the_list_of_attributes_says_what_the_tables_do() {
    let (tables, listed) = (Tables::read(), listed());
    let missing = tables.known.keys().filter(|path| !listed.contains_key(path.as_str()));
    let mut findings: Vec<String> = missing.map(|path| format!("{path}: not in tests/attributes")).collect();
    for (path, state) in &listed {
        match tables.known.get(*path) {
            Some(status) if !states(*status).contains(state) => {
                findings
                    .push(format!("{path}: listed as {state}, but the loader says {:?}", states(*status)));
            }
            None if !tables.leaves_open(path) => findings.push(format!("{path}: unknown to the loader")),
            Some(_) | None => {}
        }
    }
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}
