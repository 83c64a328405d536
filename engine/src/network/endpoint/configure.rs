//! The inner side of a container's interfaces, set up by a process in its network namespace.
//!
//! The name server answers on 127.0.0.11:53, as Docker's, but is bound to a port that nobody else
//! wants, so that a name server may run in the container. A table of four rules rewrites the port
//! on the way, without connection tracking: cheap, and untouched by `iptables -F`.

use super::Interface;
use crate::network::bridge::{address_message, index_of, remove_link, sysctls};
use crate::network::netlink::{Batch, NetlinkError, Socket};
use crate::network::nft::{
    Base, Chain, ChainKind, Compare, Expression, Family, Hook, Meta, Register, Table, Transaction,
};
use crate::network::options::Attachment;
use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::LinkMessage;
use rtnetlink::{LinkUnspec, RouteMessageBuilder};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// Where containers find their name server.
pub const DNS_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
const DNS_PORT: u16 = 53;
/// Where it really is: fixed, so that an adopting supervisor finds the rules right, and below 1024,
/// where no program asks for just any port.
const BOUND_PORT: u16 = 1011;
/// How long the kernel may take to remove the interfaces of a network namespace that nobody is in any more;
/// it waits for grace periods of RCU, many at once under load.
const LONGEST_CLEANUP: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const CLEANUP_LOOK: Duration = Duration::from_millis(2);
/// The loopback link of every network namespace.
const LOOPBACK: u32 = 1;
const TABLE: Table<'static> = Table { family: Family::Ip, name: "lighter-dns" };

