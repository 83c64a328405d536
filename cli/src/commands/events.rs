//! `events`: prints what happens to the containers of the project.

use crate::args::EventPeriod;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::clock;
use crate::show::output;
use clap::Args;
use engine::state::events::EventReader;
use engine_spec::{Event, EventObject, ProjectName, ServiceName, compose_label};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Labels that tell nothing which is not printed anyhow.
const OWN_LABELS: &str = "com.docker.compose.";

/// Options of `events`.
#[derive(Debug, Default, Args)]
pub(crate) struct Events {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Print each event as a JSON object
    #[arg(long)]
    json: bool,
    /// When they were.
    #[command(flatten)]
    period: EventPeriod,
}

impl Events {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (since, until) = self.period.bounds()?;
        let scope = session.scope()?;
        let (layout, observed) = session.look(Some(&scope.name))?;
        let services = scope.services(&self.services, &observed)?;
        let mut reader = EventReader::open(&layout)?;
        while let Some(event) = reader.next(until)? {
            let is_in_time = event.time >= since && until.is_none_or(|until| event.time <= until);
            if let Some(service) = service(&event, &scope.name).filter(|_| is_in_time)
                && (services.is_empty() || services.iter().any(|name| ServiceName::as_str(name) == service))
            {
                output::print_lines([if self.json { json(&event, service) } else { line(&event) }])?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The service of a container of the project, unless `run` made it.
fn service<'a>(event: &'a Event, project: &ProjectName) -> Option<&'a str> {
    let EventObject::Container { labels, .. } = &event.object else { return None };
    let label = |key| labels.get(key).map(String::as_str);
    let is_ours = label(compose_label::PROJECT) == Some(project.as_str());
    label(compose_label::SERVICE).filter(|_| is_ours && label(compose_label::ONEOFF) != Some("True"))
}

fn attributes(event: &Event) -> BTreeMap<String, String> {
    let mut attributes = event.attributes();
    attributes.retain(|key, _| !key.starts_with(OWN_LABELS));
    attributes
}

/// docker compose's form: `2026-01-31 08:00:00.000000 container start <id> (image=redis, name=web-1)`.
fn line(event: &Event) -> String {
    let attributes: Vec<_> = attributes(event).iter().map(|(key, value)| format!("{key}={value}")).collect();
    let time = clock::with_microseconds(event.time);
    format!("{time} container {} {} ({})", event.action(), event.id(), attributes.join(", "))
}

fn json(event: &Event, service: &str) -> String {
    serde_json::json!({
        "time": clock::rfc3339(event.time),
        "type": "container",
        "service": service,
        "id": event.id(),
        "action": event.action(),
        "attributes": attributes(event),
    })
    .to_string()
}
