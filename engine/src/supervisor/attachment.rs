//! A supervised container's place in its networks: addresses, ports, names, and the files that tell it.

use super::{Supervised, links};
use crate::network::endpoint::{self, ConnectError, Interface};
use crate::network::lease::{self, Lease, Lessee};
use crate::network::port::{self, Guard, Memory, PortError, Proxy, Publisher, Target};
use crate::network::resolver::{DnsService, Searched, Servers};
use crate::network::{self, NetworkError, names};
use crate::runtime::launch::Inside;
use crate::runtime::namespace::{self, InsideError};
use engine_spec::{ContainerSpec, EndpointSpec, NetworkMode, NetworkName, ObservedEndpoint, PublishedPort};
use ipnet::IpNet;
use nix::sched::CloneFlags;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{BorrowedFd, OwnedFd};

const HOST_RESOLV_CONF: &str = "/etc/resolv.conf";

/// Where a container is in its networks.
#[derive(Debug)]
pub(super) struct Attachment {
    endpoints: Vec<(EndpointSpec, Lease)>,
    interfaces: Vec<Interface>,
}

impl Attachment {
    /// Takes or finds the container's addresses.
    pub(super) fn lease(supervised: &Supervised) -> Result<Self, NetworkError> {
        let Supervised { layout, record, .. } = supervised;
        let lessee = Lessee { id: &record.id, name: &record.spec.name };
        let mut endpoints = Vec::new();
        for endpoint in supervised.endpoints() {
            if !network::exists(layout, &endpoint.network) {
                network::ensure(layout, &endpoint.network)?;
            }
            endpoints.push((endpoint.clone(), lease::lease(layout, endpoint, lessee)?));
        }
        let interfaces = endpoint::interfaces(layout, &record.id, &endpoints)?;
        Ok(Self { endpoints, interfaces })
    }

    /// Whether the container has a network of ours, and so a name server.
    pub(super) fn has_interfaces(&self) -> bool {
        !self.interfaces.is_empty()
    }

    /// What the status shows of it.
    pub(super) fn observed(&self) -> Vec<ObservedEndpoint> {
        let observe = |(_, lease): &(EndpointSpec, Lease)| {
            let first = lease.addresses.first()?;
            Some(ObservedEndpoint {
                network: lease.network.clone(),
                address: first.net.addr(),
                prefix: first.net.prefix_len(),
                ipv6: lease.addresses.iter().find_map(|leased| match leased.net {
                    IpNet::V6(net) => Some(net),
                    IpNet::V4(_) => None,
                }),
                gateway: first.gateway,
                mac_address: lease.mac.map(|byte| format!("{byte:02x}")).join(":"),
            })
        };
        self.endpoints.iter().filter_map(observe).collect()
    }

    /// Makes the interfaces with their inner ends in the namespace of process `pid`.
    ///
    /// A network whose bridge went with the last boot is brought back. Looking at all of it before each
    /// start would cost as much as connecting does.
    pub(super) fn connect(&self, supervised: &Supervised, pid: i32) -> Result<(), NetworkError> {
        match endpoint::connect(pid, &self.interfaces) {
            Err(ConnectError::NoBridge { .. }) => {}
            connected => return Ok(connected?),
        }
        for (endpoint, _) in &self.endpoints {
            network::ensure(&supervised.layout, &endpoint.network)?;
        }
        Ok(endpoint::connect(pid, &self.interfaces)?)
    }

    /// Waits until packets pass on the interfaces, which are up now.
    pub(super) fn settle(&self, pid: i32) {
        endpoint::settle(pid, &self.interfaces);
    }

    /// What the container's first process does in its own network namespace.
    pub(super) fn inside(&self, mode: &NetworkMode) -> Inside {
        match mode {
            NetworkMode::Host | NetworkMode::Container { .. } => Box::new(|| Ok(Vec::new())),
            NetworkMode::None | NetworkMode::Networks { .. } => {
                let interfaces = self.interfaces.clone();
                let has_names = !interfaces.is_empty();
                Box::new(move || Ok(endpoint::configure(&interfaces, has_names)?))
            }
        }
    }

    /// Publishes the ports at the address of the way out, else at the first.
    pub(super) fn publish(&self, supervised: &Supervised) -> Result<Published, NetworkError> {
        let Supervised { layout, record, .. } = supervised;
        let spec = &record.spec;
        match self.front() {
            Some(lease) if !spec.ports.is_empty() => {
                let memory = Memory::of(layout, &lease.network, &spec.name);
                let (publisher, target) = (publisher(supervised), target(lease));
                let guards = port::publish(layout, publisher, target, &spec.ports, &memory)?;
                let mut published = Published::new(guards, target)?;
                published.proxy.drain(spec.standby);
                Ok(published)
            }
            _ => Ok(Published::default()),
        }
    }

