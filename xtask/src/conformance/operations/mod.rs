//! Command lines on single containers, one after the other: exit code and what a script would read.

mod arguments;
mod flags;
mod reasons;
mod story;

use super::comparison::Comparison;
use super::{Area, Engines};
use crate::engine::Engine;
use anyhow::Result;
use reasons::ON_PURPOSE;

pub(super) const AREA: Area = Area {
    name: "operations",
    title: "Operations on containers, volumes and objects",
    note: "Each line is run by both, in this order: `docker LINE` and `lighter LINE`. Compared are the exit code and stdout, ids apart.",
    compare,
};

/// Stands for a port of the host, of which each engine has its own.
const HOST_PORT: &str = "HOSTPORT";

fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    [story::LINES, flags::LINES, arguments::LINES]
        .iter()
        .copied()
        .flatten()
        .map(|line| {
            let docker = answer(&engines.docker, line)?;
            let comparison = Comparison::new(*line, docker, answer(&engines.lighter, line)?);
            let reason = ON_PURPOSE.iter().find(|(known, _)| known == line);
            Ok(match reason {
                Some((_, reason)) => comparison.on_purpose(*reason),
                None => comparison,
            })
        })
        .collect()
}

fn answer(engine: &Engine, line: &str) -> Result<String> {
    // Both run at the same time on one host.
    let port = if engine.name == "Docker" { "18080" } else { "18081" };
    let words = words(&line.replace(HOST_PORT, port));
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let output = engine.program(&words).output()?;
    let code = output.status.code().unwrap_or(-1);
    let printed = without_ids(String::from_utf8_lossy(&output.stdout).trim());
    Ok(format!("{code} {}", printed.replace(port, HOST_PORT)))
}

/// Cuts a line at spaces, but not between apostrophes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match character {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            _ => words.last_mut().expect("there is always one").push(character),
        }
    }
    words
}

/// Ids are hexadecimal words of 12 or 64 digits.
fn without_ids(text: &str) -> String {
    let is_id =
        |word: &str| matches!(word.len(), 12 | 64) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let line = |line: &str| {
        let words = line.split(' ').map(|word| {
            let is_id = is_id(word.trim_start_matches("sha256:"));
            if is_id { "ID" } else { word }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_spaces_outside_of_apostrophes() {
        assert_eq!(words("a 'b c' d"), ["a", "b c", "d"]);
    }

    #[test]
    fn ids_are_not_compared() {
        assert_eq!(without_ids(&format!("{} web\nabc", "a".repeat(64))), "ID web\nabc");
    }
}
