//! How long a Compose file takes to be read and checked.

use super::Area;
use super::figure::{Figure, Target, median};
use crate::engine::Engine;
use crate::workspace;
use anyhow::Result;
use std::fmt::Write as _;

pub(super) const AREA: Area = Area {
    name: "config",
    title: "Reading Compose files",
    note: "`config -q`: the file is read, checked and completed; nothing is printed.",
    measure,
    floor: None,
};

const RUNS: usize = 20;
/// Files with so many services, how often each is read, and what is promised.
const SIZES: [(usize, usize, Target); 3] =
    [(40, RUNS, Target::AtMost(5.0)), (1_000, 5, Target::None), (10_000, 3, Target::AtMost(2_000.0))];

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let folder = workspace::target().join("bench/config");
    workspace::make_folder(&folder)?;
    let mut figures = Vec::new();
    for (services, runs, target) in SIZES {
        let name = format!("{services}.yaml");
        let text = file(services)?;
        std::fs::write(folder.join(&name), &text)?;
        let times = (0..runs).map(|_| engine.time(&folder, &["-f", &name, "config", "-q"]));
        let work = format!("`config -q`, {services} services, {} lines", text.lines().count());
        figures.push(Figure::milliseconds(work, median(times.collect::<Result<_>>()?)).target(target));
    }
    Ok(figures)
}

/// A file as people write it: eight lines a service.
fn file(services: usize) -> Result<String> {
    let mut text = String::from("services:\n");
    for number in 0..services {
        writeln!(text, "  service-{number}:")?;
        writeln!(text, "    image: registry.example/app-{number}:${{TAG:-latest}}")?;
        writeln!(text, "    restart: unless-stopped")?;
        writeln!(text, "    environment: {{LEVEL: info, NUMBER: \"{number}\"}}")?;
        writeln!(text, "    ports: [\"{}:80\"]", 10_000 + number)?;
        writeln!(text, "    volumes: [\"data:/data\", \"./config:/etc/app:ro\"]")?;
        writeln!(text, "    depends_on: [{}]", if number > 0 { "service-0" } else { "" })?;
    }
    text.push_str("volumes:\n  data:\n");
    Ok(text)
}
