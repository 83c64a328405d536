//! The image configuration as it is spelt: Docker's Go structures, written as JSON.

use super::{Configuration, History};
use engine_spec::{Digest, HealthSpec, HealthTest, ImageConfig, Labels, Platform};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Serialize, Deserialize)]
pub(super) struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(default)]
    architecture: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    #[serde(default)]
    os: String,
    #[serde(default)]
    config: Option<WireConfig>,
    rootfs: RootFs,
    #[serde(default)]
    history: Option<Vec<History>>,
    #[serde(flatten)]
    extra: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct RootFs {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    diff_ids: Option<Vec<Digest>>,
}

/// Go writes absent lists and maps as `null`, so all of them are optional here.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exposed_ports: Option<BTreeMap<String, Empty>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    env: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entrypoint: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cmd: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    healthcheck: Option<WireHealth>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    volumes: Option<BTreeMap<String, Empty>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    working_dir: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_build: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<Labels>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop_signal: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shell: Option<Vec<String>>,
    #[serde(flatten)]
    extra: BTreeMap<String, Value>,
}

/// Go's `struct{}`: the value of a map that is used as a set.
#[derive(Default, Serialize, Deserialize)]
struct Empty {}

/// Times are in nanoseconds; zero means "as inherited".
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireHealth {
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_zero")]
    interval: u64,
    #[serde(skip_serializing_if = "is_zero")]
    timeout: u64,
    #[serde(skip_serializing_if = "is_zero")]
    start_period: u64,
    #[serde(skip_serializing_if = "is_zero")]
    start_interval: u64,
    #[serde(skip_serializing_if = "is_zero")]
    retries: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl From<Wire> for Configuration {
    fn from(wire: Wire) -> Self {
        Self {
            created: wire.created,
            author: wire.author,
            platform: Platform {
                os: wire.os,
                architecture: wire.architecture,
                variant: wire.variant.filter(|variant| !variant.is_empty()),
            },
            config: wire.config.unwrap_or_default().into(),
            diff_ids: wire.rootfs.diff_ids.unwrap_or_default(),
            history: wire.history.unwrap_or_default(),
            extra: wire.extra,
        }
    }
}

impl From<&Configuration> for Wire {
    fn from(configuration: &Configuration) -> Self {
        let diff_ids = Some(configuration.diff_ids.clone());
        Self {
            created: configuration.created.clone(),
            author: configuration.author.clone(),
            architecture: configuration.platform.architecture.clone(),
            variant: configuration.platform.variant.clone(),
            os: configuration.platform.os.clone(),
            config: Some(WireConfig::from(&configuration.config)),
            rootfs: RootFs { kind: "layers".to_owned(), diff_ids },
            history: Some(configuration.history.clone()),
            extra: configuration.extra.clone(),
        }
    }
}

impl From<WireConfig> for ImageConfig {
    fn from(wire: WireConfig) -> Self {
        Self {
            user: non_empty(wire.user),
            environment: wire.env.unwrap_or_default(),
            entrypoint: wire.entrypoint,
            command: wire.cmd,
            working_dir: non_empty(wire.working_dir),
            volumes: wire.volumes.unwrap_or_default().into_keys().collect(),
            exposed_ports: wire.exposed_ports.unwrap_or_default().into_keys().collect(),
            labels: wire.labels.unwrap_or_default(),
            stop_signal: non_empty(wire.stop_signal),
            healthcheck: wire.healthcheck.map(HealthSpec::from),
            shell: wire.shell,
            on_build: wire.on_build.unwrap_or_default(),
            extra: wire.extra,
        }
    }
}

impl From<&ImageConfig> for WireConfig {
    fn from(config: &ImageConfig) -> Self {
        Self {
            user: config.user.clone(),
            exposed_ports: as_map(&config.exposed_ports),
            env: Some(config.environment.clone()).filter(|env| !env.is_empty()),
            entrypoint: config.entrypoint.clone(),
            cmd: config.command.clone(),
            healthcheck: config.healthcheck.as_ref().map(WireHealth::from),
            volumes: as_map(&config.volumes),
            working_dir: config.working_dir.clone(),
            on_build: Some(config.on_build.clone()).filter(|lines| !lines.is_empty()),
            labels: Some(config.labels.clone()).filter(|labels| !labels.is_empty()),
            stop_signal: config.stop_signal.clone(),
            shell: config.shell.clone(),
            extra: config.extra.clone(),
        }
    }
}

fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn as_map(set: &BTreeSet<String>) -> Option<BTreeMap<String, Empty>> {
    (!set.is_empty()).then(|| set.iter().map(|key| (key.clone(), Empty {})).collect())
}

impl From<WireHealth> for HealthSpec {
    fn from(wire: WireHealth) -> Self {
        let time = |nanoseconds| (nanoseconds != 0).then(|| Duration::from_nanos(nanoseconds));
        Self {
            test: wire.test.and_then(test_from_words),
            interval: time(wire.interval),
            timeout: time(wire.timeout),
            retries: (wire.retries != 0).then(|| u32::try_from(wire.retries).unwrap_or(u32::MAX)),
            start_period: time(wire.start_period),
            start_interval: time(wire.start_interval),
        }
    }
}

/// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", line]`; an empty list inherits.
fn test_from_words(words: Vec<String>) -> Option<HealthTest> {
    let (kind, rest) = words.split_first()?;
    match kind.as_str() {
        "NONE" => Some(HealthTest::None),
        "CMD" => Some(HealthTest::Command(rest.to_vec())),
        "CMD-SHELL" => Some(HealthTest::Shell(rest.join(" "))),
        _ => None,
    }
}

impl From<&HealthSpec> for WireHealth {
    fn from(health: &HealthSpec) -> Self {
        let time = |duration: Option<Duration>| {
            duration.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
        };
        Self {
            test: health.test.as_ref().map(words_from_test),
            interval: time(health.interval),
            timeout: time(health.timeout),
            start_period: time(health.start_period),
            start_interval: time(health.start_interval),
            retries: health.retries.unwrap_or(0).into(),
        }
    }
}

fn words_from_test(test: &HealthTest) -> Vec<String> {
    match test {
        HealthTest::None => vec!["NONE".to_owned()],
        HealthTest::Command(words) => std::iter::once("CMD".to_owned()).chain(words.clone()).collect(),
        HealthTest::Shell(line) => vec!["CMD-SHELL".to_owned(), line.clone()],
    }
}
