//! Hosts and containers for tests: each a network namespace of its own.

use crate::network::endpoint::{Interface, configure, connect, interfaces};
use crate::network::lease::Lessee;
use crate::network::netlink::{Batch, Socket};
use crate::network::port::{self, Memory, Publisher, Target};
use crate::network::{bridge, create, host, lease, nft, record, ruleset};
use crate::state::Layout;
use engine_spec::{
    ContainerId, ContainerName, EndpointSpec, NetworkName, NetworkSpec, PortGroup, PortSpec, Protocol,
};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::gettid;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{InfoData, InfoVeth};
use rtnetlink::{AddressMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder};
use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(super) const SOON: Duration = Duration::from_secs(5);

/// A host in a network namespace of its own, with folders of its own.
pub(super) struct Host {
    pub(super) layout: Layout,
    links: Vec<String>,
    group: Option<PortGroup>,
}

impl Host {
    /// Turns the calling thread into a host.
    pub(super) fn new(name: &str) -> Self {
        unshare(CloneFlags::CLONE_NEWNET).expect("a new network namespace");
        loopback_up();
        let root = std::env::temp_dir().join(format!("lighter-network-{name}-{}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("folders");
        Self { links: link_names(), layout, group: None }
    }

    pub(super) fn network(&self, name: &str, change: impl FnOnce(&mut NetworkSpec)) -> NetworkName {
        let name = NetworkName::new(name).expect("name");
        let mut spec = NetworkSpec::new(name.clone());
        change(&mut spec);
        create(&self.layout, &spec).expect("the network is made");
        name
    }

    pub(super) fn tables(&self) -> Option<Vec<u8>> {
        let table = ruleset::table(self.layout.instance());
        nft::table_userdata(&mut Socket::netfilter().expect("socket"), table).expect("asked")
    }

    pub(super) fn elements(&self, set: &str) -> Vec<nft::Element> {
        let table = ruleset::table(self.layout.instance());
        nft::elements(&mut Socket::netfilter().expect("socket"), table, set).expect("listed")
    }

    /// Publishes ports of a container at an address.
    pub(super) fn publish(
        &self,
        container: &ContainerId,
        address: Ipv4Addr,
        ports: &[PortSpec],
    ) -> Result<Vec<port::Guard>, port::PortError> {
        let target = Target { ipv4: Some(address), ipv6: None };
        let network = NetworkName::new("ports").expect("name");
        let name = ContainerName::new(container.as_str()).expect("name");
        let memory = Memory::of(&self.layout, &network, &name);
        port::publish(&self.layout, self.publisher(container), target, ports, &memory)
    }

    /// Lets all containers share their ports from now on.
    pub(super) fn share_ports(&mut self) {
        self.group = Some(PortGroup::new("shop.web").expect("valid"));
    }

    pub(super) fn drain(&self, container: &ContainerId) {
        port::drain(&self.layout, self.publisher(container), true).expect("drained");
    }

    pub(super) fn flows(&self, container: &ContainerId) -> usize {
        port::flows(&self.layout, self.publisher(container)).expect("counted")
    }

    pub(super) fn unpublish(&self, container: &ContainerId) {
        port::unpublish(&self.layout, self.publisher(container)).expect("unpublished");
    }

    fn publisher<'a>(&'a self, container: &'a ContainerId) -> Publisher<'a> {
        Publisher { container, group: self.group.as_ref(), is_standby: false }
    }

    /// Asserts that nothing is left of what was made here.
    pub(super) fn assert_clean(self) {
        assert_eq!(link_names(), self.links);
        assert_eq!(self.tables(), None);
        assert_eq!(fs::read_dir(self.layout.networks()).expect("listed").count(), 0);
        fs::remove_dir_all(self.layout.root().expect("a root of its own")).expect("removed");
    }
}

pub(super) fn loopback_up() {
    let mut batch = Batch::default();
    let up = LinkUnspec::new_with_index(1).up().build();
    batch.push_route(RouteNetlinkMessage::SetLink(up), 0, "bring loopback up");
    Socket::route().expect("socket").send(&batch).expect("up");
}

pub(super) fn link_names() -> Vec<String> {
    let links = host::links(&mut Socket::route().expect("socket")).expect("listed");
    links.into_iter().map(|link| link.name).collect()
}

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// A thread in a network namespace of its own, attached to networks.
pub(super) struct Container {
    pub(super) id: ContainerId,
    name: ContainerName,
    pub(super) address: Ipv4Addr,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Container {
    pub(super) fn start(host: &Host, name: &str, networks: &[&NetworkName]) -> Self {
        let name = ContainerName::new(name).expect("name");
        let mut random = [0; 32];
        random[..name.as_str().len()].copy_from_slice(name.as_str().as_bytes());
        let id = ContainerId::from_random(random);
        fs::create_dir(host.layout.container(&id)).expect("it exists");
        let leased: Vec<_> = networks
            .iter()
            .map(|network| {
                let endpoint = endpoint_in(network);
                let lease =
                    lease::lease(&host.layout, &endpoint, Lessee { id: &id, name: &name }).expect("leased");
                (endpoint, lease)
            })
            .collect();
        let interfaces = interfaces(&host.layout, &id, &leased).expect("decided");
        let (jobs, thread, pid) = namespace();
        let container = Self {
            id,
            name,
            address: leased[0].1.ipv4().expect("IPv4"),
            jobs: Some(jobs),
            thread: Some(thread),
        };
        container.join(pid, interfaces);
        container
    }

    fn join(&self, pid: i32, interfaces: Vec<Interface>) {
        let start = Instant::now();
        connect(pid, &interfaces).expect("connected");
        let connected = start.elapsed();
        let count = interfaces.len();
        let configured = self.run(move || {
            let start = Instant::now();
            drop(configure(&interfaces, true).expect("configured"));
            start.elapsed()
        });
        // What `settle` does by /sys, which shows the network namespace of who mounted it.
        (0..count).for_each(|number| wait_for_carrier(&format!("lv{pid:x}-{number}")));
        eprintln!("{}: connect {connected:?}, configure {configured:?}", self.name);
    }

    /// Runs something in the container's network namespace.
    pub(super) fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        run_in(self.jobs.as_ref().expect("running"), job)
    }

    /// Serves its name to every connection on a port.
    pub(super) fn serve(&self, port: u16) {
        let name = self.name.to_string();
        self.run(move || serve(name, port));
    }

    /// Says its name to every connection on a port, then answers `!` to each byte.
    pub(super) fn serve_open(&self, port: u16) {
        let name = self.name.to_string();
        self.run(move || serve_open(name, port));
    }

    pub(super) fn fetch(&self, address: impl Into<SocketAddr>) -> Option<String> {
        let address = address.into();
        self.run(move || fetch(address))
    }

    pub(super) fn remove(&self, host: &Host, networks: &[&NetworkName]) {
        for network in networks {
            lease::release(&host.layout, network, &self.id, None).expect("released");
        }
        fs::remove_dir(host.layout.container(&self.id)).expect("it is gone");
    }
}

/// A machine beside the host, that uses the host as its router.
pub(super) struct Neighbour {
    jobs: Sender<Job>,
}

impl Neighbour {
    pub(super) const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
    pub(super) const ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);

    /// Puts a machine on the other end of a cable to the host.
    pub(super) fn beside_host() -> Self {
        let (jobs, _, pid) = namespace();
        let far_end = LinkUnspec::new_with_name("eth0").setns_by_pid(pid.unsigned_abs()).build();
        let cable = LinkVeth::new("uplink", "eth0").set_info_data(InfoData::Veth(InfoVeth::Peer(far_end)));
        let mut batch = Batch::default();
        let new = NLM_F_CREATE | NLM_F_EXCL;
        batch.push_route(RouteNetlinkMessage::NewLink(cable.build()), new, "lay a cable");
        Socket::route().expect("socket").send(&batch).expect("laid");
        give_address("uplink", Self::HOST, None);
        let neighbour = Self { jobs };
        neighbour.run(|| give_address("eth0", Self::ADDRESS, Some(Self::HOST)));
        wait_for_carrier("uplink");
        neighbour
    }

    /// Lets it send packets for 127.0.0.1 to the host, as an attacker on the same cable would.
    pub(super) fn route_loopback_to_host(&self) {
        self.run(|| {
            let lax = LinkUnspec::new_with_name("eth0")
                .append_extra_attribute(bridge::sysctls(&[(bridge::ROUTE_LOCALNET, 1)]))
                .build();
            let route = RouteMessageBuilder::<Ipv4Addr>::new()
                .destination_prefix(Ipv4Addr::LOCALHOST, 32)
                .gateway(Self::HOST)
                .pref_source(Self::ADDRESS)
                .build();
            let mut batch = Batch::default();
            batch.push_route(RouteNetlinkMessage::SetLink(lax), 0, "let it route 127/8");
            batch.push_route(RouteNetlinkMessage::NewRoute(route), NLM_F_CREATE, "route 127.0.0.1");
            Socket::route().expect("socket").send(&batch).expect("done");
        });
    }

    pub(super) fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        run_in(&self.jobs, job)
    }