/// A container's interfaces could not be set up from within.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// The host did not make an interface.
    #[error("interface {interface} is missing")]
    Missing {
        /// Which.
        interface: String,
    },
    /// The kernel refused a step.
    #[error("cannot set up the container's interfaces")]
    Netlink(#[from] NetlinkError),
    /// A kernel setting of an interface could not be changed.
    #[error("cannot set {setting} of the container's interface")]
    Sysctl {
        /// Which.
        setting: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The name server's socket could not be opened.
    #[error("cannot open the name server's socket on {address}")]
    Socket {
        /// Where.
        address: SocketAddrV4,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Run by a process inside the container's network namespace: brings interfaces and loopback up,
/// and with `dns` opens the name server's sockets on 127.0.0.11, UDP first, then TCP.
///
/// # Errors
/// Names the step the kernel refused.
pub fn configure(interfaces: &[Interface], dns: bool) -> Result<Vec<OwnedFd>, ConfigureError> {
    bring_up(interfaces)?;
    route(interfaces)?;
    if !dns {
        return Ok(Vec::new());
    }
    rewrite_dns_port().commit(&mut Socket::netfilter()?)?;
    dns_sockets()
}

/// Run inside: opens the name server's sockets again, for an adopted container.
///
/// # Errors
/// Names the socket the kernel refused.
pub fn dns_sockets() -> Result<Vec<OwnedFd>, ConfigureError> {
    let address = SocketAddrV4::new(DNS_ADDRESS, BOUND_PORT);
    let fail = |source| ConfigureError::Socket { address, source };
    let datagrams = UdpSocket::bind(address).map_err(fail)?;
    let streams = TcpListener::bind(address).map_err(fail)?;
    Ok(vec![datagrams.into(), streams.into()])
}

/// Loopback, interfaces, addresses and routes in one send.
fn bring_up(interfaces: &[Interface]) -> Result<(), ConfigureError> {
    let mut socket = Socket::route()?;
    let mut batch = Batch::default();
    let loopback = LinkUnspec::new_with_index(LOOPBACK).up().build();
    batch.push_route(RouteNetlinkMessage::SetLink(loopback), 0, "bring the loopback interface up");
    for interface in interfaces {
        let name = &interface.name;
        let index = index_of(name).ok_or_else(|| ConfigureError::Missing { interface: name.clone() })?;
        let up = LinkUnspec::new_with_index(index).up();
        let has_ipv6 = interface.addresses.iter().any(|address| address.addr().is_ipv6());
        // Without IPv6 in the network there is to be no address of it at all.
        let up = if has_ipv6 { up } else { up.append_extra_attribute(sysctls(&[])) }.build();
        let step = format!("bring interface {name} up");
        match interface.attachment {
            Attachment::Macvlan { .. } => bring_up_when_free(&mut socket, &up, &step)?,
            Attachment::Bridge | Attachment::Ipvlan { .. } => {
                batch.push_route(RouteNetlinkMessage::SetLink(up), 0, step);
            }
        }
        for address in &interface.addresses {
            let message = RouteNetlinkMessage::NewAddress(address_message(index, *address));
            batch.push_route(
                message,
                NLM_F_CREATE | NLM_F_EXCL,
                format!("give {address} to interface {name}"),
            );
        }
    }
    socket.send(&batch)?;
    interfaces.iter().try_for_each(set_sysctls)
}

/// Brings a macvlan interface up once its hardware address is free. A container that is started again has
/// the address it had, and the kernel takes down what was left of the old one behind its back
/// (`cleanup_net` in net/core/net_namespace.c); until then the parent knows the address as taken.
fn bring_up_when_free(socket: &mut Socket, up: &LinkMessage, step: &str) -> Result<(), NetlinkError> {
    let deadline = Instant::now() + LONGEST_CLEANUP;
    loop {
        let mut batch = Batch::default();
        batch.push_route(RouteNetlinkMessage::SetLink(up.clone()), 0, step.to_owned());
        match socket.send(&batch) {
            Err(error) if error.errno() == Some(Errno::EADDRINUSE as i32) && Instant::now() < deadline => {
                std::thread::sleep(CLEANUP_LOOK);
            }
            result => return result,
        }
    }
}

/// Leads everything through the gateways of the way out, whatever it was led through before.
fn route(interfaces: &[Interface]) -> Result<(), ConfigureError> {
    let mut batch = Batch::default();
    for interface in interfaces {
        let index = index_of(&interface.name).unwrap_or_default();
        for gateway in &interface.gateways {
            let step = format!("route everything through {gateway}");
            batch.push_route(default_route(index, *gateway), NLM_F_CREATE | NLM_F_REPLACE, step);
        }
    }
    Ok(Socket::route()?.send(&batch)?)
}

/// Run inside a container that runs: brings a new interface up among `all`, with `dns` opens the name
/// server's sockets, too.
///
/// # Errors
/// Names the step the kernel refused.
pub fn extend(new: &Interface, all: &[Interface], dns: bool) -> Result<Vec<OwnedFd>, ConfigureError> {
    bring_up(std::slice::from_ref(new))?;
    route(all)?;
    if !dns {
        return Ok(Vec::new());
    }
    rewrite_dns_port().commit(&mut Socket::netfilter()?)?;
    dns_sockets()
}

/// Run inside a container that runs: removes an interface; `rest` are those that stay.
///
/// # Errors
/// Names the step the kernel refused.
pub fn shrink(name: &str, rest: &[Interface]) -> Result<(), ConfigureError> {
    remove_link(&mut Socket::route()?, name)?;
    route(rest)
}

/// `/proc/sys/net` shows the network namespace of who looks.
fn set_sysctls(interface: &Interface) -> Result<(), ConfigureError> {
    for (key, value) in &interface.sysctls {
        let path = Path::new("/proc/sys").join(key.replace('.', "/").replace("IFNAME", &interface.name));
        let written = fs::write(&path, value);
        written.map_err(|source| ConfigureError::Sysctl { setting: key.clone(), source })?;
    }
    Ok(())
}

fn default_route(index: u32, gateway: IpAddr) -> RouteNetlinkMessage {
    RouteNetlinkMessage::NewRoute(match gateway {
        IpAddr::V4(gateway) => {
            RouteMessageBuilder::<Ipv4Addr>::new().gateway(gateway).output_interface(index).build()
        }
        IpAddr::V6(gateway) => {
            RouteMessageBuilder::<Ipv6Addr>::new().gateway(gateway).output_interface(index).build()
        }
    })
}

/// Both ways pass the output hook, because both ends are in this namespace.
fn rewrite_dns_port() -> Transaction {
    let hook =
        Hook { kind: ChainKind::Filter, number: libc::NF_INET_LOCAL_OUT, priority: libc::NF_IP_PRI_RAW };
    let chain = Chain {
        name: "output",
        hook: Some(hook),
        rules: [UDP, TCP]
            .into_iter()
            .flat_map(|transport| {
                [
                    rewrite(transport, DESTINATION, DNS_PORT, BOUND_PORT),
                    rewrite(transport, SOURCE, BOUND_PORT, DNS_PORT),
                ]
            })
            .collect(),
    };
    let mut transaction = Transaction::new();
    transaction.add_table(TABLE, &[]);
    transaction.add_chain(TABLE, &chain);
    for rule in &chain.rules {
        transaction.add_rule(TABLE, chain.name, rule, None);
    }
    transaction
}

/// A transport: its number, and where its checksum is.
#[derive(Clone, Copy)]
struct TransportHeader {
    number: u8,
    checksum: u32,
}

const UDP: TransportHeader = TransportHeader { number: 17, checksum: 6 };
const TCP: TransportHeader = TransportHeader { number: 6, checksum: 16 };

/// Which end of a connection: where its address is in the IPv4 header, and its port after it.
#[derive(Clone, Copy)]
struct End {
    address: u32,
    port: u32,
}

const SOURCE: End = End { address: 12, port: 0 };
const DESTINATION: End = End { address: 16, port: 2 };

fn rewrite(transport: TransportHeader, end: End, from: u16, to: u16) -> Vec<Expression> {
    let register = Register::FULL;
    let equals = |value: &[u8]| Expression::Compare(register, Compare::Equal, value.to_vec());
    let load = |base, offset, length| Expression::LoadPayload { base, offset, length, into: register };
    vec![
        Expression::Load(Meta::Transport, register),
        equals(&[transport.number]),
        load(Base::Network, end.address, 4),
        equals(&DNS_ADDRESS.octets()),
        load(Base::Transport, end.port, 2),
        equals(&from.to_be_bytes()),
        Expression::Immediate(register, to.to_be_bytes().to_vec()),
        Expression::StorePayload {
            base: Base::Transport,
            offset: end.port,
            length: 2,
            from: register,
            checksum: transport.checksum,
        },
    ]
}
