//! Debian's `docker-registry`, run from its unpacked package on a free port of loopback.

use crate::program::{Program, read_if_there};
use crate::{apt, http, workspace};
use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const PROGRAM: &str = "usr/bin/docker-registry";
const START_PATIENCE: Duration = Duration::from_secs(20);

/// A registry that runs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Registry {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process.
    pid: u32,
}

impl Registry {
    /// The registry of `folder`: the one that runs, or a new one.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        match Self::running(folder)? {
            Some(registry) => Ok(registry),
            None => Self::launch(folder),
        }
    }

    /// The program, once a registry of `folder` has been started.
    pub(crate) fn program(folder: &Path) -> PathBuf {
        folder.join("docker-registry").join(PROGRAM)
    }

    /// Stops the registry of `folder`, if it runs.
    pub(crate) fn stop(folder: &Path) -> Result<()> {
        if let Some(registry) = Self::running(folder)? {
            Program::new("kill").arg(registry.pid.to_string()).run()?;
            std::fs::remove_file(record(folder))?;
        }
        Ok(())
    }

    /// Removes a folder of repositories from the registry of `folder`, with the blobs that only they have.
    pub(crate) fn forget(folder: &Path, repositories: &str) -> Result<()> {
        let root = folder.join("registry/docker/registry/v2/repositories");
        Program::new("rm").arg("-rf").arg(root.join(repositories)).run()?;
        let settings = settings(folder);
        Program::new(Self::program(folder)).arg("garbage-collect").arg(settings).quiet()
    }

    /// The registry of `folder`, if it runs.
    pub(crate) fn running(folder: &Path) -> Result<Option<Self>> {
        let Some(text) = read_if_there(&record(folder))? else { return Ok(None) };
        let registry: Self = serde_json::from_str(&text).context("the registry's record is damaged")?;
        Ok((registry.is_alive(folder) && registry.answers()).then_some(registry))
    }

    fn launch(folder: &Path) -> Result<Self> {
        let program = apt::unpack("docker-registry", folder)?.join(PROGRAM);
        let address = free_address()?;
        let settings = settings(folder);
        std::fs::write(&settings, configuration(folder, address))?;
        let log = std::fs::File::create(folder.join("registry.log"))?;
        let child = Command::new(&program)
            .arg("serve")
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A Ctrl-C meant for xtask must not reach it.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let registry = Self { address, pid: child.id() };
        http::get_within(address, "/v2/", START_PATIENCE).with_context(|| {
            format!("docker-registry does not answer; see {}/registry.log", folder.display())
        })?;
        ensure!(registry.is_alive(folder), "another server took {address}");
        workspace::make_folder(folder)?;
        std::fs::write(record(folder), serde_json::to_string(&registry)?)?;
        Ok(registry)
    }

    /// Whether the process is still the registry and not another with its number.
    fn is_alive(&self, folder: &Path) -> bool {
        let program = Self::program(folder);
        let own = std::fs::read_link(format!("/proc/{}/exe", self.pid));
        own.is_ok_and(|own| program.canonicalize().is_ok_and(|program| own == program))
    }

    fn answers(&self) -> bool {
        http::get(self.address, "/v2/").is_ok_and(|page| page.is_ok())
    }

    /// Whether it has `repository` with `tag`.
    pub(crate) fn has(&self, repository: &str, tag: &str) -> bool {
        let path = format!("/v2/{repository}/tags/list");
        http::get(self.address, &path)
            .is_ok_and(|page| page.is_ok() && page.body.contains(&format!("\"{tag}\"")))
    }
}

fn record(folder: &Path) -> PathBuf {
    folder.join("registry.json")
}

fn settings(folder: &Path) -> PathBuf {
    folder.join("registry.yml")
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    format!(
        "version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: \"{address}\"}}\n\
         storage:\n  filesystem: {{rootdirectory: \"{}\"}}\n  delete: {{enabled: true}}\n",
        folder.join("registry").display(),
    )
}
