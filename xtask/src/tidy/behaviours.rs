//! docs/compose-behaviours.md names only tests that there are, and every row has a test or a reason.

use super::Source;

const PAGE: &str = "docs/compose-behaviours.md";
/// What a row says that has no test.
const REASON: &str = "not covered: ";

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let Some(page) = sources.iter().find(|source| source.path == PAGE) else {
        return vec![format!("{PAGE}: the page is missing")];
    };
    let rows = page.text.lines().enumerate().filter(|(_, line)| line.starts_with("| ") && !is_header(line));
    rows.flat_map(|(number, row)| {
        faults(row, sources).into_iter().map(move |fault| format!("{PAGE}:{}: {fault}", number + 1))
    })
    .collect()
}

fn is_header(line: &str) -> bool {
    line.starts_with("| Area ")
}

fn faults(row: &str, sources: &[Source]) -> Vec<String> {
    let shown_by = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
    if shown_by.starts_with(REASON) {
        return Vec::new();
    }
    let tests: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
    if tests.is_empty() {
        return vec![format!("neither a test nor a reason: {shown_by}")];
    }
    let missing = tests.into_iter().filter(|test| !exists(test, sources));
    missing.map(|test| format!("there is no test {test}")).collect()
}

/// `behaviours::run::name` is the test `name` in a file `…/behaviours/run.rs`.
fn exists(test: &str, sources: &[Source]) -> bool {
    let Some((module, name)) = test.rsplit_once("::") else { return false };
    let module = module.replace("::", "/");
    let definition = format!("fn {name}()");
    sources.iter().any(|source| {
        let path = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let is_there = path == module || path.ends_with(&format!("/{module}"));
        is_there && source.text.contains(&definition)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_needs_a_test_that_is_there_or_a_reason() {
        let sources = [Source {
            path: "tests/scenarios/behaviours/run.rs".to_owned(),
            text: "#[test]\nfn works() {}\n".to_owned(),
        }];
        assert!(faults("| run | it works | `behaviours::run::works` |", &sources).is_empty());
        assert!(faults("| run | it | not covered: swarm only |", &sources).is_empty());
        assert_eq!(faults("| run | it | `behaviours::run::gone` |", &sources).len(), 1);
        assert_eq!(faults("| run | it | later |", &sources).len(), 1);
    }
}
