//! The server's state: queries under way and the servers they are asked of.
//!
//! Packets and the time come in, [`Action`]s go out. A query that is not ours goes to the first
//! server; a server that stays silent, fails or refuses is followed by the next; "no such name" is
//! final. Forwarded messages get an id of our own, and a reply counts only with that id and question.

use crate::answer::{Outcome, answer};
use crate::packet;
use crate::table::Table;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long the first, second and third server may think: less than glibc's five seconds in all.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(2000), Duration::from_millis(1500), Duration::from_millis(1000)];
/// How long a silent server is asked last.
const DEAD_FOR: Duration = Duration::from_secs(10);
/// Queries under way at once; each holds a socket.
const LIMIT: usize = 256;

/// How a packet travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// One datagram.
    Udp,
    /// A stream with lengths.
    Tcp,
}

/// A query that was passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(u64);

/// What the driver has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<C> {
    /// Answer a client.
    Reply {
        /// The exchange this ends, whose socket can be closed.
        exchange: Option<ExchangeId>,
        /// Whom.
        client: C,
        /// The packet.
        message: Vec<u8>,
    },
    /// Ask a server, from a new socket; an earlier one of the same exchange can be closed.
    Forward {
        /// To be given back with the reply.
        exchange: ExchangeId,
        /// Whom.
        server: SocketAddr,
        /// How.
        transport: Transport,
        /// The packet.
        message: Vec<u8>,
    },
}

/// What the driver brings to each step, so that the same steps give the same results again.
pub struct Surroundings<'a> {
    /// The time.
    pub now: Instant,
    /// Numbers nobody can guess.
    pub random: &'a mut dyn FnMut() -> u64,
}

/// The state machine; `C` tells clients apart.
#[derive(Debug)]
pub struct Resolver<C> {
    servers: Vec<Server>,
    exchanges: BTreeMap<ExchangeId, Exchange<C>>,
    next: u64,
}

#[derive(Debug)]
struct Server {
    address: SocketAddr,
    dead_until: Option<Instant>,
}

#[derive(Debug)]
struct Exchange<C> {
    client: C,
    transport: Transport,
    /// As the client sent it.
    query: Vec<u8>,
    /// Indices of servers still to be asked, the next one last.
    left: Vec<usize>,
    /// The server asked now, the id it was given, and until when it may think.
    server: usize,
    id: u16,
    deadline: Instant,
}

