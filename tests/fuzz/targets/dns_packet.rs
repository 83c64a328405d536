//! A container's packets to its name server and a stranger's replies to what was passed on: each is answered,
//! passed on or ignored, and an answer is a message that its client can take.

#![no_main]

use dns::table::{Endpoint, Network, Table};
use dns::{Action, Resolver, Surroundings, Transport};
use libfuzzer_sys::fuzz_target;
use std::time::{Duration, Instant};

/// Header, and the limit of a datagram.
const HEADER_BYTES: usize = 12;
const DATAGRAM_LIMIT: usize = 4096;
const SERVERS: [([u8; 4], u16); 2] = [([192, 0, 2, 1], 53), ([192, 0, 2, 2], 53)];

fn table() -> Table {
    let replicas = (2..40).map(|number| Endpoint {
        names: vec![format!("shop-web-{number}"), "web".into()],
        addresses: vec![[10, 0, 0, number].into(), format!("fd00::{number}").parse().expect("an address")],
    });
    let down = Endpoint { names: vec!["cron".into()], addresses: vec![] };
    let links = [("site".to_owned(), "web".to_owned())].into();
    let endpoints = replicas.chain([down]).collect();
    Table::new(vec![Network { name: "shop_default".into(), endpoints }]).with_links(&links)
}

/// Follows one query to its end; `reply` is what every server says.
fn ask(table: &Table, transport: Transport, query: &[u8], reply: &[u8]) {
    let mut resolver = Resolver::new(SERVERS.map(Into::into).to_vec());
    let (mut now, mut random) = (Instant::now(), || 7);
    let mut around = Surroundings { now, random: &mut random };
    let mut action = resolver.query(table, ((), transport), query, &mut around);
    while let Some(Action::Forward { exchange, message, .. }) = action {
        assert_eq!(message.len(), query.len(), "passed on as it came");
        let named = [&message[..2], reply].concat();
        action = resolver.reply(exchange, &named, &mut around).or_else(|| {
            now += Duration::from_secs(3);
            let mut later = Surroundings { now, random: &mut || 9 };
            resolver.expire(&mut later).pop()
        });
    }
    if let Some(Action::Reply { message, .. }) = action {
        assert!(message.len() >= HEADER_BYTES && message[2] & 0x80 != 0, "a response");
        assert_eq!(message[..2], query[..2], "of the same id");
        let is_own = !reply.is_empty() && message[2..] == *reply;
        assert!(is_own || transport == Transport::Tcp || message.len() <= DATAGRAM_LIMIT, "it fits");
    }
}

fuzz_target!(|data: &[u8]| {
    let (cut, packets) = data.split_first().unwrap_or((&0, &[]));
    let (query, reply) = packets.split_at(packets.len().min(usize::from(*cut)));
    let table = table();
    for transport in [Transport::Udp, Transport::Tcp] {
        ask(&table, transport, query, reply);
    }
});
