//! `container inspect`: prints all there is to know of containers.

use crate::clock;
use crate::error::CommandError;
use crate::format::{ValueFormat, print_values};
use crate::session::Session;
use clap::Args;
use engine::state::container::resolve;
use engine_spec::{MountSource, ObservedContainer, Status};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Options of `container inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The containers, by name, id or the start of an id
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
    /// Print as `json`, or each container through a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<ValueFormat>,
}

impl Inspect {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, observed) = session.look(None)?;
        let mut found = Vec::new();
        for text in &self.containers {
            let id = resolve(&layout, text)?;
            found.extend(observed.containers.iter().filter(|container| container.id == id).map(describe));
        }
        print_values(self.format.as_ref(), &found)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A container in the shape of docker's answer, as far as tools read it; `Spec` is all we know but
/// the contents of configs and secrets.
fn describe(container: &ObservedContainer) -> Value {
    let mut spec = container.spec.clone();
    for mount in &mut spec.mounts {
        if let MountSource::Content { bytes, .. } = &mut mount.source {
            bytes.clear();
        }
    }
    json!({
        "Id": container.id,
        "Created": clock::rfc3339(container.created_at),
        "Name": format!("/{}", spec.name),
        "Image": spec.image_id,
        "State": state(&container.status),
        "Config": {
            "Hostname": spec.hostname.as_deref().unwrap_or(container.id.short()),
            "Image": spec.image,
            "Labels": spec.labels,
            "Tty": spec.process.tty,
            "OpenStdin": spec.process.stdin_open,
        },
        "NetworkSettings": {
            "Networks": networks(container),
            "Ports": ports(container),
        },
        "Mounts": container.volumes.iter().map(|(target, volume)| json!({
            "Type": "volume", "Name": volume, "Destination": target,
        })).collect::<Vec<_>>(),
        "Spec": spec,
    })
}

fn state(status: &Status) -> Value {
    let mut state = json!({
        "Status": status.state(),
        "Running": status.is_running(),
        "Paused": matches!(status, Status::Paused { .. }),
        "Restarting": matches!(status, Status::Restarting { .. }),
        "OOMKilled": false,
        "Pid": 0,
        "ExitCode": 0,
        "Error": "",
    });
    match status {
        Status::Created => {}
        Status::Running { pid, started_at, health, restarts } => {
            state["Pid"] = json!(pid);
            state["StartedAt"] = json!(clock::rfc3339(*started_at));
            state["RestartCount"] = json!(restarts);
            if let Some(health) = health {
                state["Health"] = json!({ "Status": health });
            }
        }
        Status::Paused { pid, started_at } => {
            state["Pid"] = json!(pid);
            state["StartedAt"] = json!(clock::rfc3339(*started_at));
        }
        Status::Restarting { exit_code, finished_at, restarts } => {
            state["ExitCode"] = json!(exit_code);
            state["FinishedAt"] = json!(clock::rfc3339(*finished_at));
            state["RestartCount"] = json!(restarts);
        }
        Status::Exited { exit_code, finished_at, oom_killed, error, signal: _, stopped_by_user: _ } => {
            state["ExitCode"] = json!(exit_code);
            state["FinishedAt"] = json!(clock::rfc3339(*finished_at));
            state["OOMKilled"] = json!(oom_killed);
            state["Error"] = json!(error.as_deref().unwrap_or_default());
        }
    }
    state
}

fn networks(container: &ObservedContainer) -> Value {
    let networks = container.endpoints.iter().map(|endpoint| {
        let seen = json!({
            "IPAddress": endpoint.address,
            "IPPrefixLen": endpoint.prefix,
            "MacAddress": endpoint.mac_address,
        });
        (endpoint.network.to_string(), seen)
    });
    Value::Object(networks.collect())
}

fn ports(container: &ObservedContainer) -> Value {
    let mut ports = Map::new();
    for port in &container.ports {
        let target = format!("{}/{}", port.target, port.protocol);
        let bindings = ports.entry(target).or_insert_with(|| json!([]));
        if let Value::Array(bindings) = bindings {
            bindings.push(json!({ "HostIp": port.host_ip, "HostPort": port.host_port.to_string() }));
        }
    }
    Value::Object(ports)
}
