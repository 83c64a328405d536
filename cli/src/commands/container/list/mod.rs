//! `container ls`: lists containers.

mod choice;
mod row;

use crate::error::CommandError;
use crate::filter::{Filter, Filters};
use crate::habits::Habit;
use crate::session::Session;
use crate::show::format::Format;
use crate::show::listing::Listing;
use crate::show::output;
use choice::Choice;
use clap::Args;
use engine::container::written_bytes;
use engine::image::Store;
use row::{COLUMNS, Listed, SIZED_COLUMNS};
use std::process::ExitCode;

/// Options of `container ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Show stopped containers too
    #[arg(short, long)]
    all: bool,
    /// Show the container that was made last
    #[arg(short, long)]
    latest: bool,
    /// Show so many that were made last
    #[arg(short = 'n', long, value_name = "NUMBER", allow_negative_numbers = true)]
    last: Option<i64>,
    /// Show those that fit (`status=exited`, `name=web`, `label=a=b`, …)
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Show how much each has written
    #[arg(short, long)]
    size: bool,
    /// Print in full what a table cuts short
    #[arg(long)]
    no_trunc: bool,
    /// Print as `json`, or each container through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

impl List {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let filters = Filters::new(&self.filter, choice::KEYS)?;
        let (layout, observed) = session.look(None)?;
        let store = Store::open(&layout);
        let mut containers = Choice::new(filters, &layout, &store, &observed)?.containers(self.shows_all());
        if let Some(number) = self.number() {
            containers.truncate(number);
        }
        if self.quiet {
            let id = |id: &engine_spec::ContainerId| match self.no_trunc {
                true => id.to_string(),
                false => id.short().to_owned(),
            };
            output::print_lines(containers.iter().map(|container| id(&container.id)))?;
            return Ok(ExitCode::SUCCESS);
        }
        let format = session.format(self.format, Habit::Containers);
        let is_sized = self.size || format.mentions("Size");
        let mut listing = Listing::new(store.clone(), self.no_trunc);
        let mut rows = Vec::new();
        for container in containers {
            let listed = listing.list(container)?;
            let bytes = is_sized.then(|| written_bytes(&layout, &container.id));
            let image = store.image(&container.spec.image_id)?.map_or(0, |image| image.size);
            rows.push(Listed::new(container, listed, bytes, image, self.no_trunc));
        }
        format.print_rows(if self.size { &SIZED_COLUMNS } else { &COLUMNS }, rows)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Whoever asks for a state, or for the last ones, means those that do not run too.
    fn shows_all(&self) -> bool {
        self.all || self.number().is_some()
    }

    fn number(&self) -> Option<usize> {
        let number = if self.latest { Some(1) } else { self.last };
        number.and_then(|number| usize::try_from(number).ok())
    }
}
