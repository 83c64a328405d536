//! What stands between containers and the world on this host, in words for people.

use super::netlink::Socket;
use super::nft::{self, BaseChain};
use super::passage::{self, Barrier, BarrierKind};
use super::{NetworkError, host, record, ruleset};
use crate::state::Layout;
use std::fs;
use std::path::Path;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub text: String,
    /// What to do about it.
    pub advice: Option<String>,
}

/// Whether something is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is.
    Good,
    /// Something may be.
    Doubtful,
    /// Something is.
    Blocked,
}

impl Finding {
    fn good(text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Good, text: text.into(), advice: None }
    }

    fn bad(verdict: Verdict, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict, text: text.into(), advice: Some(advice.into()) }
    }
}

/// Looks at everything, and changes nothing.
///
/// # Errors
/// If the kernel does not tell.
pub fn examine(layout: &Layout) -> Result<Vec<Finding>, NetworkError> {
    let mut netfilter = Socket::netfilter()?;
    let mut findings = vec![forwarding(), legacy_iptables()];
    findings.extend(own_table(layout, &mut netfilter)?);
    findings.extend(barriers(layout, &mut netfilter)?);
    findings.extend(networks(layout)?);
    findings.extend(bridge_netfilter());
    Ok(findings)
}

fn forwarding() -> Finding {
    if fs::read("/proc/sys/net/ipv4/ip_forward").is_ok_and(|value| value.starts_with(b"1")) {
        return Finding::good("IPv4 forwarding is on");
    }
    Finding::bad(
        Verdict::Doubtful,
        "IPv4 forwarding is off: containers reach nothing beyond this host",
        "the next `lighter up` turns it on; if it goes off again, set net.ipv4.ip_forward=1 in /etc/sysctl.d",
    )
}

/// Rules of the old iptables are out of nf_tables' sight, but packets meet them all the same.
fn legacy_iptables() -> Finding {
    let tables = fs::read_to_string("/proc/thread-self/net/ip_tables_names").unwrap_or_default();
    if tables.trim().is_empty() {
        return Finding::good("no rules of legacy iptables");
    }
    let names = tables.split_whitespace().collect::<Vec<_>>().join(", ");
    Finding::bad(
        Verdict::Doubtful,
        format!("legacy iptables has rules in the tables {names}, which cannot be seen from here"),
        "look at `iptables-legacy -S FORWARD`; if it drops, add `iptables-legacy -A FORWARD -m mark --mark 0x4000000/0x4000000 -j ACCEPT`",
    )
}

fn own_table(layout: &Layout, socket: &mut Socket) -> Result<Vec<Finding>, NetworkError> {
    let name = layout.instance();
    let is_there = nft::table_userdata(socket, ruleset::table(name))?.is_some();
    let are_networks = !record::list(layout)?.is_empty();
    Ok(match (is_there, are_networks) {
        (true, _) => vec![Finding::good(format!("table `inet {name}` is in place"))],
        (false, false) => vec![Finding::good("no networks, so no firewall table")],
        (false, true) => vec![Finding::bad(
            Verdict::Blocked,
            format!(
                "table `inet {name}` is gone: somebody flushed the ruleset, and no published port answers"
            ),
            "run any command that starts containers (`lighter up`, `lighter start`): it brings the table back",
        )],
    })
}

fn barriers(layout: &Layout, socket: &mut Socket) -> Result<Vec<Finding>, NetworkError> {
    let barriers = passage::barriers(socket)?;
    if barriers.is_empty() {
        return Ok(vec![Finding::good("no other firewall drops what is forwarded")]);
    }
    let mut findings = Vec::new();
    for barrier in barriers {
        let is_open = passage::is_open(socket, &barrier, layout.instance())?;
        findings.push(barrier_finding(&barrier, is_open));
    }
    Ok(findings)
}

fn barrier_finding(Barrier { chain, kind }: &Barrier, is_open: bool) -> Finding {
    let whose = owner(chain);
    let place = chain_words(chain);
    if is_open {
        return Finding::good(format!(
            "{whose} drops what is forwarded ({place}), and lets through what lighter allows"
        ));
    }
    let advice = match kind {
        BarrierKind::Zones => "run `firewall-cmd --permanent --zone=trusted --add-source=SUBNET` for each subnet of `lighter network inspect`, then `firewall-cmd --reload`".to_owned(),
        BarrierKind::Policy | BarrierKind::DockersPolicy => format!(
            "the next `lighter up` adds the rule; by hand: `nft add rule {place} meta mark and 0x4000000 == 0x4000000 accept`"
        ),
    };
    Finding::bad(Verdict::Blocked, format!("{whose} drops what is forwarded ({place})"), advice)
}

fn owner(chain: &BaseChain) -> &'static str {
    match (chain.table.as_str(), chain.name.as_str()) {
        ("firewalld", _) => "firewalld",
        ("filter", "FORWARD") if Path::new("/etc/ufw/ufw.conf").exists() => {
            "ufw or another iptables firewall"
        }
        ("filter", "FORWARD") => "Docker or another iptables firewall",
        _ => "a firewall of this host's administrator",
    }
}

fn chain_words(chain: &BaseChain) -> String {
    let family = match chain.family {
        nft::Family::Inet => "inet",
        nft::Family::Ip => "ip",
        nft::Family::Ip6 => "ip6",
    };
    format!("{family} {} {}", chain.table, chain.name)
}

fn networks(layout: &Layout) -> Result<Vec<Finding>, NetworkError> {
    let mut socket = Socket::route()?;
    let links = host::links(&mut socket)?;
    let mut findings = Vec::new();
    for record in record::list(layout)? {
        let name = &record.spec.name;
        let is_there = links.iter().any(|link| link.name == record.bridge);
        findings.push(if is_there {
            Finding::good(format!("network {name} has its link {}", record.bridge))
        } else {
            Finding::bad(
                Verdict::Doubtful,
                format!("network {name} has lost its link {}", record.bridge),
                "the next start of a container in it brings the link back",
            )
        });
    }
    Ok(findings)
}

fn bridge_netfilter() -> Option<Finding> {
    let value = fs::read("/proc/sys/net/bridge/bridge-nf-call-iptables").ok()?;
    value.starts_with(b"1").then(|| {
        Finding::good("packets within a network pass the firewall (br_netfilter), where lighter allows them")
    })
}
