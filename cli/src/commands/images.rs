//! `images`: lists the images that the project's containers were made from.

use crate::error::CommandError;
use crate::session::{Session, is_of_any};
use crate::show::clock;
use crate::show::format::{Columns, Format, Row};
use crate::show::output;
use crate::show::size;
use crate::show::table::{self, Table};
use clap::Args;
use engine::image::{Store, StoreError};
use engine_spec::{Digest, ObservedContainer, Platform};
use serde::Serialize;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::SystemTime;

/// Options of `images`.
#[derive(Debug, Default, Args)]
pub(crate) struct Images {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Print as `json`, or each image through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// The image of one container, with docker compose's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    container_name: String,
    created: Option<String>,
    #[serde(rename = "ID")]
    id: Digest,
    platform: String,
    repository: String,
    size: u64,
    tag: String,
}

impl Row for Listed {}

/// Of templates: the table shows sizes and times in people's words.
const COLUMNS: Columns = Columns {
    table: "{{.ContainerName}}\t{{.Repository}}\t{{.Tag}}\t{{.Platform}}\t{{.ID}}\t{{.Size}}\t{{.Created}}",
    names: &[
        ("ContainerName", "CONTAINER"),
        ("Repository", "REPOSITORY"),
        ("Tag", "TAG"),
        ("Platform", "PLATFORM"),
        ("ID", "IMAGE ID"),
        ("Size", "SIZE"),
        ("Created", "CREATED"),
    ],
    least_width: table::WIDE,
};

impl Images {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let store = Store::open(&layout);
        let chosen = observed.containers.iter().filter(|container| is_of_any(container, &services));
        if self.quiet {
            let ids: BTreeSet<_> = chosen.map(|container| container.spec.image_id.hex()).collect();
            output::print_lines(ids)?;
            return Ok(ExitCode::SUCCESS);
        }
        let listed: Result<Vec<_>, _> = chosen.map(|container| list(&store, container)).collect();
        match self.format.unwrap_or_default() {
            // One array, as docker compose has it.
            Format::Json => output::print_json_lines([listed?])?,
            Format::Table => output::print(&table(&listed?, SystemTime::now()))?,
            format => format.print_rows(&COLUMNS, listed?)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// An image that was removed since is still known by what its container remembers.
fn list(store: &Store, container: &ObservedContainer) -> Result<Listed, StoreError> {
    let spec = &container.spec;
    let image = store.image(&spec.image_id)?;
    let platform = image.as_ref().map_or_else(Platform::host, |image| image.platform.clone());
    Ok(Listed {
        container_name: spec.name.to_string(),
        created: image.as_ref().and_then(|image| image.created.clone()),
        id: spec.image_id.clone(),
        platform: format!("{}/{}", platform.os, platform.architecture),
        repository: spec.image.familiar_repository(),
        size: image.map_or(0, |image| image.size),
        tag: spec.image.tag().unwrap_or("<none>").to_owned(),
    })
}

fn table(images: &[Listed], now: SystemTime) -> String {
    let header = ["CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"];
    let mut table = Table::new(table::WIDE, header);
    for image in images {
        let created = image.created.as_deref().and_then(|text| clock::parse(text, now));
        table.row([
            image.container_name.clone(),
            image.repository.clone(),
            image.tag.clone(),
            image.platform.clone(),
            image.id.short().to_owned(),
            size::human(image.size),
            created.map_or_else(|| "N/A".to_owned(), |time| clock::ago(time, now)),
        ]);
    }
    table.render()
}
