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
use std::collections::BTreeSet;
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
pub(super) fn remove_network(
    layout: &Layout,
    network: &NetworkRecord,
    is_last: bool,
) -> Result<(), NetworkError> {
    let mut socket = Socket::netfilter()?;
    let table = ruleset::table(layout.instance());
    if nft::table_userdata(&mut socket, table)?.is_some() {
        let mut transaction = Transaction::new();
        if is_last {
            transaction.delete_table(table);
        } else {
            let there = present(&mut socket, table, &segment_elements(network)?)?;
            remove(&mut transaction, table, &there);
        }
        transaction.commit(&mut socket)?;
    }
    if is_last {
        stop_passing_other_firewalls(&mut socket, layout.instance())?;
    }
    Ok(())
}

/// Brings the rules of published ports from what they were to what they are to be.
///
/// What a crashed container left under the same keys is replaced.
pub(super) fn change_ports(
    layout: &Layout,
    before: &[Forwarding],
    after: &[Forwarding],
) -> Result<(), NetlinkError> {
    let table = ruleset::table(layout.instance());
    let mut socket = Socket::netfilter()?;
    let (old, new) = (Forwarding::elements(before), Forwarding::elements(after));
    let mut transaction = Transaction::new();
    remove(&mut transaction, table, &difference(&old, &new));
    add(&mut transaction, table, &difference(&new, &old));
    match transaction.commit(&mut socket) {
        Err(error) if is_out_of_step(&error) => {}
        other => return other,
    }
    if nft::table_userdata(&mut socket, table)?.is_none() {
        // Somebody flushed it; whoever brings it back reads the records.
        return Ok(());
    }
    let mut transaction = Transaction::new();
    remove(&mut transaction, table, &present(&mut socket, table, &[old, new.clone()].concat())?);
    add(&mut transaction, table, &new);
    transaction.commit(&mut socket)
}

/// Whether the kernel has something else than we thought.
fn is_out_of_step(error: &NetlinkError) -> bool {
    matches!(error.errno(), Some(libc::EEXIST | libc::EBUSY | libc::ENOENT))
}

/// The elements of `these` that are not among `those`.
fn difference(these: &Elements, those: &Elements) -> Elements {
    let is_there = |set: &str, element: &Element| {
        those.iter().any(|(other, elements)| *other == set && elements.contains(element))
    };
    these
        .iter()
        .map(|(set, elements)| {
            (*set, elements.iter().filter(|element| !is_there(set, element)).cloned().collect())
        })
        .collect()
}

/// What the sets hold under the keys of `elements`.
fn present(socket: &mut Socket, table: Table<'_>, elements: &Elements) -> Result<Elements, NetlinkError> {
    let mut found = Elements::new();
    for (set, _) in elements {
        if found.iter().any(|(done, _)| done == set) {
            continue;
        }
        let of_set = elements.iter().filter(|(other, _)| other == set);
        let keys: BTreeSet<_> =
            of_set.flat_map(|(_, elements)| elements).map(|e| (&e.key, e.is_end)).collect();
        let there = nft::elements(socket, table, set)?;
        found.push((set, there.into_iter().filter(|e| keys.contains(&(&e.key, e.is_end))).collect()));
    }
    Ok(found)
}

fn remove(transaction: &mut Transaction, table: Table<'_>, elements: &Elements) {
    for (set, elements) in elements {
        transaction.delete_elements(table, set, elements);
    }
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
