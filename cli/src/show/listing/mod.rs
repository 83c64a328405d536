//! A container as lists show it: `ps`, `container ls`.

use crate::show::format::Row;
use crate::show::{clock, ending};
use engine::image::{Store, StoreError};
use engine_spec::{
    Digest, Health, ImageConfig, Labels, ObservedContainer, PublishedPort, Status, compose_label,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// The longest command a table shows, quotes not counted.
const COMMAND_WIDTH: usize = 20;

/// Turns containers into what lists show; asks for each image once.
#[derive(Debug)]
pub(crate) struct Listing {
    store: Store,
    images: BTreeMap<Digest, ImageConfig>,
    now: SystemTime,
    is_full: bool,
}

/// One container, with docker's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Listed {
    /// The quoted command.
    pub(crate) command: String,
    /// When it was made.
    pub(crate) created_at: String,
    /// How it ended; 0 while it runs.
    pub(crate) exit_code: i32,
    /// What its probes say; empty without a health check.
    pub(crate) health: &'static str,
    /// Its id.
    #[serde(rename = "ID")]
    pub(crate) id: String,
    /// Its image by name.
    pub(crate) image: String,
    /// Its labels, comma separated.
    pub(crate) labels: String,
    /// How many of its mounts are named volumes.
    pub(crate) local_volumes: String,
    /// What is mounted, comma separated.
    pub(crate) mounts: String,
    /// Its name.
    pub(crate) name: String,
    /// Its name once more, as docker has it.
    pub(crate) names: String,
    /// Its networks, comma separated.
    pub(crate) networks: String,
    /// Its ports, comma separated.
    pub(crate) ports: String,
    /// Its project.
    pub(crate) project: String,
    /// Its published ports, one by one.
    pub(crate) publishers: Vec<Publisher>,
    /// How long ago it was made.
    pub(crate) running_for: String,
    /// Its service.
    pub(crate) service: String,
    /// `running`.
    pub(crate) state: &'static str,
    /// `Up 3 seconds (healthy)`.
    pub(crate) status: String,
    /// Its labels one by one, for `{{.Label "key"}}`.
    #[serde(skip)]
    label_values: Labels,
}

impl Row for Listed {
    fn labels(&self) -> Option<&Labels> {
        Some(&self.label_values)
    }
}

/// A published port with docker compose's field names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Publisher {
    #[serde(rename = "URL")]
    url: String,
    target_port: u16,
    published_port: u16,
    protocol: String,
}

impl Listing {
    /// A list made now; `is_full` cuts nothing short.
    pub(crate) fn new(store: Store, is_full: bool) -> Self {
        Self { store, images: BTreeMap::new(), now: SystemTime::now(), is_full }
    }

    /// What lists show of `container`.
    pub(crate) fn list(&mut self, container: &ObservedContainer) -> Result<Listed, StoreError> {
        let label = |key| container.label(key).unwrap_or_default().to_owned();
        let (now, is_full) = (self.now, self.is_full);
        let image = self.image(&container.spec.image_id)?;
        Ok(Listed {
            command: command(container, image, is_full),
            created_at: clock::listed(container.created_at),
            exit_code: exit_code(&container.status),
            health: health(&container.status).map_or("", word),
            id: if is_full { container.id.to_string() } else { container.id.short().to_owned() },
            image: container.spec.image_as_written.clone(),
            labels: join(container.spec.labels.iter().map(|(key, value)| format!("{key}={value}")), ","),
            local_volumes: container.volumes.len().to_string(),
            mounts: join(container.volumes.values(), ","),
            name: container.name().to_string(),
            names: container.name().to_string(),
            networks: join(container.endpoints.iter().map(|endpoint| &endpoint.network), ","),
            ports: ports(container, image),
            project: label(compose_label::PROJECT),
            publishers: container.ports.iter().map(publisher).collect(),
            running_for: clock::ago(container.created_at, now),
            service: label(compose_label::SERVICE),
            state: container.status.state(),
            status: status(&container.status, now),
            label_values: container.spec.labels.clone(),
        })
    }

