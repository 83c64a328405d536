//! Whom packets reach beside a firewall that is there already, comes later or is loaded anew.
//!
//! `tests/conformance/network/ways/run` does it, once per firewall, in namespaces of its own for networks,
//! mounts and processes: nothing of it touches the host's own firewall.

use super::super::Engines;
use super::super::comparison::Comparison;
use crate::program::Program;
use crate::{apt, workspace};
use anyhow::{Context as _, Result};

/// The programs that make firewalls, and what they need.
const PACKAGES: [&str; 5] = ["dbus", "firewalld", "iptables", "nftables", "ufw"];

/// The firewalls, in words and as the script knows them.
const FIREWALLS: &[(&str, &str)] = &[
    ("no firewall", "none"),
    ("`nft flush ruleset`", "flush"),
    ("a table of the administrator that drops", "administrator"),
    ("iptables, saved and restored", "iptables"),
    ("ufw", "ufw"),
    ("firewalld", "firewalld"),
    ("dockerd, running", "dockerd"),
    ("dockerd, stopped", "dockerd-stopped"),
    ("dockerd, started later", "dockerd-later"),
];

/// Ways that must be closed; all others must be open.
const CLOSED: [&str; 2] = ["neighbour to a port of 127.0.0.1 only", "neighbour to a container's own address"];

pub(super) fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    apt::install(&PACKAGES)?;
    // The one daemon is needed in another network.
    engines.docker.pause()?;
    let compared =
        FIREWALLS.iter().map(|(words, name)| ways(engines, words, name)).collect::<Result<Vec<_>>>();
    engines.docker.resume()?;
    Ok(compared?.into_iter().flatten().collect())
}

fn ways(engines: &Engines, words: &str, name: &str) -> Result<Vec<Comparison>> {
    let script = workspace::root().join("tests/conformance/network/ways/run");
    let namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let run =
        engines.lighter.environment_of(Program::as_root("unshare").args(namespaces).arg(script).arg(name));
    let run = run.env("PEERS", workspace::shared().join("peers/peers").display().to_string());
    let said = run.env("LIGHTER", engines.lighter.file().display().to_string()).read()?;
    said.lines()
        .filter(|line| line.contains('\t'))
        .map(|line| {
            let (way, state) = line.split_once('\t').with_context(|| format!("no way: {line}"))?;
            let expected = if CLOSED.iter().any(|closed| way.ends_with(closed)) { "closed" } else { "open" };
            Ok(Comparison::new(format!("{words}: {way}"), expected, state))
        })
        .collect()
}
