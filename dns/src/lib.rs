//! The embedded DNS server of a container as tables and state machines: no sockets, no clock.
//!
//! ```text
//! query ── resolver ── answer ── table      a name of the container's networks: answered here
//!              └──── Forward{server} ──►     anything else: asked of the host's servers
//! ```
//! Whoever drives it moves the packets: see `engine::network::resolver`.
//!
//! ```
//! use dns::table::{Endpoint, Network, Table};
//!
//! let web = Endpoint { names: vec!["web".into()], addresses: vec!["10.0.0.2".parse().unwrap()] };
//! let table = Table::new(vec![Network { name: "shop_default".into(), endpoints: vec![web] }]);
//! assert_eq!(table.find("WEB.shop_default"), dns::table::Found::Addresses(vec!["10.0.0.2".parse().unwrap()]));
//! ```

#![forbid(unsafe_code)]

pub mod resolver;
pub mod table;

mod answer;
mod packet;

pub use resolver::{Action, ExchangeId, Resolver, Surroundings, Transport};
pub use table::Table;
