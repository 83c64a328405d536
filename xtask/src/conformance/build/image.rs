//! A built image as its engine describes it: configuration, and the folders its layers lie in.

use crate::engine::Engine;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What is compared of an image's configuration.
const KEYS: [&str; 12] = [
    "Env",
    "Cmd",
    "Entrypoint",
    "User",
    "WorkingDir",
    "ExposedPorts",
    "Volumes",
    "Labels",
    "Healthcheck",
    "StopSignal",
    "Shell",
    "OnBuild",
];

/// The configuration of `image`, a line for each key that has a value.
pub(super) fn configuration(engine: &Engine, image: &str) -> Result<BTreeSet<String>> {
    let inspected = inspect(engine, image)?;
    let config = &inspected["Config"];
    let lines = KEYS.iter().filter(|key| !is_nothing(&config[**key]));
    Ok(lines.map(|key| format!("config {key} {}", config[*key])).collect())
}

/// The layers of `image`, topmost first.
pub(super) fn layers(engine: &Engine, image: &str) -> Result<Vec<PathBuf>> {
    let inspected = inspect(engine, image)?;
    let graph = &inspected["GraphDriver"]["Data"];
    if let Some(upper) = graph["UpperDir"].as_str() {
        let lower = graph["LowerDir"].as_str().unwrap_or_default();
        let lowers = lower.split(':').filter(|path| !path.is_empty());
        return Ok(std::iter::once(upper).chain(lowers).map(PathBuf::from).collect());
    }
    let root = engine.root().context("the engine has neither overlay folders nor a LIGHTER_ROOT")?;
    let ids = inspected["RootFS"]["Layers"].as_array().context("an image without layers")?;
    let hex = |id: &Value| Some(id.as_str()?.split_once(':')?.1.to_owned());
    let folders = ids.iter().rev().map(|id| hex(id).map(|hex| root.join("lib/layers").join(hex)));
    folders.collect::<Option<_>>().context("a layer without a digest")
}

fn inspect(engine: &Engine, image: &str) -> Result<Value> {
    let text = engine.image().args(["inspect", image]).read()?;
    let mut value: Value = serde_json::from_str(&text).context("`image inspect` printed no JSON")?;
    Ok(value[0].take())
}

/// Docker prints some keys that have no value and leaves out others.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
