//! One query in, one reply out, from the table alone.

use crate::table::{Found, Table};
use hickory_proto::op::{Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, PTR};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder};
use std::net::IpAddr;

/// Seconds an answer may be kept. Docker says 600, which lets nginx or a JVM talk to an address
/// long after its container went away.
const TTL: u32 = 5;
/// What a client accepts over UDP unless it says more (RFC 1035).
const PLAIN_LIMIT: u16 = 512;
/// The most we put in one UDP datagram, whatever the client says.
const UDP_LIMIT: u16 = 4096;

/// What becomes of a query.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Answer with this.
    Reply(Vec<u8>),
    /// Ask somebody else.
    Forward,
    /// Not a query at all.
    Ignore,
}

/// Answers `packet` from `table`. `is_stream` lifts the size limit of datagrams.
pub(crate) fn answer(
    table: &Table,
    packet: &[u8],
    is_stream: bool,
    random: &mut dyn FnMut() -> u64,
) -> Outcome {
    if packet.len() < crate::packet::HEADER_BYTES || crate::packet::is_response(packet) {
        return Outcome::Ignore;
    }
    let Ok(message) = Message::from_vec(packet) else {
        return Outcome::Reply(crate::packet::failure(packet, ResponseCode::FormErr.low()));
    };
    if message.metadata.op_code != OpCode::Query {
        return Outcome::Reply(crate::packet::failure(packet, ResponseCode::NotImp.low()));
    }
    let [query] = message.queries.as_slice() else {
        return Outcome::Reply(crate::packet::failure(packet, ResponseCode::FormErr.low()));
    };
    let Some((code, records)) = decide(table, query, random) else { return Outcome::Forward };
    let limit = if is_stream { u16::MAX } else { message.max_payload().clamp(PLAIN_LIMIT, UDP_LIMIT) };
    let reply = encode(&message.metadata, query, code, records, limit);
    Outcome::Reply(reply.unwrap_or_else(|| crate::packet::failure(packet, crate::packet::SERVER_FAILURE)))
}

/// The response code and records for a question; `None` if it is not ours.
fn decide(
    table: &Table,
    query: &Query,
    random: &mut dyn FnMut() -> u64,
) -> Option<(ResponseCode, Vec<Record>)> {
    if query.query_class() != DNSClass::IN {
        return None;
    }
    if query.query_type() == RecordType::PTR {
        let address = address_of(query.name())?;
        let name = Name::from_ascii(format!("{}.", table.name_of(address)?)).ok()?;
        return Some((ResponseCode::NoError, vec![record(query, RData::PTR(PTR(name)))]));
    }
    match table.find(&query.name().to_ascii()) {
        Found::Unknown => None,
        Found::Down => Some((ResponseCode::NXDomain, Vec::new())),
        Found::Addresses(mut addresses) => {
            shuffle(&mut addresses, random);
            let data = addresses.into_iter().filter_map(|address| address_data(query.query_type(), address));
            Some((ResponseCode::NoError, data.map(|data| record(query, data)).collect()))
        }
    }
}

/// The address that a name below in-addr.arpa or ip6.arpa stands for.
fn address_of(name: &Name) -> Option<IpAddr> {
    let network = name.parse_arpa_name().ok()?;
    (network.prefix_len() == network.max_prefix_len()).then(|| network.addr())
}

/// An address as the record asked for; other types of a known name have no data.
fn address_data(kind: RecordType, address: IpAddr) -> Option<RData> {
    match (kind, address) {
        (RecordType::A, IpAddr::V4(address)) => Some(RData::A(A(address))),
        (RecordType::AAAA, IpAddr::V6(address)) => Some(RData::AAAA(AAAA(address))),
        _ => None,
    }
}

/// The owner keeps the letters' case of the question: some clients compare it.
fn record(query: &Query, data: RData) -> Record {
    Record::from_rdata(query.name().clone(), TTL, data)
}

/// Fisher and Yates.
fn shuffle<T>(items: &mut [T], random: &mut dyn FnMut() -> u64) {
    for last in (1..items.len()).rev() {
        let other = random() % (last as u64 + 1);
        items.swap(last, usize::try_from(other).unwrap_or(0));
    }
}

