//! `image prune`: removes images that nothing uses.

use crate::console::question::confirm;
use crate::error::CommandError;
use crate::filter::{Filter, Filters};
use crate::session::Session;
use crate::show::clock;
use crate::show::output;
use crate::show::size;
use clap::Args;
use engine::image::{Image, Store};
use std::process::ExitCode;
use std::time::SystemTime;

/// Options of `image prune`.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Remove every image that no container uses, not only those without a name
    #[arg(short, long)]
    all: bool,
    /// Only those that fit (`label=a`, `label!=a`, `until=24h`, `dangling=false`)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let filters = Filters::new(&self.filter, &["dangling", "label", "label!", "until"])?;
        let now = SystemTime::now();
        let until = clock::parse_option(filters.values("until").last(), now)?;
        let all = self.all || filters.values("dangling").any(|value| matches!(value, "false" | "0"));
        let which = if all {
            "all images that no container uses"
        } else {
            "all images without a name that no container uses"
        };
        confirm(self.force, &format!("This removes {which}."))?;
        let (layout, observed) = session.look(None)?;
        let store = Store::open(&layout);
        let fits = |image: &Image| {
            let created = image.created.as_deref().and_then(|text| clock::parse(text, now));
            let is_old = created.is_none_or(|created| until.is_none_or(|until| created <= until));
            let is_used = observed.containers.iter().any(|container| container.spec.image_id == image.id);
            is_old && !is_used && filters.allow_labels(&image.config.labels)
        };
        let (mut lines, mut bytes) = (Vec::new(), store.forget_partials());
        for (image, names) in store.list()? {
            if fits(&image) && (all || names.is_empty()) {
                let removed = store.remove_image(&image.id, false)?;
                lines.extend(removed.untagged.iter().map(|name| format!("untagged: {name}")));
                lines.extend(removed.deleted.iter().map(|digest| format!("deleted: {digest}")));
                bytes += removed.bytes;
            }
        }
        if !lines.is_empty() {
            output::print_lines(["Deleted Images:"])?;
            output::print_lines(&lines)?;
            output::print("\n")?;
        }
        output::print_lines([format!("Total reclaimed space: {}", size::human(bytes))])?;
        Ok(ExitCode::SUCCESS)
    }
}
