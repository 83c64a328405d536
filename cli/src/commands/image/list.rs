//! `image ls`: lists images.

use crate::args::ListFormat;
use crate::clock;
use crate::error::CommandError;
use crate::output;
use crate::session::Session;
use crate::size;
use crate::table::{self, Table};
use clap::Args;
use engine::image::{Image, Store};
use engine_spec::ImageReference;
use serde::Serialize;
use std::process::ExitCode;
use std::time::SystemTime;

/// Options of `image ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Only images of this name
    #[arg(value_name = "NAME")]
    name: Option<String>,
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

const NONE: &str = "<none>";

/// An image under one of its names, with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    created_at: String,
    created_since: String,
    #[serde(rename = "ID")]
    id: String,
    repository: String,
    size: String,
    tag: String,
}

impl List {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let store = Store::open(&session.layout()?);
        let now = SystemTime::now();
        let mut listed = Vec::new();
        for (image, names) in store.list()? {
            let wanted =
                names.iter().filter(|name| self.name.as_ref().is_none_or(|wanted| is_meant(wanted, name)));
            listed.extend(wanted.map(|name| self.list(&image, Some(name), now)));
            if names.is_empty() && self.name.is_none() {
                listed.push(self.list(&image, None, now));
            }
        }
        listed.sort_by(|a, b| (&a.repository, &a.tag).cmp(&(&b.repository, &b.tag)));
        self.print(listed)?;
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, image: &Image, name: Option<&ImageReference>, now: SystemTime) -> Listed {
        let created = image.created.as_deref().and_then(|text| clock::parse(text, now));
        Listed {
            created_at: created.map(clock::listed).unwrap_or_default(),
            created_since: created.map_or_else(|| "N/A".to_owned(), |time| clock::ago(time, now)),
            id: if self.no_trunc { image.id.to_string() } else { image.id.short().to_owned() },
            repository: name.map_or_else(|| NONE.to_owned(), ImageReference::familiar_repository),
            size: size::human(image.size),
            tag: name.and_then(ImageReference::tag).unwrap_or(NONE).to_owned(),
        }
    }

    fn print(&self, images: Vec<Listed>) -> Result<(), CommandError> {
        if self.quiet {
            return output::print_lines(images.iter().map(|image| &image.id));
        }
        if self.format == ListFormat::Json {
            return output::print_json_lines(images);
        }
        let mut table = Table::new(table::NARROW, ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]);
        for image in images {
            table.row([image.repository, image.tag, image.id, image.created_since, image.size]);
        }
        output::print(&table.render())
    }
}

/// `redis` means every tag of it, `redis:7` that one.
fn is_meant(wanted: &str, name: &ImageReference) -> bool {
    match ImageReference::parse(wanted) {
        Ok(reference) if wanted.contains([':', '@']) => reference == *name,
        Ok(reference) => reference.familiar_repository() == name.familiar_repository(),
        Err(_) => false,
    }
}
