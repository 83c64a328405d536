//! The installation's nf_tables table, and the one rule that other firewalls need from us.
//!
//! A packet has to pass every base chain of a hook: our accept does not overrule a drop policy of
//! `ip filter FORWARD`, which Docker sets. So our table marks what it allows, and one rule at the
//! end of that chain accepts what is marked. There it overrules the policy only: rules that drop,
//! the user's or ufw's, come first and win.

use super::netlink::{NetlinkError, Socket};
use super::nft::{
    self, ChainState, Compare, Element, Expression, Family, Meta, Register, Table, Transaction, Verdict,
    comment,
};
use super::port;
use super::record::{self, NetworkRecord};
use super::ruleset::{self, Elements, Forwarding, MARK};
use super::{NetworkError, host};
use crate::state::Layout;
use std::fs;
use std::io;

const FILTER: Table<'static> = Table { family: Family::Ip, name: "filter" };
const FORWARD: &str = "FORWARD";
const DOCKER_USER: &str = "DOCKER-USER";
const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";

/// Brings a network's part of the firewall in place, and all of it if the table is gone.
///
/// The caller holds the firewall lock.
pub(super) fn ensure(layout: &Layout, network: &NetworkRecord) -> Result<(), NetworkError> {
    let mut socket = Socket::netfilter()?;
    let table = ruleset::table(layout.instance());
    let mut transaction = Transaction::new();
    let installed = nft::table_userdata(&mut socket, table)?;
    if installed.as_deref() == Some(&comment(ruleset::VERSION)) {
        add(&mut transaction, table, &segment_elements(network)?);
    } else {
        if installed.is_some() {
            transaction.delete_table(table);
        }
        install_all(layout, &mut transaction, table, network)?;
    }
    transaction.commit(&mut socket)?;
    pass_other_firewalls(&mut socket, layout.instance())?;
    forward_packets()
}

/// The table with everything that is to be in it now.
fn install_all(
    layout: &Layout,
    transaction: &mut Transaction,
    table: Table<'_>,
    network: &NetworkRecord,
) -> Result<(), NetworkError> {
    ruleset::install(transaction, table);
    let links = host::links(&mut Socket::route()?)?;
    add(transaction, table, &ruleset::foreign_elements(&host::foreign_bridges(&links)));
    let mut networks = record::list(layout)?;
    if !networks.iter().any(|known| known.id == network.id) {
        networks.push(network.clone());
    }
    for network in &networks {
        add(transaction, table, &segment_elements(network)?);
    }
    add(transaction, table, &Forwarding::elements(&port::forwardings(layout)?));
    Ok(())
}

fn segment_elements(network: &NetworkRecord) -> Result<Elements, NetworkError> {
    let pool = network.pool()?;
    Ok(pool.map(|pool| network.segment(&pool).elements()).unwrap_or_default())
}

fn add(transaction: &mut Transaction, table: Table<'_>, elements: &Elements) {
    for (set, elements) in elements {
        transaction.add_elements(table, set, elements);
    }
}

/// Takes a network out of the firewall; with the last one go the table and the rule elsewhere.
///
/// The caller holds the firewall lock.
pub(super) fn remove(layout: &Layout, network: &NetworkRecord, is_last: bool) -> Result<(), NetworkError> {
    let mut socket = Socket::netfilter()?;
    let table = ruleset::table(layout.instance());
    if nft::table_userdata(&mut socket, table)?.is_some() {
        let mut transaction = Transaction::new();
        if is_last {
            transaction.delete_table(table);
        } else {
            remove_present(&mut socket, &mut transaction, table, &segment_elements(network)?)?;
        }
        transaction.commit(&mut socket)?;
    }
    if is_last {
        stop_passing_other_firewalls(&mut socket, layout.instance())?;
    }
    Ok(())
}

