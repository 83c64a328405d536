//! `system df`: how much room everything takes.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::format::{Columns, Format, Row};
use crate::show::output;
use crate::show::size;
use crate::show::table;
use crate::usage_on_disk::folder_bytes;
use clap::Args;
use engine::build::{StockItem, stock};
use engine::container::written_bytes;
use engine::image::Store;
use engine::state::Layout;
use engine::volume;
use engine_spec::Observed;
use serde::Serialize;
use std::process::ExitCode;

/// Options of `system df`.
#[derive(Debug, Args)]
pub(crate) struct Df {
    /// List every image, container and volume
    #[arg(short, long)]
    verbose: bool,
    /// Print as `json`, or each kind through a Go template
    #[arg(long, value_name = "FORMAT", conflicts_with = "verbose")]
    format: Option<Format>,
}

const COLUMNS: Columns = Columns {
    table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
    names: &[
        ("Type", "TYPE"),
        ("TotalCount", "TOTAL"),
        ("Active", "ACTIVE"),
        ("Size", "SIZE"),
        ("Reclaimable", "RECLAIMABLE"),
    ],
    least_width: table::NARROW,
};

const OBJECTS: Columns = Columns {
    table: "{{.Name}}\t{{.Users}}\t{{.Size}}",
    names: &[("Name", "NAME"), ("Users", "USERS"), ("Size", "SIZE")],
    least_width: table::NARROW,
};

/// A kind of objects.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Kind {
    active: String,
    reclaimable: String,
    size: String,
    total_count: String,
    r#type: &'static str,
    #[serde(skip)]
    objects: Vec<Object>,
}

/// One object.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Object {
    name: String,
    users: usize,
    size: String,
    #[serde(skip)]
    bytes: u64,
}

impl Row for Kind {}
impl Row for Object {}

impl Object {
    fn new(name: String, users: usize, bytes: u64) -> Self {
        Self { name, users, size: size::human(bytes), bytes }
    }
}

impl Kind {
    /// Objects without users can go.
    fn new(r#type: &'static str, objects: Vec<Object>) -> Self {
        let sum =
            |objects: &mut dyn Iterator<Item = &Object>| objects.map(|object| object.bytes).sum::<u64>();
        let total = sum(&mut objects.iter());
        let unused = sum(&mut objects.iter().filter(|object| object.users == 0));
        let reclaimable = match (unused * 100).checked_div(total) {
            Some(percent) => format!("{} ({percent}%)", size::human(unused)),
            None => size::human(unused),
        };
        Self {
            active: objects.iter().filter(|object| object.users > 0).count().to_string(),
            reclaimable,
            size: size::human(total),
            total_count: objects.len().to_string(),
            r#type,
            objects,
        }
    }
}

impl Df {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, observed) = session.look(None)?;
        let kinds = [
            Kind::new("Images", images(&layout, &observed)?),
            Kind::new("Containers", containers(&layout, &observed)),
            Kind::new("Local Volumes", volumes(&layout, &observed)),
            Kind::new("Build Cache", build_cache(&layout)?),
        ];
        if self.verbose {
            for kind in kinds {
                output::print(&format!("{} space usage:\n\n", kind.r#type))?;
                Format::Table.print_rows(&OBJECTS, kind.objects)?;
                output::print("\n")?;
            }
        } else {
            self.format.unwrap_or_default().print_rows(&COLUMNS, kinds)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn images(layout: &Layout, observed: &Observed) -> Result<Vec<Object>, CommandError> {
    let object = |(image, names): (engine::image::Image, Vec<engine_spec::ImageReference>)| {
        let users =
            observed.containers.iter().filter(|container| container.spec.image_id == image.id).count();
        let name = names.first().map_or_else(|| image.id.short().to_owned(), ToString::to_string);
        Object::new(name, users, image.size)
    };
    Ok(Store::open(layout).list()?.into_iter().map(object).collect())
}

/// A container that runs uses itself.
fn containers(layout: &Layout, observed: &Observed) -> Vec<Object> {
    let object = |container: &engine_spec::ObservedContainer| {
        let bytes = written_bytes(layout, &container.id);
        Object::new(container.name().to_string(), usize::from(!container.status.is_over()), bytes)
    };
    observed.containers.iter().map(object).collect()
}

fn volumes(layout: &Layout, observed: &Observed) -> Vec<Object> {
    let object = |found: &engine_spec::ObservedVolume| {
        let name = &found.spec.name;
        let users = observed
            .containers
            .iter()
            .filter(|container| container.volumes.values().any(|used| used == name));
        Object::new(name.to_string(), users.count(), folder_bytes(&volume::data(layout, name)))
    };
    observed.volumes.iter().map(object).collect()
}

/// A layer of an image is the image's.
fn build_cache(layout: &Layout) -> Result<Vec<Object>, CommandError> {
    let object = |item: StockItem| Object::new(item.id, usize::from(item.is_in_use), item.bytes);
    Ok(stock(layout)?.into_iter().map(object).collect())
}
