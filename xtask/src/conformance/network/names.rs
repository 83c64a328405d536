//! What a name means, asked in a container of each engine.

use super::super::Engines;
use super::super::comparison::Comparison;
use crate::engine::Engine;
use crate::program::Program;
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::PathBuf;

const DOWN: &str = "a name of the project that is down is denied here, not asked of the host's servers";
const LEAK: &str = "no question about a name of the project leaves the host";

/// Who asks and what, and why the answers may differ. `ID` is the short id of `web`.
const QUESTIONS: &[(&str, &str, Option<&str>)] = &[
    ("client", "web A", None),
    ("client", "names-web-1 A", None),
    ("client", "ID A", None),
    ("client", "site A", None),
    ("client", "a.b.c A", None),
    ("client", "WeB A", None),
    ("client", "web. A", None),
    ("client", "web A tcp", None),
    ("client", "web.names_front A", None),
    ("client", "names-web-1.names_front A", None),
    ("client", "site.names_front A", None),
    ("client", "a.b.c.names_front A", None),
    ("client", "client A", None),
    ("client", "linked A", None),
    ("client", "held A", None),
    ("client", "web AAAA", None),
    ("client", "web MX", None),
    ("client", "web TXT", Some(LEAK)),
    ("client", "web SRV", Some(LEAK)),
    ("client", "web HTTPS", Some(LEAK)),
    ("client", "10 PTR", None),
    ("client", "gone A", Some(DOWN)),
    ("client", "far A", Some("asked of the host's servers by both, which may answer as they like")),
    ("client", "nosuch.names_front A", Some(DOWN)),
    ("locked", "locked MX", None),
    ("locked", "web A", None),
    ("locked", "example.com A", None),
    ("locked", "example.com A tcp", None),
];

pub(super) fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    let docker = answers(&engines.docker, "10.231.7")?;
    let lighter = answers(&engines.lighter, "10.232.7")?;
    let both = QUESTIONS.iter().zip(docker.into_iter().zip(lighter));
    let compared = both.map(|((service, question, reason), (docker, lighter))| {
        let comparison = Comparison::new(format!("{service} asks: {question}"), docker, lighter);
        match reason {
            Some(reason) => comparison.on_purpose(*reason),
            None => comparison,
        }
    });
    Ok(compared.collect())
}

fn answers(engine: &Engine, subnet: &str) -> Result<Vec<String>> {
    let compose = |arguments: &[&str]| -> Program {
        engine.compose().args(arguments).env("SUBNET", subnet).folder(folder())
    };
    compose(&["up", "-d"]).quiet()?;
    let asked = (|| {
        compose(&["stop", "-t", "0", "gone"]).quiet()?;
        compose(&["pause", "held"]).quiet()?;
        let id = compose(&["ps", "-q", "web"]).read()?;
        let id = id.trim().get(..12).context("web has no id")?;
        QUESTIONS
            .iter()
            .map(|(service, question, _)| {
                let question = question.replace("ID", id);
                let ask = compose(&["exec", "-T", service, "python3", "/ask.py"]).args(question.split(' '));
                let said = ask.output()?;
                let text = if said.status.success() { said.stdout } else { b"no answer".to_vec() };
                Ok(String::from_utf8_lossy(&text).trim().to_owned())
            })
            .collect::<Result<Vec<_>>>()
    })();
    compose(&["unpause", "held"]).output()?;
    compose(&["down", "-t", "0"]).quiet()?;
    asked
}

fn folder() -> PathBuf {
    workspace::root().join("tests/conformance/network/names")
}
