//! Parts of the address space that new networks stay away from, and whose they are.

use engine_spec::NetworkName;
use ipnet::IpNet;
use std::fmt;

/// Taken parts that a message names before it only counts.
const NAMED: usize = 3;

/// A part of the address space that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub subnet: IpNet,
    /// By whom.
    pub by: Holder,
}

/// Who uses a part of the address space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// One of our networks.
    Network(NetworkName),
    /// A route of the host.
    Route,
    /// A name server of the host.
    NameServer,
}

impl Taken {
    /// Whether a network with `subnet` would be in its way. A default route is no claim on an address;
    /// everything narrower is.
    pub(super) fn overlaps(&self, subnet: IpNet) -> bool {
        let own = self.subnet;
        own.prefix_len() > 0 && (own.contains(&subnet) || subnet.contains(&own))
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            Holder::Network(name) => write!(f, "{} of network {name}", self.subnet),
            Holder::Route => write!(f, "{}, to which this host has a route", self.subnet),
            Holder::NameServer => write!(f, "{}, a name server of this host", self.subnet.addr()),
        }
    }
}

/// All that is in the way of `ranges`, each part once: a network's route counts as the network.
pub(super) fn in_the_way(ranges: &[IpNet], used: &[Taken]) -> Vec<Taken> {
    let mut found: Vec<Taken> = Vec::new();
    for taken in used.iter().filter(|taken| ranges.iter().any(|range| taken.overlaps(*range))) {
        if !found.iter().any(|known| known.subnet.contains(&taken.subnet)) {
            found.push(taken.clone());
        }
    }
    found
}

/// The first few in words, and how many more there are.
pub(super) fn listed(taken: &[Taken]) -> String {
    let mut words: Vec<_> = taken.iter().take(NAMED).map(Taken::to_string).collect();
    if let more @ 1.. = taken.len().saturating_sub(NAMED) {
        words.push(format!("{more} more"));
    }
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(subnet: &str, by: Holder) -> Taken {
        Taken { subnet: subnet.parse().expect("subnet"), by }
    }

    #[test]
    fn what_is_in_the_way_is_named_once_and_then_counted() {
        let network = |name: &str| Holder::Network(NetworkName::new(name).expect("name"));
        let used = [
            taken("10.0.0.0/24", network("shop")),
            taken("0.0.0.0/0", Holder::Route),
            taken("10.0.0.0/24", Holder::Route),
            taken("10.0.0.1/32", Holder::Route),
            taken("10.0.2.0/24", Holder::Route),
            taken("10.0.1.1/32", Holder::NameServer),
            taken("10.0.3.0/24", network("blog")),
            taken("192.168.0.0/24", Holder::Route),
        ];
        let found = in_the_way(&["10.0.0.0/16".parse().expect("range")], &used);
        assert_eq!(
            listed(&found),
            "10.0.0.0/24 of network shop; 10.0.2.0/24, to which this host has a route; 10.0.1.1, a name server of \
             this host; 1 more"
        );
    }
}
