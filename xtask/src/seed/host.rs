//! What this host needs to reach its package mirrors, as files for a container's root file system.
//!
//! All of it is read when seeding runs: no mirror, certificate or address is part of the repository.

pub(super) mod npm;
mod pip;
mod sources;

use crate::program::{Program, read_if_there};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// The release the seed images are made of.
pub(crate) const RELEASE: &str = "bookworm";

const CA_BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
const LOCAL_CERTIFICATES: &str = "usr/local/share/ca-certificates";
const APT_SETTINGS: [&str; 4] =
    ["Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Check-Valid-Until", "Acquire::Check-Date"];
const PROXY_VARIABLES: [&str; 3] = ["http_proxy", "https_proxy", "no_proxy"];

/// The host's own configuration.
#[derive(Debug)]
pub(crate) struct Host {
    /// The Debian mirror.
    pub(crate) mirror: String,
    /// Files for the image: path inside the root, and content.
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    /// Proxy variables for programs that download.
    pub(crate) proxies: Vec<(&'static str, String)>,
}

impl Host {
    /// Reads it.
    pub(crate) fn read() -> Result<Self> {
        let sources = sources::of_release(&apt_sources()?, RELEASE);
        let mirror = sources::mirror(&sources, RELEASE)
            .with_context(|| format!("/etc/apt names no mirror of Debian {RELEASE}"))?;
        let mut files = certificates()?;
        files.push(("etc/apt/sources.list.d/debian.sources".into(), sources::render(&sources).into()));
        files.push(("etc/apt/apt.conf.d/90host".into(), apt_settings()?.into()));
        files.push(("etc/pip.conf".into(), pip::configuration(&format!("/{CA_BUNDLE}"))?.into()));
        let proxies = PROXY_VARIABLES.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
        Ok(Self { mirror, files, proxies: proxies.collect() })
    }
}

fn apt_sources() -> Result<Vec<String>> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(files_in(Path::new("/etc/apt/sources.list.d"), &["list", "sources"])?);
    Ok(files
        .iter()
        .map(|file| read_if_there(file))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// The bundle for programs that read it as it is, the host's own certificates for `update-ca-certificates`.
fn certificates() -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    let bundle = Path::new("/").join(CA_BUNDLE);
    files.push((CA_BUNDLE.into(), std::fs::read(&bundle).with_context(|| bundle.display().to_string())?));
    for file in files_in(&Path::new("/").join(LOCAL_CERTIFICATES), &["crt"])? {
        let content = std::fs::read(&file)?;
        files.push((file.strip_prefix("/").expect("the path is absolute").to_owned(), content));
    }
    Ok(files)
}

/// The files of `folder` with one of `extensions`, by name; none where there is no such folder.
fn files_in(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| extensions.contains(&extension)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The host's apt settings that decide whether a download works, as apt prints them.
fn apt_settings() -> Result<String> {
    let dump = Program::new("apt-config").arg("dump").read()?;
    let is_needed = |line: &&str| APT_SETTINGS.iter().any(|key| line.starts_with(&format!("{key} ")));
    Ok(dump.lines().filter(is_needed).map(|line| format!("{line}\n")).collect())
}
