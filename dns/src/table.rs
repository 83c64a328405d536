//! Which name means which address, seen from one container.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// A network the container is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its real name.
    pub name: String,
    /// Who is there.
    pub endpoints: Vec<Endpoint>,
}

/// A container's place in a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its names there; reverse lookups answer with the first.
    pub names: Vec<String>,
    /// Its addresses; none while it is down.
    pub addresses: Vec<IpAddr>,
}

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These addresses, all of one network.
    Addresses(Vec<IpAddr>),
    /// It belongs here, but nobody answers to it now.
    Down,
    /// Somebody else has to know.
    Unknown,
}

/// Names and addresses of a container's networks, in the order the networks are searched.
#[derive(Debug, Clone, Default)]
pub struct Table {
    networks: Vec<Index>,
    /// From lower-case names that only this container uses to names in its networks.
    links: HashMap<String, String>,
}

#[derive(Debug, Clone)]
struct Index {
    /// In lower case.
    name: String,
    /// By lower-case name; without addresses where all of that name are down.
    addresses: HashMap<String, Vec<IpAddr>>,
    /// `<first name>.<network>`.
    names: HashMap<IpAddr, String>,
}

impl Table {
    /// Sorts in what the networks hold.
    #[must_use]
    pub fn new(networks: Vec<Network>) -> Self {
        Self { networks: networks.into_iter().map(Index::new).collect(), links: HashMap::new() }
    }

    /// The same where the keys of `links` mean what their values do, and nothing else.
    #[must_use]
    pub fn with_links(self, links: &BTreeMap<String, String>) -> Self {
        let lower =
            |(alias, name): (&String, &String)| (alias.to_ascii_lowercase(), name.to_ascii_lowercase());
        Self { links: links.iter().map(lower).collect(), ..self }
    }

    /// What `name` means. Case and a dot at the end do not matter.
    ///
    /// Networks are never merged: the first that has the name up answers alone. A name with dots is
    /// first taken whole, then as `name.network`, split at the last dot, then at earlier ones.
    #[must_use]
    pub fn find(&self, name: &str) -> Found {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let splits = name.rmatch_indices('.').map(|(at, _)| (&name[..at], Some(&name[at + 1..])));
        let mut is_known = false;
        for (host, network) in std::iter::once((name.as_str(), None)).chain(splits) {
            let link = self.links.get(host);
            // Never asked of others, even if its target is in none of our networks.
            is_known |= link.is_some() && network.is_none();
            let host = link.map_or(host, String::as_str);
            for index in
                self.networks.iter().filter(|index| network.is_none_or(|network| index.name == network))
            {
                match index.addresses.get(host) {
                    Some(addresses) if !addresses.is_empty() => return Found::Addresses(addresses.clone()),
                    Some(_) => is_known = true,
                    None => is_known |= network.is_some_and(is_never_public),
                }
            }
        }
        if is_known { Found::Down } else { Found::Unknown }
    }

    /// The name of an address: `<first name>.<network>`.
    #[must_use]
    pub fn name_of(&self, address: IpAddr) -> Option<&str> {
        self.networks.iter().find_map(|index| index.names.get(&address)).map(String::as_str)
    }
}

/// Whether no public domain can be called so: host names have no underscore (RFC 952), so
/// `nosuch.shop_default` is ours to deny, while `example.dev` may be more than a network `dev`.
fn is_never_public(domain: &str) -> bool {
    domain.contains('_')
}

impl Index {
    fn new(network: Network) -> Self {
        let mut addresses: HashMap<String, Vec<IpAddr>> = HashMap::new();
        let mut names = HashMap::new();
        for endpoint in network.endpoints {
            if let Some(first) = endpoint.names.first() {
                let full = format!("{first}.{}", network.name);
                names.extend(endpoint.addresses.iter().map(|address| (*address, full.clone())));
            }
            for name in endpoint.names {
                let known = addresses.entry(name.to_ascii_lowercase()).or_default();
                known.extend(
                    endpoint
                        .addresses
                        .iter()
                        .filter(|address| !known.contains(address))
                        .copied()
                        .collect::<Vec<_>>(),
                );
            }
        }
        Self { name: network.name.to_ascii_lowercase(), addresses, names }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(names: &[&str], addresses: &[&str]) -> Endpoint {
        Endpoint {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            addresses: addresses.iter().map(|address| address.parse().expect("address")).collect(),
        }
    }

    fn table() -> Table {
        Table::new(vec![
            Network {
                name: "shop_front".into(),
                endpoints: vec![
                    endpoint(&["shop-web-1", "web", "a.b.c"], &["10.0.0.2"]),
                    endpoint(&["shop-web-2", "web"], &["10.0.0.3"]),
                    endpoint(&["shop-cron-1", "cron"], &[]),
                ],
            },
            Network {
                name: "shop_back".into(),
                endpoints: vec![
                    endpoint(&["shop-db-1", "DB"], &["10.0.1.2"]),
                    endpoint(&["web"], &["10.0.1.9"]),
                ],
            },
        ])
    }

    #[track_caller]
    fn check(name: &str, expected: &[&str]) {
        let addresses = expected.iter().map(|address| address.parse().expect("address")).collect();
        assert_eq!(table().find(name), Found::Addresses(addresses));
    }

    #[test]
    fn name_of_several_containers_has_all_their_addresses() {
        check("web", &["10.0.0.2", "10.0.0.3"]);
    }

    #[test]
    fn case_and_final_dot_do_not_matter() {
        check("Shop-DB-1.", &["10.0.1.2"]);
        check("db.SHOP_back", &["10.0.1.2"]);
    }

    #[test]
    fn name_with_its_network_is_looked_up_there_only() {
        check("web.shop_back", &["10.0.1.9"]);
        assert_eq!(table().find("db.shop_front"), Found::Down);
    }

    #[test]
    fn alias_with_dots_is_taken_whole_first() {
        check("a.b.c", &["10.0.0.2"]);
        check("a.b.c.shop_front", &["10.0.0.2"]);
    }

    #[test]
    fn link_hides_the_name_it_takes_and_is_never_asked_of_others() {
        let links = [("Store", "db"), ("web", "shop-web-2"), ("far", "nobody")];
        let links = links.map(|(alias, name)| (alias.to_owned(), name.to_owned())).into();
        let table = table().with_links(&links);
        let address = |text: &str| Found::Addresses(vec![text.parse().expect("address")]);
        assert_eq!(table.find("store"), address("10.0.1.2"));
        assert_eq!(table.find("store.shop_back"), address("10.0.1.2"));
        assert_eq!(table.find("web"), address("10.0.0.3"));
        assert_eq!(table.find("far"), Found::Down);
    }

    #[test]
    fn name_of_a_stopped_container_is_denied_not_forwarded() {
        assert_eq!(table().find("cron"), Found::Down);
        assert_eq!(table().find("nosuch.shop_front"), Found::Down);
    }

    #[test]
    fn other_names_are_unknown() {
        assert_eq!(table().find("example.com"), Found::Unknown);
        assert_eq!(table().find("nosuch"), Found::Unknown);
        assert_eq!(table().find(""), Found::Unknown);
        assert_eq!(table().find("..."), Found::Unknown);
    }

    #[test]
    fn address_is_named_by_first_name_and_network() {
        assert_eq!(table().name_of("10.0.0.3".parse().expect("address")), Some("shop-web-2.shop_front"));
        assert_eq!(table().name_of("10.9.9.9".parse().expect("address")), None);
    }
}