    /// Takes over what a dead supervisor had published.
    pub(super) fn adopt_ports(&self, supervised: &Supervised) -> Result<Published, NetworkError> {
        match self.front() {
            Some(lease) if !supervised.record.spec.ports.is_empty() => {
                let guards = port::adopt(&supervised.layout, publisher(supervised))?;
                Ok(Published::new(guards, target(lease))?)
            }
            _ => Ok(Published::default()),
        }
    }

    /// Where published ports lead: the network of the way out, else the first.
    fn front(&self) -> Option<&Lease> {
        let way_out = self.interfaces.iter().position(|interface| !interface.gateways.is_empty());
        self.endpoints.get(way_out.unwrap_or(0)).map(|(_, lease)| lease)
    }

    /// Connects a running container to one network more.
    pub(super) fn join(
        &mut self,
        supervised: &Supervised,
        endpoint: EndpointSpec,
        pidfd: BorrowedFd<'_>,
        pid: i32,
    ) -> Result<Vec<OwnedFd>, JoinError> {
        let Supervised { layout, record, .. } = supervised;
        network::ensure(layout, &endpoint.network)?;
        let lessee = Lessee { id: &record.id, name: &record.spec.name };
        let lease = lease::lease(layout, &endpoint, lessee).map_err(NetworkError::from)?;
        let is_free = |number: &usize| !self.interfaces.iter().any(|interface| interface.number == *number);
        let number = (0..).find(is_free).unwrap_or_default();
        let taken: Vec<_> = self.interfaces.iter().map(|interface| interface.name.clone()).collect();
        let decided = endpoint::one(layout, &record.id, (&endpoint, &lease), number, &taken);
        let network = endpoint.network.clone();
        let missing = || NetworkError::Missing { network: network.clone() };
        let new = decided.map_err(NetworkError::from)?.ok_or_else(missing)?;
        let has_names = self.has_interfaces();
        self.interfaces.push(new.clone());
        self.endpoints.push((endpoint, lease));
        endpoint::route(&mut self.interfaces, &self.endpoints);
        let all = self.interfaces.clone();
        let connected = endpoint::connect(pid, std::slice::from_ref(&new)).map_err(NetworkError::from);
        let extended = connected.map_err(JoinError::from).and_then(|()| {
            let task = || Ok(endpoint::extend(&new, &all, !has_names)?);
            Ok(namespace::inside(pidfd, CloneFlags::CLONE_NEWNET, task)?)
        });
        if extended.is_err() {
            self.interfaces.pop();
            self.endpoints.pop();
            lease::release(layout, &network, &record.id, None).map_err(NetworkError::from)?;
        }
        self.settle(pid);
        extended
    }

    /// Takes a running container out of a network.
    pub(super) fn part(
        &mut self,
        supervised: &Supervised,
        network: &NetworkName,
        pidfd: BorrowedFd<'_>,
    ) -> Result<(), JoinError> {
        let Supervised { layout, record, .. } = supervised;
        let place = self.endpoints.iter().position(|(endpoint, _)| endpoint.network == *network);
        if let Some(place) = place {
            self.endpoints.remove(place);
            let gone = self.interfaces.remove(place);
            endpoint::route(&mut self.interfaces, &self.endpoints);
            let rest = self.interfaces.clone();
            let task = || {
                endpoint::shrink(&gone.name, &rest)?;
                Ok(Vec::new())
            };
            namespace::inside(pidfd, CloneFlags::CLONE_NEWNET, task)?;
        }
        names::forget(layout, network, &record.id).map_err(NetworkError::from)?;
        let released = lease::release(layout, network, &record.id, Some(&record.spec.name));
        Ok(released.map_err(NetworkError::from)?)
    }

    /// Lets the name server know of the networks that there are now.
    pub(super) fn search(&self, supervised: &Supervised, names: &mut DnsService) -> Result<(), NetworkError> {
        Ok(names.search(&supervised.layout, self.searched(supervised))?)
    }

    /// The networks whose names it knows, its links, and the servers that know the others.
    fn searched(&self, supervised: &Supervised) -> Searched {
        let networks = self.endpoints.iter().map(|(_, lease)| lease.network.clone()).collect();
        let is_internal = !self.endpoints.iter().any(|(_, lease)| lease.has_gateway());
        let servers = Servers::of(&supervised.record.spec, is_internal);
        Searched { networks, links: links::aliases(supervised), servers }
    }