/// Publishes ports; what a crashed container left under the same keys is replaced.
pub(super) fn publish(layout: &Layout, forwardings: &[Forwarding]) -> Result<(), NetlinkError> {
    let table = ruleset::table(layout.instance());
    let elements = Forwarding::elements(forwardings);
    let mut socket = Socket::netfilter()?;
    let mut transaction = Transaction::new();
    add(&mut transaction, table, &elements);
    match transaction.commit(&mut socket) {
        Err(error) if matches!(error.errno(), Some(libc::EEXIST | libc::EBUSY)) => {
            let mut transaction = Transaction::new();
            for (map, elements) in &elements {
                let stale = nft::elements(&mut socket, table, map)?;
                let is_in_the_way = |old: &Element| elements.iter().any(|new| new.key == old.key);
                let stale: Vec<_> = stale.into_iter().filter(is_in_the_way).collect();
                transaction.delete_elements(table, map, &stale);
            }
            add(&mut transaction, table, &elements);
            transaction.commit(&mut socket)
        }
        other => other,
    }
}

/// Ends the publication of ports, as far as they still lead where `forwardings` say.
pub(super) fn unpublish(layout: &Layout, forwardings: &[Forwarding]) -> Result<(), NetlinkError> {
    let table = ruleset::table(layout.instance());
    let mut socket = Socket::netfilter()?;
    if nft::table_userdata(&mut socket, table)?.is_none() {
        return Ok(());
    }
    let mut transaction = Transaction::new();
    remove_present(&mut socket, &mut transaction, table, &Forwarding::elements(forwardings))?;
    transaction.commit(&mut socket)
}

/// Removing what is not there would fail the whole transaction, so the sets are read first.
fn remove_present(
    socket: &mut Socket,
    transaction: &mut Transaction,
    table: Table<'_>,
    elements: &Elements,
) -> Result<(), NetlinkError> {
    for (set, elements) in elements {
        let present = nft::elements(socket, table, set)?;
        let ours: Vec<_> = elements.iter().filter(|element| present.contains(element)).cloned().collect();
        transaction.delete_elements(table, set, &ours);
    }
    Ok(())
}

/// Appends the accepting rule once, where a chain of others would drop what we allow.
///
/// Only interfaces, addresses and the mark may be matched in a chain of iptables-nft: other
/// expressions make `iptables -S` fail, or are saved and restored as a rule that accepts all.
fn pass_other_firewalls(socket: &mut Socket, instance: &str) -> Result<(), NetworkError> {
    let may_drop = match nft::chain_state(socket, FILTER, FORWARD)? {
        ChainState::Absent => false,
        ChainState::Dropping => true,
        ChainState::Accepting => nft::chain_state(socket, FILTER, DOCKER_USER)? != ChainState::Absent,
    };
    let label = comment(instance);
    if !may_drop || !nft::rules_with(socket, FILTER, FORWARD, &label)?.is_empty() {
        return Ok(());
    }
    let rule = [
        Expression::Load(Meta::Mark, Register::FULL),
        Expression::Bitwise { register: Register::FULL, mask: MARK.to_ne_bytes(), xor: [0; 4] },
        Expression::Compare(Register::FULL, Compare::Equal, MARK.to_ne_bytes().to_vec()),
        Expression::Counter,
        Expression::Verdict(Verdict::Accept),
    ];
    let mut transaction = Transaction::new();
    transaction.add_rule(FILTER, FORWARD, &rule, Some(&label));
    tracing::debug!(instance, "adding an accepting rule to ip filter FORWARD");
    Ok(transaction.commit(socket)?)
}

fn stop_passing_other_firewalls(socket: &mut Socket, instance: &str) -> Result<(), NetworkError> {
    if nft::chain_state(socket, FILTER, FORWARD)? == ChainState::Absent {
        return Ok(());
    }
    let mut transaction = Transaction::new();
    for handle in nft::rules_with(socket, FILTER, FORWARD, &comment(instance))? {
        transaction.delete_rule(FILTER, FORWARD, handle);
    }
    Ok(transaction.commit(socket)?)
}

/// Lets the host forward packets. It stays so: Docker and others may rely on it by the time we go.
fn forward_packets() -> Result<(), NetworkError> {
    let fail = |source: io::Error| NetworkError::ForwardPackets { source };
    if fs::read(IP_FORWARD).map_err(fail)?.starts_with(b"1") {
        return Ok(());
    }
    tracing::info!("turning on {IP_FORWARD}");
    fs::write(IP_FORWARD, "1").map_err(fail)
}