/// Writes the reply; records that do not fit are left out and the reply says so.
fn encode(
    asked: &Metadata,
    query: &Query,
    code: ResponseCode,
    records: Vec<Record>,
    limit: u16,
) -> Option<Vec<u8>> {
    let mut reply = Message::new(asked.id, MessageType::Response, OpCode::Query);
    reply.metadata.recursion_desired = asked.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = code;
    reply.add_query(query.clone());
    reply.insert_answers(records);
    let mut bytes = Vec::with_capacity(usize::from(PLAIN_LIMIT));
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_max_size(limit);
    reply.emit(&mut encoder).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Endpoint, Network};

    fn table(replicas: u8) -> Table {
        let web = (0..replicas).map(|number| Endpoint {
            names: vec![format!("shop-web-{number}"), "web".into()],
            addresses: vec![IpAddr::from([10, 0, 0, number + 2])],
        });
        let down = Endpoint { names: vec!["cron".into()], addresses: vec![] };
        Table::new(vec![Network { name: "shop_default".into(), endpoints: web.chain([down]).collect() }])
    }

    fn query(name: &str, kind: RecordType) -> Vec<u8> {
        let mut message = Message::new(7, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(Name::from_ascii(name).expect("name"), kind));
        message.to_vec().expect("encodes")
    }

    fn ask(replicas: u8, name: &str, kind: RecordType) -> Option<Message> {
        match answer(&table(replicas), &query(name, kind), false, &mut || 0) {
            Outcome::Reply(reply) => Some(Message::from_vec(&reply).expect("decodes")),
            Outcome::Forward | Outcome::Ignore => None,
        }
    }

    #[track_caller]
    fn check(name: &str, kind: RecordType, code: ResponseCode, answers: &[&str]) {
        let reply = ask(1, name, kind).expect("answered here");
        let found: Vec<_> = reply.answers.iter().map(|record| record.data.to_string()).collect();
        assert_eq!(
            (reply.metadata.response_code, found),
            (code, answers.iter().map(|a| (*a).to_owned()).collect())
        );
        assert!(reply.metadata.recursion_available && reply.metadata.id == 7);
    }

    #[test]
    fn known_name_has_an_address() {
        check("web.", RecordType::A, ResponseCode::NoError, &["10.0.0.2"]);
        check("shop-web-0.shop_default.", RecordType::A, ResponseCode::NoError, &["10.0.0.2"]);
    }

    #[test]
    fn known_name_has_no_other_data() {
        check("web.", RecordType::AAAA, ResponseCode::NoError, &[]);
        check("web.", RecordType::MX, ResponseCode::NoError, &[]);
        check("web.", RecordType::HTTPS, ResponseCode::NoError, &[]);
    }

    #[test]
    fn name_that_is_down_does_not_exist() {
        check("cron.", RecordType::A, ResponseCode::NXDomain, &[]);
    }

    #[test]
    fn address_leads_back_to_its_name() {
        check(
            "2.0.0.10.in-addr.arpa.",
            RecordType::PTR,
            ResponseCode::NoError,
            &["shop-web-0.shop_default."],
        );
    }

    #[test]
    fn foreign_names_and_addresses_are_forwarded() {
        for (name, kind) in [("example.com.", RecordType::A), ("9.9.9.9.in-addr.arpa.", RecordType::PTR)] {
            assert!(ask(1, name, kind).is_none(), "{name}");
        }
    }

    #[test]
    fn answer_repeats_the_case_of_the_question() {
        let reply = ask(1, "WeB.", RecordType::A).expect("answered");
        assert_eq!(reply.answers[0].name.to_ascii(), "WeB.");
    }

    #[test]
    fn thirty_replicas_fit_and_more_are_cut_with_a_mark() {
        let reply = ask(30, "web.", RecordType::A).expect("answered");
        assert_eq!((reply.answers.len(), reply.metadata.truncation), (30, false));
        let reply = ask(60, "web.", RecordType::A).expect("answered");
        assert!(
            reply.metadata.truncation && (25..32).contains(&reply.answers.len()),
            "{}",
            reply.answers.len()
        );
    }

    #[test]
    fn no_packet_panics() {
        let whole = query("web.shop_default.", RecordType::A);
        for end in 0..=whole.len() {
            answer(&table(1), &whole[..end], false, &mut || 0);
        }
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let mut packet = whole.clone();
            for _ in 0..4 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = usize::try_from(state >> 33).expect("small") % packet.len();
                packet[at] = state.to_le_bytes()[2];
            }
            answer(&table(2), &packet, false, &mut || 0);
        }
    }
}