    /// Lets the container's names lead to it in each network; in standby only its very own.
    pub(super) fn announce(&self, supervised: &Supervised) -> Result<(), NetworkError> {
        let Supervised { layout, record, .. } = supervised;
        for (endpoint, lease) in &self.endpoints {
            let mut all = vec![record.spec.name.to_string(), record.id.short().to_owned()];
            if !record.spec.standby {
                all.extend(endpoint.aliases.iter().chain(&record.spec.hostname).cloned());
            }
            names::announce(layout, &lease.network, &record.id, &all, &addresses_of(lease))?;
        }
        Ok(())
    }

    /// Answers the container's questions for names on `sockets`; without sockets nobody does.
    pub(super) fn serve_names(
        &self,
        supervised: &Supervised,
        sockets: Vec<OwnedFd>,
    ) -> Result<Option<DnsService>, NetworkError> {
        if sockets.is_empty() {
            return Ok(None);
        }
        Ok(Some(DnsService::new(&supervised.layout, sockets, self.searched(supervised))?))
    }

    /// The host as the container reaches it (`host-gateway`): none without a way out.
    fn host_addresses(&self, spec: &ContainerSpec) -> Vec<IpAddr> {
        if spec.network == NetworkMode::Host {
            return vec![Ipv4Addr::LOCALHOST.into()];
        }
        self.interfaces.iter().flat_map(|interface| interface.gateways.iter().copied()).collect()
    }

    /// Writes the files of /etc that depend on it.
    pub(super) fn write_files(&self, supervised: &Supervised) -> io::Result<()> {
        let Supervised { record, folder, .. } = supervised;
        let spec = &record.spec;
        let hostname = spec.hostname.as_deref().unwrap_or(record.id.short());
        let addresses: Vec<IpAddr> =
            self.endpoints.iter().flat_map(|(_, lease)| addresses_of(lease)).collect();
        fs::write(folder.etc("hostname"), format!("{hostname}\n"))?;
        let hosts = network::hosts(spec, hostname, &addresses, &self.host_addresses(spec));
        fs::write(folder.etc("hosts"), hosts + &links::hosts(supervised))?;
        fs::write(folder.etc("resolv.conf"), network::resolv_conf(spec, &host_resolv_conf()))
    }
}

/// A running container could not be connected or disconnected.
#[derive(Debug, thiserror::Error)]
pub(super) enum JoinError {
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("cannot change the container's interfaces")]
    Inside(#[from] InsideError),
}

/// Ends what a run of the container left in its networks; its addresses stay leased.
pub(super) fn withdraw(supervised: &Supervised) -> Result<(), NetworkError> {
    let Supervised { layout, record, .. } = supervised;
    for endpoint in supervised.endpoints() {
        names::withdraw(layout, &endpoint.network, &record.id)?;
    }
    if record.spec.ports.is_empty() { Ok(()) } else { Ok(port::unpublish(layout, publisher(supervised))?) }
}

/// The container as one that publishes ports.
pub(super) fn publisher(supervised: &Supervised) -> Publisher<'_> {
    let record = &supervised.record;
    let spec = &record.spec;
    Publisher { container: &record.id, group: spec.port_group.as_ref(), is_standby: spec.standby }
}

fn target(lease: &Lease) -> Target {
    Target { ipv4: lease.ipv4(), ipv6: lease.ipv6() }
}

/// Ports of the host that lead to the container, as long as this is kept.
#[derive(Debug, Default)]
pub(super) struct Published {
    guards: Vec<Guard>,
    /// Passes on what the kernel cannot.
    pub(super) proxy: Proxy,
}

impl Published {
    fn new(guards: Vec<Guard>, target: Target) -> Result<Self, PortError> {
        let proxy = Proxy::new(&guards, target).map_err(PortError::Holder)?;
        Ok(Self { guards, proxy })
    }

    /// As others see them.
    pub(super) fn ports(&self) -> Vec<PublishedPort> {
        self.guards.iter().map(|guard| guard.port.clone()).collect()
    }
}

fn addresses_of(lease: &Lease) -> Vec<IpAddr> {
    lease.addresses.iter().map(|leased| leased.net.addr()).collect()
}

/// A host without the file has no servers to ask.
fn host_resolv_conf() -> String {
    fs::read_to_string(HOST_RESOLV_CONF).unwrap_or_default()
}
