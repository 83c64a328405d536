//! `system events`: prints what happens to anything.

use crate::args::EventPeriod;
use crate::error::CommandError;
use crate::filter::{Filter, Filters};
use crate::session::Session;
use crate::show::clock;
use crate::show::format::{Format, Template};
use crate::show::output;
use clap::Args;
use engine::state::events::EventReader;
use engine_spec::{Event, EventObject};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

const KEYS: &[&str] = &["container", "event", "image", "label", "network", "type", "volume"];

/// Options of `system events`.
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Only those that fit (`type=container`, `event=start`, `container=web`, `label=a=b`)
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Print as `json`, or each event through a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// When they were.
    #[command(flatten)]
    period: EventPeriod,
}

impl Events {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let filters = Filters::new(&self.filter, KEYS)?;
        let (since, until) = self.period.bounds()?;
        let mut reader = EventReader::open(&session.layout()?)?;
        while let Some(event) = reader.next(until)? {
            let is_in_time = event.time >= since && until.is_none_or(|until| event.time <= until);
            if is_in_time && is_wanted(filters, &event) {
                output::print_lines([self.line(&event)?])?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn line(&self, event: &Event) -> Result<String, CommandError> {
        match &self.format {
            None | Some(Format::Table) => Ok(line(event)),
            Some(Format::Json) => Ok(describe(event).to_string()),
            Some(Format::Lines(template) | Format::Columns(template)) => filled(template, event),
        }
    }
}

fn filled(template: &Template, event: &Event) -> Result<String, CommandError> {
    Ok(template.render(&describe(event))?)
}

fn kind(event: &Event) -> &'static str {
    match event.object {
        EventObject::Container { .. } => "container",
        EventObject::Network { .. } => "network",
        EventObject::Volume { .. } => "volume",
        EventObject::Image { .. } => "image",
    }
}

fn is_wanted(filters: Filters<'_>, event: &Event) -> bool {
    let (own, action, attributes) = (kind(event), event.action(), event.attributes());
    let is_it =
        |name: &str| event.id().starts_with(name) || attributes.get("name").is_some_and(|own| own == name);
    let of_kind = |key: &str| filters.allow(key, |name| own == key && is_it(name));
    filters.allow("type", |wanted| wanted == own)
        // `exec_start: sh -c …` and `health_status: healthy` are meant by their first word too.
        && filters.allow("event", |wanted| action == wanted || action.split(':').next() == Some(wanted))
        && filters.allow("image", |wanted| attributes.get("image").is_some_and(|image| image == wanted) || (own == "image" && is_it(wanted)))
        && ["container", "network", "volume"].into_iter().all(of_kind)
        && filters.allow_labels(&attributes)
}

/// docker's form: `2026-01-31T08:00:00.000000000Z container start <id> (image=redis, name=web)`.
fn line(event: &Event) -> String {
    let attributes = event.attributes();
    let attributes: Vec<_> = attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let time = clock::rfc3339(event.time);
    format!("{time} {} {} {} ({})", kind(event), event.action(), event.id(), attributes.join(", "))
}

/// docker's message.
fn describe(event: &Event) -> Value {
    let since = event.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (kind, action, id) = (kind(event), event.action(), event.id());
    json!({
        "status": action,
        "id": id,
        "Type": kind,
        "Action": action,
        "Actor": { "ID": id, "Attributes": event.attributes() },
        "scope": "local",
        "time": since.as_secs(),
        "timeNano": u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
    })
}
