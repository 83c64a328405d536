//! The name server with real sockets on loopback.

use super::*;
use crate::network::names;
use crate::require;
use engine_spec::ContainerId;
use nix::poll::{PollFd, PollTimeout, poll};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};

const WEB: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x03web\0\0\x01\0\x01";
const ELSEWHERE: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01";
const PATIENCE: Duration = Duration::from_secs(5);

/// A service on loopback with a network in which `web` is 10.0.0.2.
struct Bench {
    root: std::path::PathBuf,
    service: DnsService,
    address: SocketAddr,
}

impl Bench {
    fn new(name: &str, servers: Vec<SocketAddr>) -> Self {
        let root = std::env::temp_dir().join(format!("lighter-resolver-{name}-{}", std::process::id()));
        let layout = Layout::at(&root);
        let network = NetworkName::new("shop_default").expect("name");
        let container = ContainerId::from_random([7; 32]);
        names::announce(&layout, &network, &container, &["web".into()], &[IpAddr::from([10, 0, 0, 2])])
            .expect("announced");
        let datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
        let address = datagrams.local_addr().expect("address");
        let listener = TcpListener::bind(address).expect("the same port for TCP");
        let sockets = vec![datagrams.into(), listener.into()];
        let servers = Servers::Container(servers);
        let searched = Searched { networks: vec![network], links: BTreeMap::new(), servers };
        let service = DnsService::new(&layout, sockets, searched).expect("started");
        Self { root, service, address }
    }

    /// Runs the loop until `done` has something.
    fn run_until<T>(&mut self, mut done: impl FnMut() -> Option<T>) -> T {
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            if let Some(value) = done() {
                return value;
            }
            let watched: Vec<_> =
                self.service.descriptors().iter().map(|(fd, flags)| (fd.as_raw_fd(), *flags)).collect();
            let mut polled: Vec<_> =
                self.service.descriptors().into_iter().map(|(fd, flags)| PollFd::new(fd, flags)).collect();
            poll(&mut polled, PollTimeout::from(10_u8)).expect("polled");
            let ready: Vec<_> = polled.iter().map(|fd| fd.any().unwrap_or(false)).collect();
            let fired = watched.into_iter().zip(ready).filter(|(_, ready)| *ready);
            fired.for_each(|((fd, _), _)| self.service.ready(fd, Instant::now()));
        }
        panic!("nothing came in {PATIENCE:?}")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

fn client(to: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    socket.set_nonblocking(true).expect("set");
    socket.connect(to).expect("connected");
    socket
}

fn received(socket: &UdpSocket) -> Option<Vec<u8>> {
    let mut buffer = [0; 512];
    socket.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec())
}

#[test]
fn name_of_the_network_is_answered_over_udp_and_tcp() {
    require!(Root);
    let mut bench = Bench::new("own", vec![]);
    let socket = client(bench.address);
    socket.send(WEB).expect("sent");
    let reply = bench.run_until(|| received(&socket));
    assert!(reply.starts_with(b"\x12\x34") && reply.ends_with(&[10, 0, 0, 2]));

    let mut stream = TcpStream::connect(bench.address).expect("connected");
    stream.set_nonblocking(true).expect("set");
    let framed = [&u16::try_from(WEB.len()).expect("short").to_be_bytes(), WEB].concat();
    stream.write_all(&framed).expect("sent");
    let mut buffer = [0; 512];
    let length = bench.run_until(|| stream.read(&mut buffer).ok());
    assert_eq!(&buffer[2..length], reply);
}

#[test]
fn other_name_is_asked_of_the_server_and_its_answer_passed_on() {
    require!(Root);
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    server.set_nonblocking(true).expect("set");
    let mut bench = Bench::new("forward", vec![server.local_addr().expect("address")]);
    let socket = client(bench.address);
    socket.send(ELSEWHERE).expect("sent");
    let mut buffer = [0; 512];
    let (length, resolver) = bench.run_until(|| server.recv_from(&mut buffer).ok());
    assert_eq!(&buffer[2..length], &ELSEWHERE[2..], "passed on as it came, but for the id");
    buffer[2] |= 0x80;
    server.send_to(&buffer[..length], resolver).expect("answered");
    let reply = bench.run_until(|| received(&socket));
    assert_eq!((&reply[..2], &reply[3..]), (&ELSEWHERE[..2], &ELSEWHERE[3..]));
    assert!(bench.service.upstreams.is_empty(), "its socket is closed");
}

#[test]
fn server_that_refuses_to_talk_is_a_failure_at_once() {
    require!(Root);
    let gone =
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr()).expect("bound");
    let mut bench = Bench::new("gone", vec![gone]);
    let socket = client(bench.address);
    socket.send(ELSEWHERE).expect("sent");
    assert_eq!(bench.run_until(|| received(&socket))[3] & 0xf, 2);
}

#[test]
fn connections_are_limited_and_closed_when_idle() {
    require!(Root);
    let mut bench = Bench::new("limit", vec![]);
    let streams: Vec<_> =
        (0..CONNECTIONS + 4).map(|_| TcpStream::connect(bench.address).expect("connected")).collect();
    let mut rounds = 0;
    bench.run_until(|| {
        rounds += 1;
        (rounds > 3).then_some(())
    });
    assert_eq!(bench.service.connections.len(), CONNECTIONS);
    bench.service.expire(Instant::now() + IDLE + Duration::from_secs(1));
    assert!(bench.service.connections.is_empty());
    drop(streams);
}
