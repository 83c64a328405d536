//! `network ls`: lists networks.

use crate::args::ListFormat;
use crate::clock;
use crate::error::CommandError;
use crate::output;
use crate::session::Session;
use crate::table::{self, Table};
use clap::Args;
use engine::network;
use engine_spec::ObservedNetwork;
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
    /// Choose how the list is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: ListFormat,
}

/// A network with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    created_at: String,
    driver: String,
    #[serde(rename = "ID")]
    id: String,
    internal: String,
    labels: String,
    name: String,
    scope: &'static str,
}

impl List {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let listed = network::list(&layout)?.into_iter().map(|network| self.list(&network));
        if self.quiet {
            output::print_lines(listed.map(|network| network.id))?;
        } else if self.format == ListFormat::Json {
            output::print_json_lines(listed)?;
        } else {
            let mut table = Table::new(table::NARROW, ["NETWORK ID", "NAME", "DRIVER", "SCOPE"]);
            listed.for_each(|network| {
                table.row([network.id, network.name, network.driver, network.scope.to_owned()]);
            });
            output::print(&table.render())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, network: &ObservedNetwork) -> Listed {
        let spec = &network.spec;
        Listed {
            created_at: clock::listed(network.created_at),
            driver: spec.driver.to_string(),
            id: if self.no_trunc { network.id.to_string() } else { network.id.short().to_owned() },
            internal: spec.internal.to_string(),
            labels: spec
                .labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(","),
            name: spec.name.to_string(),
            scope: "local",
        }
    }
}