impl<C: Clone> Resolver<C> {
    /// Forwards to `servers`, the first first. Without any, what is not ours fails.
    #[must_use]
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        let servers = servers.into_iter().map(|address| Server { address, dead_until: None });
        Self { servers: servers.take(PATIENCE.len()).collect(), exchanges: BTreeMap::new(), next: 0 }
    }

    /// Forwards to other servers from now on. What was asked of the old ones is asked no further.
    pub fn ask_others(&mut self, servers: Vec<SocketAddr>) {
        let exchanges = std::mem::take(&mut self.exchanges);
        let is_unchanged = servers.iter().take(PATIENCE.len()).eq(self.servers.iter().map(|s| &s.address));
        if is_unchanged {
            self.exchanges = exchanges;
        } else {
            *self = Self { next: self.next, ..Self::new(servers) };
        }
    }

    /// A client asks. `None` if the packet deserves no answer.
    pub fn query(
        &mut self,
        table: &Table,
        (client, transport): (C, Transport),
        packet: &[u8],
        around: &mut Surroundings<'_>,
    ) -> Option<Action<C>> {
        let reply = |message| Some(Action::Reply { exchange: None, client: client.clone(), message });
        match answer(table, packet, transport == Transport::Tcp, around.random) {
            Outcome::Ignore => None,
            Outcome::Reply(message) => reply(message),
            Outcome::Forward if self.exchanges.len() >= LIMIT => {
                reply(packet::failure(packet, packet::REFUSED))
            }
            Outcome::Forward if packet::question(packet).is_none() || self.servers.is_empty() => {
                reply(packet::failure(packet, packet::SERVER_FAILURE))
            }
            Outcome::Forward => {
                let left = self.order(around.now);
                let query = packet.to_vec();
                let exchange =
                    Exchange { client, transport, query, left, server: 0, id: 0, deadline: around.now };
                let id = ExchangeId(self.next);
                self.next += 1;
                Some(self.ask_next(id, exchange, None, around))
            }
        }
    }

    /// A server's packet has arrived. `None` if it is not the reply we wait for.
    pub fn reply(
        &mut self,
        id: ExchangeId,
        packet: &[u8],
        around: &mut Surroundings<'_>,
    ) -> Option<Action<C>> {
        let exchange = self.exchanges.get(&id)?;
        if !is_reply_to(exchange, packet) {
            return None;
        }
        let exchange = self.exchanges.remove(&id)?;
        self.servers[exchange.server].dead_until = None;
        let message = packet::with_id(packet, packet::id(&exchange.query).unwrap_or_default());
        if matches!(packet::code(packet), packet::SERVER_FAILURE | packet::REFUSED) {
            return Some(self.ask_next(id, exchange, Some(message), around));
        }
        Some(Action::Reply { exchange: Some(id), client: exchange.client, message })
    }

    /// A server could not be reached.
    pub fn failed(&mut self, id: ExchangeId, around: &mut Surroundings<'_>) -> Option<Action<C>> {
        let exchange = self.exchanges.remove(&id)?;
        self.servers[exchange.server].dead_until = Some(around.now + DEAD_FOR);
        Some(self.ask_next(id, exchange, None, around))
    }

    /// A client has gone; its queries need no answer. Their sockets can be closed.
    pub fn forget(&mut self, is_gone: impl Fn(&C) -> bool) -> Vec<ExchangeId> {
        let gone: Vec<_> = self
            .exchanges
            .iter()
            .filter(|(_, exchange)| is_gone(&exchange.client))
            .map(|(id, _)| *id)
            .collect();
        gone.iter().for_each(|id| drop(self.exchanges.remove(id)));
        gone
    }

    /// Gives up on servers that took too long.
    pub fn expire(&mut self, around: &mut Surroundings<'_>) -> Vec<Action<C>> {
        let late: Vec<_> = self
            .exchanges
            .iter()
            .filter(|(_, exchange)| exchange.deadline <= around.now)
            .map(|(id, _)| *id)
            .collect();
        late.into_iter().filter_map(|id| self.failed(id, around)).collect()
    }

    /// When [`Self::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.exchanges.values().map(|exchange| exchange.deadline).min()
    }

    /// Servers in the order they are asked, the first last; dead ones after the others.
    fn order(&self, now: Instant) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.servers.len()).collect();
        order.sort_by_key(|index| self.servers[*index].dead_until.is_some_and(|until| until > now));
        order.reverse();
        order
    }

    /// Asks the next server, or passes on what the last one said, or says that all failed.
    fn ask_next(
        &mut self,
        id: ExchangeId,
        mut exchange: Exchange<C>,
        said: Option<Vec<u8>>,
        around: &mut Surroundings<'_>,
    ) -> Action<C> {
        let Some(server) = exchange.left.pop() else {
            let message = said.unwrap_or_else(|| packet::failure(&exchange.query, packet::SERVER_FAILURE));
            return Action::Reply { exchange: Some(id), client: exchange.client, message };
        };
        let asked_before = self.servers.len() - 1 - exchange.left.len();
        let [high, low, ..] = (around.random)().to_be_bytes();
        exchange.server = server;
        exchange.id = u16::from_be_bytes([high, low]);
        exchange.deadline = around.now + PATIENCE[asked_before.min(PATIENCE.len() - 1)];
        let message = packet::with_id(&exchange.query, exchange.id);
        let transport = exchange.transport;
        self.exchanges.insert(id, exchange);
        Action::Forward { exchange: id, server: self.servers[server].address, transport, message }
    }
}

/// A reply has our id, and our question in any case of letters; a server that fails may leave the
/// question out.
fn is_reply_to<C>(exchange: &Exchange<C>, reply: &[u8]) -> bool {
    let has_id = packet::id(reply) == Some(exchange.id) && packet::is_response(reply);
    let has_question = match (packet::question(reply), packet::question(&exchange.query)) {
        (Some(theirs), Some(ours)) => theirs.eq_ignore_ascii_case(ours),
        _ => {
            let is_whole = reply.len() >= packet::HEADER_BYTES;
            is_whole && packet::code(reply) != 0 && reply.get(4..6) == Some(&[0, 0])
        }
    };
    has_id && has_question
}

#[cfg(test)]
mod tests;
