//! The one rule that firewalls of others need from us.
//!
//! A packet has to pass every base chain of a hook: our accept does not overrule another chain's drop.
//! So our table marks what it allows, and one rule at the end of each forward chain that would drop it
//! accepts what is marked. There it overrules the chain's policy only: rules that drop, the user's,
//! Docker's or ufw's, come first and win. firewalld leaves its chain for those of its zones, which reject
//! what they do not know, so there ours comes first.
//!
//! The rule never changes, and its comment is known in every form that saving and restoring gives it: that is
//! harmless. After a reload of the other firewall the next command puts it back.

use super::netlink::{NetlinkError, Socket};
use super::nft::{self, BaseChain, Compare, Expression, Meta, Register, Transaction, Verdict, comment};
use super::ruleset::MARK;

const IPTABLES_TABLE: &str = "filter";
const IPTABLES_FORWARD: &str = "FORWARD";
const DOCKER_USER: &str = "DOCKER-USER";
const FIREWALLD_TABLE: &str = "firewalld";
const FIREWALLD_FORWARD: &str = "filter_FORWARD";

/// A forward chain of others that drops what it does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Barrier {
    pub(super) chain: BaseChain,
    pub(super) kind: BarrierKind,
}

/// How it drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BarrierKind {
    /// By its policy.
    Policy,
    /// Docker sets the policy whenever it starts.
    DockersPolicy,
    /// By rules of its zones.
    Zones,
}

/// The barriers there are.
pub(super) fn barriers(socket: &mut Socket) -> Result<Vec<Barrier>, NetlinkError> {
    let mut barriers = Vec::new();
    for chain in nft::base_chains(socket)?.into_iter().filter(|chain| chain.hook == libc::NF_INET_FORWARD) {
        let kind = if chain.table == FIREWALLD_TABLE && chain.name == FIREWALLD_FORWARD {
            Some(BarrierKind::Zones)
        } else if chain.drops {
            Some(BarrierKind::Policy)
        } else {
            let is_iptables = chain.table == IPTABLES_TABLE && chain.name == IPTABLES_FORWARD;
            let is_dockers = is_iptables && nft::has_chain(socket, chain.table(), DOCKER_USER)?;
            is_dockers.then_some(BarrierKind::DockersPolicy)
        };
        barriers.extend(kind.map(|kind| Barrier { chain, kind }));
    }
    Ok(barriers)
}

/// Whether our rule is there.
pub(super) fn is_open(socket: &mut Socket, barrier: &Barrier, instance: &str) -> Result<bool, NetlinkError> {
    let chain = &barrier.chain;
    Ok(!nft::rules_with(socket, chain.table(), &chain.name, instance)?.is_empty())
}

/// Adds the rule wherever it is missing. A table that its owner has locked is left as it is:
/// `doctor network` says what to do about it.
pub(super) fn open(socket: &mut Socket, instance: &str) -> Result<(), NetlinkError> {
    for barrier in barriers(socket)? {
        if is_open(socket, &barrier, instance)? {
            continue;
        }
        let Barrier { chain, kind } = &barrier;
        let label = comment(instance);
        let mut transaction = Transaction::new();
        match kind {
            BarrierKind::Zones => transaction.insert_rule(chain.table(), &chain.name, &rule(), &label),
            BarrierKind::Policy | BarrierKind::DockersPolicy => {
                transaction.add_rule(chain.table(), &chain.name, &rule(), Some(&label));
            }
        }
        tracing::debug!(table = chain.table, chain = chain.name, "adding an accepting rule");
        match transaction.commit(socket) {
            Err(error) if matches!(error.errno(), Some(libc::EPERM | libc::EOPNOTSUPP)) => {
                tracing::warn!(
                    "the firewall table `{}` is locked by its owner and may drop what containers send and \
                     receive: run `lighter doctor network`",
                    chain.table
                );
            }
            committed => committed?,
        }
    }
    Ok(())
}

/// Takes the rule away wherever it is.
pub(super) fn close(socket: &mut Socket, instance: &str) -> Result<(), NetlinkError> {
    for chain in nft::base_chains(socket)?.into_iter().filter(|chain| chain.hook == libc::NF_INET_FORWARD) {
        let mut transaction = Transaction::new();
        for handle in nft::rules_with(socket, chain.table(), &chain.name, instance)? {
            transaction.delete_rule(chain.table(), &chain.name, handle);
        }
        match transaction.commit(socket) {
            Err(error) if error.errno() == Some(libc::EPERM) => {}
            committed => committed?,
        }
    }
    Ok(())
}

/// Only interfaces, addresses and the mark may be matched in a chain of iptables-nft: other
/// expressions make `iptables -S` fail, or are saved and restored as a rule that accepts all.
fn rule() -> [Expression; 5] {
    [
        Expression::Load(Meta::Mark, Register::FULL),
        Expression::Bitwise { register: Register::FULL, mask: MARK.to_ne_bytes(), xor: [0; 4] },
        Expression::Compare(Register::FULL, Compare::Equal, MARK.to_ne_bytes().to_vec()),
        Expression::Counter,
        Expression::Verdict(Verdict::Accept),
    ]
}