    pub(super) fn fetch(&self, address: impl Into<SocketAddr>) -> Option<String> {
        let address = address.into();
        self.run(move || fetch(address))
    }
}

/// Until the kernel has noticed that the other end is up, it drops what is sent.
fn wait_for_carrier(link: &str) {
    let deadline = Instant::now() + SOON;
    let is_up = || {
        let links = host::links(&mut Socket::route().expect("socket")).expect("listed");
        links.iter().any(|found| found.name == link && found.is_up)
    };
    while !is_up() {
        assert!(Instant::now() < deadline, "{link} is not up");
    }
}

fn give_address(link: &str, address: Ipv4Addr, router: Option<Ipv4Addr>) {
    let index = nix::net::if_::if_nametoindex(link).expect("there");
    let mut batch = Batch::default();
    let up = LinkUnspec::new_with_index(index).up().build();
    batch.push_route(RouteNetlinkMessage::SetLink(up), 0, "bring it up");
    let message = AddressMessageBuilder::<Ipv4Addr>::new().index(index).address(address, 24).build();
    batch.push_route(RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE, "give it an address");
    if let Some(router) = router {
        let route = RouteMessageBuilder::<Ipv4Addr>::new().gateway(router).build();
        batch.push_route(RouteNetlinkMessage::NewRoute(route), NLM_F_CREATE, "route everything");
    }
    Socket::route().expect("socket").send(&batch).expect("done");
}

