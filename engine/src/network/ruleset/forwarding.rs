//! Published ports as elements of maps.
//!
//! ```text
//! ports          0.0.0.0 . tcp . 8080         -> 10.213.0.2 . 80       one container
//! shared_ports   0.0.0.0 . tcp . 8080 . 0     -> 10.213.0.2 . 80       two, in turn
//!                0.0.0.0 . tcp . 8080 . 1     -> 10.213.0.3 . 80
//!                … up to slot 59
//! ```
//! The zero address stands for every one. A rule that never changes counts connections modulo
//! [`SLOTS`], so each container of a shared port gets every n-th. A container is taken out by giving
//! its slots to the others: connections that were made before keep their way, which connection
//! tracking remembers.

use super::{Elements, PORTS, PORTS6, SHARED, SHARED6};
use crate::network::nft::{Element, Set, address_key};
use engine_spec::{Protocol, PublishedPort};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// How many turns there are: divisible by 2 to 6, 10, 12, 15, 20 and 30, so that so many containers
/// share evenly; of more than this many the last get nothing.
pub(super) const SLOTS: u32 = 60;

/// A published port and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) struct Forwarding {
    /// The host's side.
    pub(in crate::network) port: PublishedPort,
    /// The container.
    pub(in crate::network) address: IpAddr,
}

/// What packets are told apart by.
type Key = (IpAddr, Protocol, u16);

impl Forwarding {
    fn key(&self) -> Key {
        (self.port.host_ip, self.port.protocol, self.port.host_port)
    }

    /// Where it leads, as a map's value.
    fn value(&self) -> Vec<u8> {
        [address_key(self.address), self.port.target.to_be_bytes().to_vec(), vec![0, 0]].concat()
    }

    /// Whether the kernel can do it: it translates no address into one of the other family.
    fn is_native(&self) -> bool {
        self.port.host_ip.is_ipv4() == self.address.is_ipv4()
    }

    /// The elements of several ports, by map.
    pub(in crate::network) fn elements(forwardings: &[Self]) -> Elements {
        let mut ways: BTreeMap<Key, Vec<&Self>> = BTreeMap::new();
        for forwarding in forwardings.iter().filter(|forwarding| forwarding.is_native()) {
            ways.entry(forwarding.key()).or_default().push(forwarding);
        }
        let mut elements: BTreeMap<&'static str, Vec<Element>> = BTreeMap::new();
        for (key, mut ways) in ways {
            ways.sort_by_key(|way| way.address);
            let map = map_of(key, ways.len());
            elements.entry(map.name).or_default().extend(elements_of(key, &ways));
        }
        elements.into_iter().collect()
    }
}

fn map_of((host, ..): Key, ways: usize) -> &'static Set {
    match (host, ways) {
        (IpAddr::V4(_), 1) => &PORTS,
        (IpAddr::V4(_), _) => &SHARED,
        (IpAddr::V6(_), 1) => &PORTS6,
        (IpAddr::V6(_), _) => &SHARED6,
    }
}

fn elements_of((host, protocol, port): Key, ways: &[&Forwarding]) -> Vec<Element> {
    let service = [port.to_be_bytes(), [0, 0]].concat();
    let key = [address_key(host), vec![protocol_number(protocol), 0, 0, 0], service].concat();
    match ways {
        [only] => vec![Element::pair(key, only.value())],
        several => (0..SLOTS)
            .zip(several.iter().cycle())
            .map(|(slot, way)| Element::pair([&key[..], &slot.to_ne_bytes()].concat(), way.value()))
            .collect(),
    }
}

/// IPPROTO_* of a protocol.
fn protocol_number(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Sctp => 132,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarding(host: &str, address: &str) -> Forwarding {
        let port = PublishedPort {
            host_ip: host.parse().expect("address"),
            host_port: 8080,
            target: 80,
            protocol: Protocol::Tcp,
        };
        Forwarding { port, address: address.parse().expect("address") }
    }

    #[test]
    fn port_is_keyed_by_address_protocol_and_port() {
        let elements = Forwarding::elements(&[forwarding("127.0.0.1", "10.1.2.3")]);
        let key = vec![127, 0, 0, 1, 6, 0, 0, 0, 31, 144, 0, 0];
        let expected = Element::pair(key, vec![10, 1, 2, 3, 0, 80, 0, 0]);
        assert_eq!(elements, [("ports", vec![expected])]);
    }

    #[test]
    fn shared_port_gives_every_container_as_many_slots() {
        let three = ["10.1.2.3", "10.1.2.4", "10.1.2.5"].map(|address| forwarding("0.0.0.0", address));
        let elements = Forwarding::elements(&three);
        let [("shared_ports", slots)] = elements.as_slice() else { panic!("one map: {elements:?}") };
        assert_eq!(slots.len(), 60);
        for way in &three {
            let own = slots.iter().filter(|slot| slot.data.as_deref() == Some(&way.value()[..]));
            assert_eq!(own.count(), 20);
        }
    }

    #[test]
    fn address_of_the_other_family_is_left_to_the_proxy() {
        assert_eq!(Forwarding::elements(&[forwarding("::", "10.1.2.3")]), []);
        let native = Forwarding::elements(&[forwarding("::", "fd00::2")]);
        assert_eq!(native[0].0, "ports6");
        assert_eq!((native[0].1[0].key.len(), native[0].1[0].data.as_ref().map(Vec::len)), (24, Some(20)));
    }
}