    /// An image that was removed has nothing to say.
    fn image(&mut self, id: &Digest) -> Result<&ImageConfig, StoreError> {
        if !self.images.contains_key(id) {
            let config = self.store.image(id)?.map(|image| image.config).unwrap_or_default();
            self.images.insert(id.clone(), config);
        }
        Ok(&self.images[id])
    }
}

/// docker's words for what a container does and since when.
pub(crate) fn status(status: &Status, now: SystemTime) -> String {
    let since = |time| clock::roughly(now.duration_since(time).unwrap_or_default());
    match status {
        Status::Created => "Created".to_owned(),
        Status::Running { started_at, health: None, .. } => format!("Up {}", since(*started_at)),
        Status::Running { started_at, health: Some(health), .. } => {
            let word = if *health == Health::Starting { "health: starting" } else { word(*health) };
            format!("Up {} ({word})", since(*started_at))
        }
        Status::Paused { started_at, .. } => format!("Up {} (Paused)", since(*started_at)),
        Status::Restarting { exit_code, finished_at, .. } => {
            format!("Restarting ({exit_code}) {} ago{}", since(*finished_at), reason(status))
        }
        Status::Exited { exit_code: Some(code), finished_at, .. } => {
            format!("Exited ({code}) {} ago{}", since(*finished_at), reason(status))
        }
        Status::Exited { exit_code: None, finished_at, .. } => {
            format!("Exited (unknown) {} ago", since(*finished_at))
        }
    }
}

/// Why a container ended, in brackets, where its exit code alone does not tell.
fn reason(status: &Status) -> String {
    let reason = status.end().and_then(|end| end.reason);
    reason.map(|reason| format!(" ({})", ending::brief(reason))).unwrap_or_default()
}

fn health(status: &Status) -> Option<Health> {
    match status {
        Status::Running { health, .. } => *health,
        Status::Created | Status::Paused { .. } | Status::Restarting { .. } | Status::Exited { .. } => None,
    }
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Starting => "starting",
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
    }
}

fn exit_code(status: &Status) -> i32 {
    match status {
        Status::Exited { exit_code, .. } => exit_code.unwrap_or(0),
        Status::Restarting { exit_code, .. } => *exit_code,
        Status::Created | Status::Running { .. } | Status::Paused { .. } => 0,
    }
}

/// Entrypoint and command as they are run, in quotes.
fn command(container: &ObservedContainer, image: &ImageConfig, is_full: bool) -> String {
    let process = &container.spec.process;
    let entrypoint = process.entrypoint.as_ref().or(image.entrypoint.as_ref());
    // An entrypoint of the file drops the image's command.
    let fallback = if process.entrypoint.is_some() { None } else { image.command.as_ref() };
    let quoted = |word: &String| if word.contains(' ') { format!("'{word}'") } else { word.clone() };
    let words: Vec<String> = [entrypoint, process.command.as_ref().or(fallback)]
        .into_iter()
        .flatten()
        .flatten()
        .map(quoted)
        .collect();
    let text = words.join(" ");
    if is_full || text.chars().count() <= COMMAND_WIDTH {
        return format!("\"{text}\"");
    }
    format!("\"{}…\"", text.chars().take(COMMAND_WIDTH - 1).collect::<String>())
}

/// Published ports, then those that are only listened on.
fn ports(container: &ObservedContainer, image: &ImageConfig) -> String {
    if !container.status.is_running() {
        return String::new();
    }
    let published: Vec<String> =
        container.ports.iter().map(|port| format!("{}/{}", port.target, port.protocol)).collect();
    let with_protocol = |port: &String| if port.contains('/') { port.clone() } else { format!("{port}/tcp") };
    let mut listened: Vec<String> =
        container.spec.expose.iter().chain(&image.exposed_ports).map(with_protocol).collect();
    listened.retain(|port| !published.contains(port));
    listened.sort_unstable();
    listened.dedup();
    join(container.ports.iter().map(ToString::to_string).chain(listened), ", ")
}

fn publisher(port: &PublishedPort) -> Publisher {
    Publisher {
        url: port.host_ip.to_string(),
        target_port: port.target,
        published_port: port.host_port,
        protocol: port.protocol.to_string(),
    }
}

fn join<T: ToString>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests;
