//! nf_tables over netlink: an encoder of our own, so that no `nft` or `iptables` binary is needed.
//!
//! [`Transaction`] collects changes and applies them all or not at all. [`object`] and [`expression`]
//! describe what is changed, [`super::attribute`] is the wire format.

mod expression;
mod object;

pub(super) use expression::{
    AddressFamily, Base, Compare, Conntrack, Expression, FibOf, Meta, Register, Verdict,
};
pub(super) use object::{
    Chain, ChainKind, Element, Family, Field, Hook, Set, Table, address_key, comment, interface_key,
};

use super::attribute::{Attributes, find, iterate, number, text};
use super::netlink::{Batch, NetlinkError, Socket};

const CREATE: u16 = libc::NLM_F_CREATE as u16;
const APPEND: u16 = libc::NLM_F_APPEND as u16;
/// Message types carry their subsystem in the upper byte.
const SUBSYSTEM: u16 = (libc::NFNL_SUBSYS_NFTABLES as u16) << 8;
/// `NFNL_MSG_BATCH_BEGIN`, `_END`: their resource id is the subsystem the batch is for.
const BEGIN: u16 = libc::NFNL_MSG_BATCH_BEGIN as u16;
const END: u16 = libc::NFNL_MSG_BATCH_END as u16;
const BATCH_HEADER: [u8; 4] = [libc::AF_UNSPEC as u8, 0, 0, libc::NFNL_SUBSYS_NFTABLES as u8];

/// Changes that happen together.
#[derive(Debug)]
pub(super) struct Transaction {
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    message: i32,
    family: Family,
    flags: u16,
    attributes: Attributes,
    step: &'static str,
}

impl Transaction {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { changes: Vec::new() }
    }

    /// Makes a table; one that exists stays as it is.
    pub(super) fn add_table(&mut self, table: Table<'_>, userdata: &[u8]) {
        let attributes = object::table(table, userdata);
        self.push((libc::NFT_MSG_NEWTABLE, "add an nf_tables table"), table, CREATE, attributes);
    }

    /// Removes a table with all it holds; fails if there is none.
    pub(super) fn delete_table(&mut self, table: Table<'_>) {
        let attributes = object::table(table, &[]);
        self.push((libc::NFT_MSG_DELTABLE, "delete an nf_tables table"), table, 0, attributes);
    }

    /// Makes a chain without its rules.
    pub(super) fn add_chain(&mut self, table: Table<'_>, chain: &Chain) {
        let attributes = object::chain(table, chain);
        self.push((libc::NFT_MSG_NEWCHAIN, "add an nf_tables chain"), table, CREATE, attributes);
    }

    /// Appends a rule to a chain.
    pub(super) fn add_rule(
        &mut self,
        table: Table<'_>,
        chain: &str,
        expressions: &[Expression],
        userdata: Option<&[u8]>,
    ) {
        let attributes = object::rule(table, chain, expressions, userdata);
        self.push((libc::NFT_MSG_NEWRULE, "add an nf_tables rule"), table, CREATE | APPEND, attributes);
    }

    /// Puts a rule before all others of a chain.
    pub(super) fn insert_rule(
        &mut self,
        table: Table<'_>,
        chain: &str,
        expressions: &[Expression],
        userdata: &[u8],
    ) {
        let attributes = object::rule(table, chain, expressions, Some(userdata));
        self.push((libc::NFT_MSG_NEWRULE, "insert an nf_tables rule"), table, CREATE, attributes);
    }

    /// Removes a rule.
    pub(super) fn delete_rule(&mut self, table: Table<'_>, chain: &str, handle: u64) {
        let attributes = object::rule_handle(table, chain, handle);
        self.push((libc::NFT_MSG_DELRULE, "delete an nf_tables rule"), table, 0, attributes);
    }

    /// Makes a set or map.
    pub(super) fn add_set(&mut self, table: Table<'_>, set: &Set) {
        let id = u32::try_from(self.changes.len()).expect("a transaction is small");
        let attributes = object::set(table, set, id);
        self.push((libc::NFT_MSG_NEWSET, "add an nf_tables set"), table, CREATE, attributes);
    }

    /// Adds elements; those that are there stay.
    pub(super) fn add_elements(&mut self, table: Table<'_>, set: &str, elements: &[Element]) {
        if !elements.is_empty() {
            let attributes = object::elements(table, set, elements);
            self.push((libc::NFT_MSG_NEWSETELEM, "add to an nf_tables set"), table, CREATE, attributes);
        }
    }

    /// Removes elements; fails if one is not there.
    pub(super) fn delete_elements(&mut self, table: Table<'_>, set: &str, elements: &[Element]) {
        if !elements.is_empty() {
            let attributes = object::elements(table, set, elements);
            self.push((libc::NFT_MSG_DELSETELEM, "delete from an nf_tables set"), table, 0, attributes);
        }
    }

    fn push(
        &mut self,
        (message, step): (i32, &'static str),
        table: Table<'_>,
        flags: u16,
        attributes: Attributes,
    ) {
        self.changes.push(Change { message, family: table.family, flags, attributes, step });
    }

    /// Sends all changes; on an error none of them has happened.
    pub(super) fn commit(&self, socket: &mut Socket) -> Result<(), NetlinkError> {
        let Some((last, others)) = self.changes.split_last() else { return Ok(()) };
        let mut batch = Batch::default();
        batch.push_silent(BEGIN, 0, &BATCH_HEADER, "begin an nf_tables transaction");
        for change in others {
            batch.push_silent(message_type(change.message), change.flags, &payload(change), change.step);
        }
        batch.push(message_type(last.message), last.flags, &payload(last), last.step);
        batch.push_silent(END, 0, &BATCH_HEADER, "end an nf_tables transaction");
        socket.send_transaction(&batch)
    }
}

