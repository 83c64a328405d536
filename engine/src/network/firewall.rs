//! The installation's nf_tables table: brought in place, changed, taken away.

use super::netlink::{NetlinkError, Socket};
use super::nft::{self, Element, Table, Transaction, comment};
use super::port;
use super::record::{self, NetworkRecord};
use super::ruleset::{self, Elements, Forwarding};
use super::{NetworkError, forwarding, host, passage};
use crate::state::Layout;
use std::collections::BTreeSet;

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
        add(&mut transaction, table, &foreign_elements()?);
    } else {
        if installed.is_some() {
            transaction.delete_table(table);
        }
        install_all(layout, &mut transaction, table, network)?;
    }
    transaction.commit(&mut socket)?;
    passage::open(&mut socket, layout.instance())?;
    forwarding::turn_on(network.pools()?.iter().any(|pool| pool.subnet.addr().is_ipv6()))
}

/// The table with everything that is to be in it now.
fn install_all(
    layout: &Layout,
    transaction: &mut Transaction,
    table: Table<'_>,
    network: &NetworkRecord,
) -> Result<(), NetworkError> {
    ruleset::install(transaction, table);
    add(transaction, table, &foreign_elements()?);
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

/// The bridges of other engines there are now; those that are gone match nothing.
fn foreign_elements() -> Result<Elements, NetworkError> {
    let links = host::links(&mut Socket::route()?)?;
    Ok(ruleset::foreign_elements(&host::foreign_bridges(&links)))
}

fn segment_elements(network: &NetworkRecord) -> Result<Elements, NetworkError> {
    let segment = network.segment(&network.pools()?);
    Ok(segment.map(|segment| segment.elements()).unwrap_or_default())
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
        passage::close(&mut socket, layout.instance())?;
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
