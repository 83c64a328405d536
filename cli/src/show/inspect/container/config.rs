//! `Config`: what is run, the image's part of it too.

use engine_spec::{HealthSpec, HealthTest, ImageConfig, ObservedContainer};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a container runs.
pub(super) fn describe(container: &ObservedContainer, image: &ImageConfig) -> Value {
    let spec = &container.spec;
    let process = &spec.process;
    let fallback = if process.entrypoint.is_some() { None } else { image.command.as_ref() };
    let mut config = json!({
        "Hostname": spec.hostname.as_deref().unwrap_or(container.id.short()),
        "Domainname": spec.domainname.as_deref().unwrap_or_default(),
        "User": process.user.as_ref().or(image.user.as_ref()).map_or("", String::as_str),
        "AttachStdin": process.stdin_once,
        "AttachStdout": false,
        "AttachStderr": false,
        "Tty": process.tty,
        "OpenStdin": process.stdin_open,
        "StdinOnce": process.stdin_once,
        "Env": environment(container, image),
        "Cmd": process.command.as_ref().or(fallback),
        "Image": spec.image_as_written,
        "Volumes": set(image.volumes.iter()),
        "WorkingDir": process.working_dir.as_ref().map_or_else(
            || image.working_dir.clone().unwrap_or_default(),
            |folder| folder.display().to_string(),
        ),
        "Entrypoint": process.entrypoint.as_ref().or(image.entrypoint.as_ref()),
        "OnBuild": null,
        "Labels": labels(container, image),
    });
    let exposed = exposed(container, image);
    if !exposed.is_empty() {
        config["ExposedPorts"] = Value::Object(exposed);
    }
    if let Some(signal) = &spec.stop.signal {
        config["StopSignal"] = json!(signal);
    }
    if let Some(grace) = spec.stop.grace_period {
        config["StopTimeout"] = json!(grace.as_secs());
    }
    if let Some(check) = spec.healthcheck.as_ref().or(image.healthcheck.as_ref()) {
        config["Healthcheck"] = healthcheck(check);
    }
    config
}

/// The image's variables in their order, each with the container's value, then the container's own.
fn environment(container: &ObservedContainer, image: &ImageConfig) -> Vec<String> {
    let mut own = container.spec.process.environment.clone();
    let mut variables = Vec::new();
    for entry in &image.environment {
        let name = entry.split('=').next().unwrap_or_default();
        match own.remove(name) {
            Some(Some(value)) => variables.push(format!("{name}={value}")),
            Some(None) => {}
            None => variables.push(entry.clone()),
        }
    }
    let rest = own.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    let mut all: Vec<_> = rest.collect();
    all.append(&mut variables);
    all
}

fn labels(container: &ObservedContainer, image: &ImageConfig) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<_, _> = image.labels.clone();
    labels.extend(container.spec.labels.clone());
    labels
}

fn exposed(container: &ObservedContainer, image: &ImageConfig) -> Map<String, Value> {
    let spec = &container.spec;
    let with_protocol = |port: &String| if port.contains('/') { port.clone() } else { format!("{port}/tcp") };
    let declared = spec.expose.iter().chain(&image.exposed_ports).map(with_protocol);
    let published = spec.ports.iter().map(|port| format!("{}/{}", port.target, port.protocol));
    declared.chain(published).map(|port| (port, json!({}))).collect()
}

/// Go has no sets: they are maps to nothing.
fn set<'a>(items: impl Iterator<Item = &'a String>) -> Value {
    let set: Map<_, _> = items.map(|item| (item.clone(), json!({}))).collect();
    if set.is_empty() { Value::Null } else { Value::Object(set) }
}

/// A health check in docker's words, times in nanoseconds.
pub(in crate::show::inspect) fn healthcheck(check: &HealthSpec) -> Value {
    let mut value = json!({});
    value["Test"] = match &check.test {
        None => Value::Null,
        Some(HealthTest::None) => json!(["NONE"]),
        Some(HealthTest::Command(words)) => {
            std::iter::once("CMD").chain(words.iter().map(String::as_str)).collect()
        }
        Some(HealthTest::Shell(line)) => json!(["CMD-SHELL", line]),
    };
    let mut time = |key: &str, time: Option<Duration>| {
        if let Some(time) = time {
            value[key] = json!(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        }
    };
    time("Interval", check.interval);
    time("Timeout", check.timeout);
    time("StartPeriod", check.start_period);
    time("StartInterval", check.start_interval);
    if let Some(retries) = check.retries {
        value["Retries"] = json!(retries);
    }
    value
}
