//! No name of this host's package mirrors in a file or in a commit message.
//!
//! Mirrors are private to the place where work is done. Their names are read from the configuration of
//! the machine that checks, so that this rule itself holds none.

use super::Source;
use crate::program::{Program, read_if_there};
use crate::workspace;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files that name package sources by their nature.
const EXEMPT: [&str; 1] = ["Cargo.lock"];
const FILES: [&str; 4] = ["/etc/apt/sources.list", "/etc/pip.conf", "/etc/npmrc", "/etc/xdg/pip/pip.conf"];
const FILES_AT_HOME: [&str; 5] =
    [".config/pip/pip.conf", ".pip/pip.conf", ".npmrc", ".cargo/config.toml", ".cargo/config"];
const FOLDERS: [&str; 1] = ["/etc/apt/sources.list.d"];
const VARIABLES: [&str; 3] = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "NPM_CONFIG_REGISTRY"];

pub(super) fn check(sources: &[Source]) -> Result<Vec<String>> {
    let hosts = configured()?;
    let files = sources.iter().filter(|source| !EXEMPT.contains(&source.path.as_str()));
    let mut findings: Vec<String> =
        files.flat_map(|source| found(&source.path, &source.text, &hosts)).collect();
    findings.extend(found("a commit message", &messages()?, &hosts));
    Ok(findings)
}

fn found(place: &str, text: &str, hosts: &BTreeSet<String>) -> Vec<String> {
    let named = hosts.iter().filter(|host| text.contains(host.as_str()));
    named.map(|_| format!("{place}: names a package mirror of this host")).collect()
}

/// The messages of the commits that are checked out.
fn messages() -> Result<String> {
    Program::new("git").args(["log", "--format=%B", "-n", "1000"]).folder(workspace::root()).read()
}

/// The hosts this machine fetches packages from.
fn configured() -> Result<BTreeSet<String>> {
    let mut files: Vec<PathBuf> = FILES.map(PathBuf::from).into();
    if let Some(home) = std::env::var_os("HOME") {
        files.extend(FILES_AT_HOME.map(|file| Path::new(&home).join(file)));
    }
    for folder in FOLDERS {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        files.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
    }
    let mut hosts = BTreeSet::new();
    for file in files.iter().filter(|file| file.is_file()) {
        hosts.extend(hosts_in(&read_if_there(file)?.unwrap_or_default()));
    }
    for variable in VARIABLES {
        hosts.extend(hosts_in(&std::env::var(variable).unwrap_or_default()));
    }
    Ok(hosts)
}

/// The host of every address in `text`, local names left out.
fn hosts_in(text: &str) -> Vec<String> {
    let addresses = text.split("://").skip(1);
    let hosts = addresses.filter_map(|rest| rest.split(['/', ' ', '\n', '"', '\'']).next());
    let hosts = hosts.map(|host| host.rsplit('@').next().unwrap_or(host));
    let hosts = hosts.map(|host| host.split(':').next().unwrap_or(host).to_owned());
    hosts.filter(|host| host.contains('.') && !host.starts_with("127.")).collect()
}

#[cfg(test)]
mod tests {
    use super::{found, hosts_in};

    #[test]
    fn finds_hosts_without_port_and_password() {
        let text = "URIs: http://mirror.test:8080/debian\nindex-url = https://me:secret@index.test/simple\n";
        assert_eq!(hosts_in(text), ["mirror.test", "index.test"]);
    }

    #[test]
    fn leaves_out_this_machine() {
        assert!(hosts_in("http://127.0.0.1:5000 http://localhost/").is_empty());
    }

    #[test]
    fn does_not_repeat_the_name_it_found() {
        let hosts = ["mirror.test".to_owned()].into();
        assert_eq!(found("a.md", "see mirror.test", &hosts), ["a.md: names a package mirror of this host"]);
    }
}
