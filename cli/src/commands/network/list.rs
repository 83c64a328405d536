//! `network ls`: lists networks.

use super::PREDEFINED;
use crate::error::CommandError;
use crate::habits::Habit;
use crate::session::Session;
use crate::show::clock;
use crate::show::format::{Columns, Format, Row};
use crate::show::output;
use crate::show::table;
use clap::Args;
use engine::network;
use engine_spec::{Labels, ObservedNetwork};
use serde::Serialize;
use std::process::ExitCode;

/// Options of `network ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Print ids in full
    #[arg(long)]
    no_trunc: bool,
    /// List only what a filter passes: name=TEXT, driver=DRIVER, id=TEXT or label=KEY[=VALUE]
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Print as `json`, or each network through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

const COLUMNS: Columns = Columns {
    table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
    names: &[
        ("ID", "NETWORK ID"),
        ("Name", "NAME"),
        ("Driver", "DRIVER"),
        ("Scope", "SCOPE"),
        ("IPv4", "IPV4"),
        ("IPv6", "IPV6"),
        ("Internal", "INTERNAL"),
        ("Labels", "LABELS"),
        ("CreatedAt", "CREATED AT"),
    ],
    least_width: table::NARROW,
};

/// A network with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    created_at: String,
    driver: String,
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "IPv4")]
    ipv4: String,
    #[serde(rename = "IPv6")]
    ipv6: String,
    internal: String,
    labels: String,
    name: String,
    scope: &'static str,
    #[serde(skip)]
    label_values: Labels,
}

impl Row for Listed {
    fn labels(&self) -> Option<&Labels> {
        Some(&self.label_values)
    }
}

impl List {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let made = network::list(&layout)?;
        let is_made = |name: &str| made.iter().any(|network| network.spec.name.as_str() == name);
        let predefined = PREDEFINED.into_iter().filter(|(name, _)| !is_made(name)).map(predefined);
        let mut listed: Vec<_> = made.iter().map(|network| self.list(network)).chain(predefined).collect();
        listed.retain(|network| self.filter.iter().all(|filter| is_passed(filter, network)));
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        if self.quiet {
            output::print_lines(listed.into_iter().map(|network| network.id))?;
            return Ok(ExitCode::SUCCESS);
        }
        session.format(self.format, Habit::Networks).print_rows(&COLUMNS, listed)?;
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, network: &ObservedNetwork) -> Listed {
        let spec = &network.spec;
        let labels = spec.labels.iter().map(|(key, value)| format!("{key}={value}"));
        Listed {
            created_at: clock::listed(network.created_at),
            driver: spec.driver.to_string(),
            id: if self.no_trunc { network.id.to_string() } else { network.id.short().to_owned() },
            ipv4: spec.enable_ipv4.to_string(),
            ipv6: spec.enable_ipv6.to_string(),
            internal: spec.internal.to_string(),
            labels: labels.collect::<Vec<_>>().join(","),
            name: spec.name.to_string(),
            scope: "local",
            label_values: spec.labels.clone(),
        }
    }
}

/// One that is there without being made; its name stands for its id.
fn predefined((name, driver): (&str, &str)) -> Listed {
    Listed {
        created_at: String::new(),
        driver: driver.to_owned(),
        id: name.to_owned(),
        ipv4: true.to_string(),
        ipv6: false.to_string(),
        internal: false.to_string(),
        labels: String::new(),
        name: name.to_owned(),
        scope: "local",
        label_values: Labels::new(),
    }
}

/// As docker: names and ids by a part, drivers whole.
fn is_passed(filter: &str, network: &Listed) -> bool {
    match filter.split_once('=') {
        Some(("name", text)) => network.name.contains(text),
        Some(("id", text)) => network.id.contains(text),
        Some(("driver", text)) => network.driver == text,
        Some(("label", wanted)) => match wanted.split_once('=') {
            Some((key, value)) => network.label_values.get(key).is_some_and(|found| found == value),
            None => network.label_values.contains_key(wanted),
        },
        _ => false,
    }
}