fn serve_open(name: String, port: u16) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("bound");
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let name = name.clone();
            std::thread::spawn(move || {
                let mut byte = [0; 1];
                let mut sent = stream.write_all(name.as_bytes());
                while sent.is_ok() && stream.read_exact(&mut byte).is_ok() {
                    sent = stream.write_all(b"!");
                }
            });
        }
    });
}

/// Serves `<name> <client's address>` to every connection, on a thread of this network namespace.
pub(super) fn serve(name: String, port: u16) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("bound");
    std::thread::spawn(move || {
        while let Ok((mut stream, client)) = listener.accept() {
            if write!(stream, "{name} {}", client.ip()).is_err() {
                break;
            }
        }
    });
}

fn run_in<T: Send + 'static>(jobs: &Sender<Job>, job: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    let job = Box::new(move || sender.send(job()).expect("awaited"));
    jobs.send(job).expect("running");
    receiver.recv().expect("done")
}

pub(super) fn endpoint_in(network: &NetworkName) -> EndpointSpec {
    EndpointSpec::new(network.clone())
}

/// A thread in a new network namespace that does what it is sent.
pub(super) fn namespace() -> (Sender<Job>, JoinHandle<()>, i32) {
    let (jobs, received) = channel::<Job>();
    let (started, start) = channel();
    let thread = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).expect("a new network namespace");
        started.send(gettid().as_raw()).expect("awaited");
        received.into_iter().for_each(|job| job());
    });
    (jobs, thread, start.recv().expect("started"))
}

/// What a server says, or `None` if it cannot be reached.
pub(super) fn fetch(address: SocketAddr) -> Option<String> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_millis(700)).ok()?;
    stream.set_read_timeout(Some(SOON)).ok()?;
    let mut text = String::new();
    (&stream).read_to_string(&mut text).ok()?;
    Some(text)
}

pub(super) fn port(host_ip: Option<&str>, published: u16, target: u16) -> PortSpec {
    let host_ip = host_ip.map(|address| address.parse().expect("address"));
    PortSpec { host_ip, published: Some((published, published)), target, protocol: Protocol::Tcp }
}

/// Runs a test on a thread, because it changes the thread's network namespace for good.
pub(super) fn on_own_thread(test: impl FnOnce() + Send + 'static) {
    if let Err(panic) = std::thread::spawn(test).join() {
        std::panic::resume_unwind(panic);
    }
}

pub(super) fn gateway(host: &Host, network: &NetworkName) -> Ipv4Addr {
    let record = record::load(&host.layout, network).expect("read").expect("there");
    match record.pools().expect("valid")[0].gateway {
        IpAddr::V4(gateway) => gateway,
        IpAddr::V6(_) => panic!("an IPv4 network"),
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
