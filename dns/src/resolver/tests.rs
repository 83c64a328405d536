//! Queries in, actions out, with a made-up clock.

use super::*;

const QUERY: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01";

/// A resolver under test with a clock and a random source that count.
struct Bench {
    resolver: Resolver<u32>,
    now: Instant,
    random: u64,
}

impl Bench {
    fn new(servers: usize) -> Self {
        let servers = (1..=servers).map(|number| format!("192.0.2.{number}:53").parse().expect("address"));
        Self { resolver: Resolver::new(servers.collect()), now: Instant::now(), random: 0 }
    }

    fn step<T>(&mut self, act: impl FnOnce(&mut Resolver<u32>, &mut Surroundings<'_>) -> T) -> T {
        let Self { resolver, now, random } = self;
        let mut count = || {
            *random += 1 << 48;
            *random
        };
        act(resolver, &mut Surroundings { now: *now, random: &mut count })
    }

    fn query(&mut self, client: u32) -> Option<Action<u32>> {
        let table = Table::default();
        self.step(|resolver, around| resolver.query(&table, (client, Transport::Udp), QUERY, around))
    }

    /// Passes a query on and returns its exchange, the server asked and the packet.
    fn forward(&mut self) -> (ExchangeId, SocketAddr, Vec<u8>) {
        forwarded(self.query(1))
    }

    fn reply(&mut self, exchange: ExchangeId, packet: &[u8]) -> Option<Action<u32>> {
        self.step(|resolver, around| resolver.reply(exchange, packet, around))
    }

    fn expire(&mut self) -> Vec<Action<u32>> {
        self.step(Resolver::expire)
    }
}

#[track_caller]
fn forwarded(action: Option<Action<u32>>) -> (ExchangeId, SocketAddr, Vec<u8>) {
    match action {
        Some(Action::Forward { exchange, server, message, .. }) => (exchange, server, message),
        other => panic!("not forwarded: {other:?}"),
    }
}

#[track_caller]
fn replied(action: Option<Action<u32>>) -> Vec<u8> {
    match action {
        Some(Action::Reply { message, .. }) => message,
        other => panic!("not replied: {other:?}"),
    }
}

fn response(query: &[u8], code: u8) -> Vec<u8> {
    packet::failure(query, code)
}

#[test]
fn forwards_with_an_id_of_its_own_and_restores_the_clients() {
    let mut bench = Bench::new(1);
    let (exchange, server, message) = bench.forward();
    assert_eq!(server, "192.0.2.1:53".parse().expect("address"));
    assert_ne!(packet::id(&message), packet::id(QUERY));
    let reply = replied(bench.reply(exchange, &response(&message, 0)));
    assert_eq!(packet::id(&reply), packet::id(QUERY));
}

#[test]
fn reply_with_wrong_id_or_question_is_ignored() {
    let mut bench = Bench::new(1);
    let (exchange, _, message) = bench.forward();
    assert_eq!(bench.reply(exchange, &response(&packet::with_id(&message, 9), 0)), None);
    let other = [&message[..13], b"EXAMPLF", &message[20..]].concat();
    assert_eq!(bench.reply(exchange, &response(&other, 0)), None);
    assert_eq!(bench.reply(exchange, &message), None, "a query is no reply");
    assert_eq!(bench.reply(exchange, b""), None);
    let same = [&message[..13], b"EXAMPLE", &message[20..]].concat();
    assert!(bench.reply(exchange, &response(&same, 0)).is_some(), "case of letters does not matter");
}

#[test]
fn failing_server_is_followed_by_the_next() {
    let mut bench = Bench::new(2);
    let (exchange, _, message) = bench.forward();
    let (again, server, second) =
        forwarded(bench.reply(exchange, &response(&message, packet::SERVER_FAILURE)));
    assert_eq!((again, server), (exchange, "192.0.2.2:53".parse().expect("address")));
    assert_ne!(packet::id(&message), packet::id(&second));
    let last = replied(bench.reply(exchange, &response(&second, packet::REFUSED)));
    assert_eq!(packet::code(&last), packet::REFUSED, "the last server's word is passed on");
}

#[test]
fn no_such_name_is_final() {
    let mut bench = Bench::new(2);
    let (exchange, _, message) = bench.forward();
    assert_eq!(packet::code(&replied(bench.reply(exchange, &response(&message, 3)))), 3);
}

#[test]
fn silent_server_is_asked_last_for_a_while() {
    let mut bench = Bench::new(2);
    bench.forward();
    assert!(bench.expire().is_empty());
    bench.now += PATIENCE[0];
    let (exchange, server, message) = forwarded(bench.expire().pop());
    assert_eq!(server, "192.0.2.2:53".parse().expect("address"));
    replied(bench.reply(exchange, &response(&message, 0)));
    assert_eq!(bench.forward().1, "192.0.2.2:53".parse().expect("address"));
    bench.now += DEAD_FOR;
    assert_eq!(bench.forward().1, "192.0.2.1:53".parse().expect("address"));
}

#[test]
fn all_servers_together_take_less_than_five_seconds() {
    let mut bench = Bench::new(3);
    let start = bench.now;
    bench.forward();
    while let Some(deadline) = bench.resolver.next_deadline() {
        bench.now = deadline;
        if let Some(Action::Reply { message, .. }) = bench.expire().pop() {
            assert_eq!(packet::code(&message), packet::SERVER_FAILURE);
        }
    }
    assert!(bench.now - start < Duration::from_secs(5));
}

#[test]
fn without_servers_foreign_names_fail() {
    assert_eq!(packet::code(&replied(Bench::new(0).query(1))), packet::SERVER_FAILURE);
}

#[test]
fn too_many_queries_are_refused() {
    let mut bench = Bench::new(1);
    for client in 0..256 {
        forwarded(bench.query(client));
    }
    assert_eq!(packet::code(&replied(bench.query(256))), packet::REFUSED);
    assert_eq!(bench.resolver.forget(|client| *client == 7).len(), 1);
    forwarded(bench.query(256));
}

#[test]
fn reply_without_a_whole_header_is_no_reply() {
    let mut bench = Bench::new(1);
    let (exchange, _, asked) = bench.forward();
    let mut refusal = response(&asked, packet::REFUSED);
    refusal[4..6].fill(0);
    for end in 0..packet::HEADER_BYTES {
        assert_eq!(bench.reply(exchange, &refusal[..end]), None, "cut at {end}");
    }
    replied(bench.reply(exchange, &refusal[..packet::HEADER_BYTES]));
}