fn payload(change: &Change) -> Vec<u8> {
    request(change.family, &change.attributes)
}

/// `struct nfgenmsg` (family, version 0, resource id 0), then attributes.
fn request(family: Family, attributes: &Attributes) -> Vec<u8> {
    [&[family as u8, 0, 0, 0], attributes.as_bytes()].concat()
}

fn message_type(message: i32) -> u16 {
    SUBSYSTEM | u16::try_from(message).expect("nf_tables messages are small numbers")
}

/// What the kernel knows of our table.
pub(super) fn table_userdata(socket: &mut Socket, table: Table<'_>) -> Result<Option<Vec<u8>>, NetlinkError> {
    let asked = request(table.family, &object::table(table, &[]));
    let found = socket.query(message_type(libc::NFT_MSG_GETTABLE), &asked, "look up an nf_tables table")?;
    Ok(found.map(|body| find(attributes_of(&body), 6).unwrap_or_default().to_vec()))
}

/// A chain that the kernel calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BaseChain {
    pub(super) family: Family,
    pub(super) table: String,
    pub(super) name: String,
    /// `NF_INET_*`.
    pub(super) hook: i32,
    /// Whether it drops what none of its rules decides.
    pub(super) drops: bool,
}

impl BaseChain {
    pub(super) fn table(&self) -> Table<'_> {
        Table { family: self.family, name: &self.table }
    }
}

/// All base chains for IPv4 and IPv6, of all tables.
pub(super) fn base_chains(socket: &mut Socket) -> Result<Vec<BaseChain>, NetlinkError> {
    let mut chains = Vec::new();
    for family in [Family::Inet, Family::Ip, Family::Ip6] {
        let asked = request(family, &Attributes::default());
        socket.dump(message_type(libc::NFT_MSG_GETCHAIN), &asked, "list nf_tables chains", |body| {
            chains.extend(read_chain(family, attributes_of(body)));
        })?;
    }
    Ok(chains)
}

/// `None` for a chain that is only jumped to.
fn read_chain(family: Family, chain: &[u8]) -> Option<BaseChain> {
    let hook = find(find(chain, 4)?, 1).and_then(number)?;
    let policy = find(chain, 5).and_then(number);
    let string = |kind| find(chain, kind).map(|value| text(value).to_owned());
    Some(BaseChain {
        family,
        table: string(1)?,
        name: string(3)?,
        hook: i32::try_from(hook).ok()?,
        drops: policy == Some(libc::NF_DROP as u32),
    })
}

/// Whether a table has a chain.
pub(super) fn has_chain(socket: &mut Socket, table: Table<'_>, chain: &str) -> Result<bool, NetlinkError> {
    let mut asked = Attributes::default();
    asked.string(1, table.name).string(3, chain);
    let asked = request(table.family, &asked);
    let kind = message_type(libc::NFT_MSG_GETCHAIN);
    Ok(socket.query(kind, &asked, "look up an nf_tables chain")?.is_some())
}

/// Handles of a chain's rules with this comment.
pub(super) fn rules_with(
    socket: &mut Socket,
    table: Table<'_>,
    chain: &str,
    text: &str,
) -> Result<Vec<u64>, NetlinkError> {
    let mut handles = Vec::new();
    rules(socket, table, chain, |rule| {
        handles.extend(handle_of(rule).filter(|_| object::has_comment(rule, text)));
    })?;
    Ok(handles)
}

fn handle_of(rule: &[u8]) -> Option<u64> {
    find(rule, 3)?.first_chunk().copied().map(u64::from_be_bytes)
}

/// Calls `each` with the attributes of a chain's rules, in order.
fn rules(
    socket: &mut Socket,
    table: Table<'_>,
    chain: &str,
    mut each: impl FnMut(&[u8]),
) -> Result<(), NetlinkError> {
    let mut asked = Attributes::default();
    asked.string(1, table.name).string(2, chain);
    let asked = request(table.family, &asked);
    socket.dump(message_type(libc::NFT_MSG_GETRULE), &asked, "list nf_tables rules", |body| {
        let rule = attributes_of(body);
        let is_of = |kind, name| find(rule, kind).map(text) == Some(name);
        if is_of(1, table.name) && is_of(2, chain) {
            each(rule);
        }
    })
}

/// All elements of a set or map.
pub(super) fn elements(
    socket: &mut Socket,
    table: Table<'_>,
    set: &str,
) -> Result<Vec<Element>, NetlinkError> {
    let mut elements = Vec::new();
    let asked = request(table.family, &object::elements(table, set, &[]));
    socket.dump(message_type(libc::NFT_MSG_GETSETELEM), &asked, "list an nf_tables set", |body| {
        let list = find(attributes_of(body), 3).unwrap_or_default();
        elements.extend(iterate(list).filter_map(|(_, element)| object::read_element(element)));
    })?;
    Ok(elements)
}

/// The attributes after `struct nfgenmsg`.
fn attributes_of(body: &[u8]) -> &[u8] {
    body.get(4..).unwrap_or_default()
}
