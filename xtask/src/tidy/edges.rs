//! Which of our crates may know which: dependencies point one way (ARCHITECTURE.md, "Crates").

use crate::program::Program;
use anyhow::{Context as _, Result};
use serde::Deserialize;

/// Every crate of ours with the crates of ours that it may use.
const EDGES: [(&str, &[&str]); 7] = [
    ("lighter-cli", &["compose", "engine", "engine-spec"]),
    ("compose", &["engine-spec"]),
    ("engine", &["engine-spec", "dns"]),
    ("engine-spec", &[]),
    ("dns", &[]),
    ("scenarios", &[]),
    ("xtask", &[]),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// Only dependencies by path have one.
    path: Option<String>,
}

pub(super) fn check() -> Result<Vec<String>> {
    let text = Program::cargo().args(["metadata", "--no-deps", "--format-version", "1"]).read()?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata printed something else")?;
    Ok(metadata.packages.iter().flat_map(findings).collect())
}

fn findings(package: &Package) -> Vec<String> {
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!("crate {} is not in the table of edges", package.name)];
    };
    let ours = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
    let wrong = ours.filter(|dependency| !allowed.contains(&dependency.name.as_str()));
    wrong.map(|dependency| format!("crate {} must not know {}", package.name, dependency.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Dependency, Package, findings};

    fn check(name: &str, dependency: &str, path: Option<&str>) -> Vec<String> {
        let dependency = Dependency { name: dependency.into(), path: path.map(Into::into) };
        findings(&Package { name: name.into(), dependencies: vec![dependency] })
    }

    #[test]
    fn allows_an_edge_of_the_table_and_any_foreign_crate() {
        assert!(check("compose", "engine-spec", Some("/r/engine/spec")).is_empty());
        assert!(check("compose", "serde", None).is_empty());
    }

    #[test]
    fn refuses_an_edge_that_is_not_in_the_table() {
        assert_eq!(check("compose", "engine", Some("/r/engine")), ["crate compose must not know engine"]);
    }

    #[test]
    fn refuses_a_crate_nobody_placed() {
        assert_eq!(check("extra", "serde", None), ["crate extra is not in the table of edges"]);
    }
}
