//! `image ls`: lists images.

use crate::error::CommandError;
use crate::filter::{Filter, Filters};
use crate::habits::Habit;
use crate::session::Session;
use crate::show::clock;
use crate::show::format::{Columns, Format, Row};
use crate::show::output;
use crate::show::size;
use crate::show::table;
use clap::Args;
use engine::image::{Image, Store};
use engine_spec::{ImageReference, Labels};
use serde::Serialize;
use std::process::ExitCode;
use std::time::SystemTime;

/// Options of `image ls`.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// Only images of this name
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Docker has it; there are no images in between
    #[arg(short, long, hide = true)]
    all: bool,
    /// Show digests
    #[arg(long)]
    digests: bool,
    /// Only those that fit (`dangling=true`, `label=a`, `reference=app:*`, `before=IMAGE`, `since=IMAGE`, `until=24h`)
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Print as `json`, or each image through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Print ids in full
    #[arg(long)]
    no_trunc: bool,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
}

const NONE: &str = "<none>";
const KEYS: [&str; 7] = ["before", "dangling", "label", "label!", "reference", "since", "until"];

const COLUMNS: Columns = Columns {
    table: "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
    names: &[
        ("Repository", "REPOSITORY"),
        ("Tag", "TAG"),
        ("Digest", "DIGEST"),
        ("ID", "IMAGE ID"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("Size", "SIZE"),
    ],
    least_width: table::NARROW,
};
const COLUMNS_WITH_DIGESTS: Columns = Columns {
    table: "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
    ..COLUMNS
};

/// An image under one of its names, with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    containers: &'static str,
    created_at: String,
    created_since: String,
    digest: String,
    #[serde(rename = "ID")]
    id: String,
    repository: String,
    shared_size: &'static str,
    size: String,
    tag: String,
    unique_size: &'static str,
    virtual_size: String,
    #[serde(skip)]
    created: Option<SystemTime>,
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
        let filters = Filters::new(&self.filter, &KEYS)?;
        let store = Store::open(&session.layout()?);
        let now = SystemTime::now();
        let when = When::new(&store, filters, now)?;
        let mut listed = Vec::new();
        for (image, names) in store.list()? {
            if !when.allows(&image) || !filters.allow_labels(&image.config.labels) {
                continue;
            }
            let is_dangling = |value: &str| matches!(value, "true" | "1") == names.is_empty();
            if !filters.allow("dangling", is_dangling) {
                continue;
            }
            let wanted = names.iter().filter(|name| self.is_wanted(name, filters));
            listed.extend(wanted.map(|name| self.list(&image, Some(name), now)));
            if names.is_empty() && self.name.is_none() && filters.values("reference").next().is_none() {
                listed.push(self.list(&image, None, now));
            }
        }
        // As docker: newest first.
        listed.sort_by(|a, b| {
            b.created.cmp(&a.created).then_with(|| (&a.repository, &a.tag).cmp(&(&b.repository, &b.tag)))
        });
        self.print(session, listed)?;
        Ok(ExitCode::SUCCESS)
    }

    fn is_wanted(&self, name: &ImageReference, filters: Filters<'_>) -> bool {
        self.name.as_ref().is_none_or(|wanted| is_meant(wanted, name))
            && filters.allow("reference", |pattern| {
                matches(pattern, &name.familiar_repository()) || matches(pattern, &name.to_string())
            })
    }

    fn list(&self, image: &Image, name: Option<&ImageReference>, now: SystemTime) -> Listed {
        let created = created(image, now);
        Listed {
            containers: "N/A",
            created_at: created.map(clock::listed).unwrap_or_default(),
            created_since: created.map_or_else(|| "N/A".to_owned(), |time| clock::ago(time, now)),
            digest: name.map_or_else(|| NONE.to_owned(), |_| image.manifest.to_string()),
            id: if self.no_trunc { image.id.to_string() } else { image.id.short().to_owned() },
            repository: name.map_or_else(|| NONE.to_owned(), ImageReference::familiar_repository),
            shared_size: "N/A",
            size: size::human(image.size),
            tag: name.and_then(ImageReference::tag).unwrap_or(NONE).to_owned(),
            unique_size: "N/A",
            virtual_size: size::human(image.size),
            created,
            label_values: image.config.labels.clone(),
        }
    }

    fn print(self, session: &Session, images: Vec<Listed>) -> Result<(), CommandError> {
        if self.quiet && self.format.is_none() {
            return output::print_lines(images.iter().map(|image| &image.id));
        }
        let columns = if self.digests { &COLUMNS_WITH_DIGESTS } else { &COLUMNS };
        session.format(self.format, Habit::Images).print_rows(columns, images)
    }
}

/// The time between `since` and `before` or `until`.
struct When {
    after: Option<SystemTime>,
    before: Option<SystemTime>,
    now: SystemTime,
}

impl When {
    fn new(store: &Store, filters: Filters<'_>, now: SystemTime) -> Result<Self, CommandError> {
        let of_image = |key: &str| -> Result<Option<SystemTime>, CommandError> {
            let Some(text) = filters.values(key).last() else { return Ok(None) };
            Ok(created(&super::find(store, text)?, now))
        };
        let until = clock::parse_option(filters.values("until").last(), now)?;
        let before = [of_image("before")?, until].into_iter().flatten().min();
        Ok(Self { after: of_image("since")?, before, now })
    }

    /// An image without a time is of no time.
    fn allows(&self, image: &Image) -> bool {
        let created = created(image, self.now);
        let is_after = self.after.is_none_or(|after| created.is_some_and(|created| created > after));
        is_after && self.before.is_none_or(|before| created.is_none_or(|created| created < before))
    }
}

fn created(image: &Image, now: SystemTime) -> Option<SystemTime> {
    clock::parse(image.created.as_deref()?, now)
}

/// `redis` means every tag of it, `redis:7` that one.
fn is_meant(wanted: &str, name: &ImageReference) -> bool {
    match ImageReference::parse(wanted) {
        Ok(reference) if wanted.contains([':', '@']) => reference == *name,
        Ok(reference) => reference.familiar_repository() == name.familiar_repository(),
        Err(_) => matches(wanted, &name.familiar_repository()) || matches(wanted, &name.to_string()),
    }
}

/// `*` stands for any characters but a slash, `?` for one of them.
fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    loop {
        match pattern.next() {
            None => return text.next().is_none(),
            Some('*') => {
                let rest = pattern.as_str();
                loop {
                    if matches(rest, text.as_str()) {
                        return true;
                    }
                    if text.next().is_none_or(|skipped| skipped == '/') {
                        return false;
                    }
                }
            }
            Some('?') if text.clone().next().is_some_and(|found| found != '/') => drop(text.next()),
            Some(wanted) if text.next() == Some(wanted) => {}
            Some(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stop_at_slashes() {
        assert!(matches("app:*", "app:1.2") && matches("a*p", "app") && matches("?pp", "app"));
        assert!(!matches("*", "team/app") && matches("*/app", "team/app") && !matches("app", "apps"));
    }
}
