//! `system info`: what the engine and the host are.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::format::{ValueFormat, print_values};
use crate::show::output;
use crate::show::size;
use clap::Args;
use engine::image::Store;
use engine_spec::{Observed, Platform, Status};
use nix::sys::sysinfo::sysinfo;
use nix::sys::utsname::uname;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// Options of `system info`.
#[derive(Debug, Args)]
pub(crate) struct Info {
    /// Print as `json`, or through a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<ValueFormat>,
}

impl Info {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, observed) = session.look(None)?;
        let images = Store::open(&layout).list()?.len();
        let info = describe(layout.data(), &observed, images)?;
        match &self.format {
            None => output::print(&text(&info))?,
            Some(ValueFormat::Json) => output::print_lines([&info])?,
            format @ Some(ValueFormat::Lines(_)) => print_values(format.as_ref(), &[info])?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// docker's field names, where the engine has the fact.
fn describe(data: &Path, observed: &Observed, images: usize) -> Result<Value, CommandError> {
    let host = uname().map_err(|errno| CommandError::Runtime(errno.into()))?;
    let memory = sysinfo().map_err(|errno| CommandError::Runtime(errno.into()))?.ram_total();
    let count = |is_it: fn(&Status) -> bool| {
        observed.containers.iter().filter(|container| is_it(&container.status)).count()
    };
    let paused = count(|status| matches!(status, Status::Paused { .. }));
    let version = if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() { "2" } else { "1" };
    Ok(json!({
        "Containers": observed.containers.len(),
        "ContainersRunning": count(Status::is_running) - paused,
        "ContainersPaused": paused,
        "ContainersStopped": count(|status| !status.is_running()),
        "Images": images,
        "Driver": "overlay2",
        "LoggingDriver": "json-file",
        "CgroupDriver": "cgroupfs",
        "CgroupVersion": version,
        "KernelVersion": host.release().to_string_lossy(),
        "OperatingSystem": operating_system(),
        "OSType": "linux",
        "Architecture": host.machine().to_string_lossy(),
        "Platform": Platform::host().architecture,
        "NCPU": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "MemTotal": memory,
        "Name": host.nodename().to_string_lossy(),
        "DockerRootDir": data,
        "ServerVersion": env!("CARGO_PKG_VERSION"),
        "DefaultRuntime": "lighter",
        "LiveRestoreEnabled": true,
    }))
}

/// Its name as people know it (os-release(5)).
fn operating_system() -> String {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| "Linux".to_owned(), |name| name.trim_matches('"').to_owned())
}

fn text(info: &Value) -> String {
    const LINES: &[(&str, &str)] = &[
        ("Containers", "Containers"),
        (" Running", "ContainersRunning"),
        (" Paused", "ContainersPaused"),
        (" Stopped", "ContainersStopped"),
        ("Images", "Images"),
        ("Version", "ServerVersion"),
        ("Storage Driver", "Driver"),
        ("Logging Driver", "LoggingDriver"),
        ("Cgroup Version", "CgroupVersion"),
        ("Kernel Version", "KernelVersion"),
        ("Operating System", "OperatingSystem"),
        ("Architecture", "Architecture"),
        ("CPUs", "NCPU"),
        ("Total Memory", "MemTotal"),
        ("Name", "Name"),
        ("Root Folder", "DockerRootDir"),
    ];
    let value = |key: &str| match &info[key] {
        Value::String(text) => text.clone(),
        bytes if key == "MemTotal" => size::human(bytes.as_u64().unwrap_or(0)),
        other => other.to_string(),
    };
    LINES.iter().map(|(name, key)| format!("{name}: {}\n", value(key))).collect()
}
