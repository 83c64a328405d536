//! Tests with the kernel. Each host is a network namespace of its own, made by the test's thread, and
//! each container another; the machine's own network is never touched.

mod bench;

use super::*;
use crate::require;
use bench::{
    Container, Host, Job, Neighbour, SOON, fetch, gateway, link_names, namespace, on_own_thread, port, serve,
};
use endpoint::configure;
use engine_spec::{ContainerId, IpamPool};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc::channel;
use std::time::Instant;

#[test]
fn containers_of_a_network_reach_each_other_and_nothing_is_left() {
    require!(Root);
    on_own_thread(|| {
        let host = Host::new("pair");
        let start = Instant::now();
        let network = host.network("shop_default", |_| {});
        eprintln!("create {:?}", start.elapsed());
        let web = Container::start(&host, "web", &[&network]);
        let client = Container::start(&host, "client", &[&network]);
        web.serve(80);
        assert_eq!(client.fetch((web.address, 80)), Some(format!("web {}", client.address)));
        assert_eq!(fetch((web.address, 80).into()), Some(format!("web {}", gateway(&host, &network))));
        assert!(matches!(remove(&host.layout, &network), Err(NetworkError::InUse { .. })));
        for container in [&web, &client] {
            container.remove(&host, &[&network]);
        }
        let start = Instant::now();
        remove(&host.layout, &network).expect("removed");
        eprintln!("remove {:?}", start.elapsed());
        host.assert_clean();
    });
}

#[test]
fn published_port_is_reached_from_host_neighbours_and_itself() {
    require!(Root);
    on_own_thread(|| {
        let host = Host::new("port");
        let network = host.network("shop_default", |_| {});
        let other = host.network("other_default", |_| {});
        let web = Container::start(&host, "web", &[&network]);
        let client = Container::start(&host, "client", &[&network]);
        let stranger = Container::start(&host, "stranger", &[&other]);
        web.serve(80);
        let start = Instant::now();
        let ports = [port(None, 8080, 80), port(Some("127.0.0.1"), 8081, 80)];
        let guards = host.publish(&web.id, web.address, &ports).expect("published");
        eprintln!("publish {:?}", start.elapsed());
        assert_eq!(guards.len(), 3, "both families, and loopback");

        let own = gateway(&host, &network);
        let from_host = format!("web {own}");
        let reach = |address: Ipv4Addr, port: u16| fetch((address, port).into());
        assert_eq!(reach(Ipv4Addr::LOCALHOST, 8080).as_deref(), Some(&*from_host), "127.0.0.1");
        assert_eq!(reach(own, 8080).as_deref(), Some(&*from_host), "the host's own address");
        assert_eq!(reach(Ipv4Addr::LOCALHOST, 8081).as_deref(), Some(&*from_host), "loopback only");
        assert_eq!(reach(own, 8081), None, "loopback only, by another address");
        assert!(client.fetch((own, 8080)).is_some(), "a neighbour");
        assert!(web.fetch((own, 8080)).is_some(), "itself");
        assert!(stranger.fetch((own, 8080)).is_some(), "a container of another network");
        assert_eq!(stranger.fetch((web.address, 80)), None, "directly from another network");
        assert_eq!(client.fetch((own, 8081)), None, "loopback only, by a neighbour");

        let taken = host.publish(&client.id, client.address, &ports[..1]);
        assert!(matches!(taken, Err(port::PortError::PublishedBy { .. })));
        host.unpublish(&web.id);
        drop(guards);
        assert_eq!(reach(Ipv4Addr::LOCALHOST, 8080), None);
        assert!(host.elements("ports").is_empty() && host.elements("shared_ports").is_empty());

        for (container, network) in [(&web, &network), (&client, &network), (&stranger, &other)] {
            container.remove(&host, &[network]);
        }
        remove(&host.layout, &other).expect("removed");
        assert_eq!(host.elements("bridges").len(), 1, "the other network stays");
        remove(&host.layout, &network).expect("removed");
        host.assert_clean();
    });
}

/// The open connections of a client, each with who answered.
fn connections(port: u16, count: usize) -> Vec<(TcpStream, String)> {
    let connect = |_| {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("connected");
        let mut text = [0; 3];
        (&stream).read_exact(&mut text).expect("the server says its name first");
        (stream, String::from_utf8_lossy(&text).into_owned())
    };
    (0..count).map(connect).collect()
}

#[test]
fn shared_port_is_balanced_drained_and_handed_over() {
    require!(Root);
    on_own_thread(|| {
        let mut host = Host::new("shared");
        host.share_ports();
        let network = host.network("shop_default", |_| {});
        let old = Container::start(&host, "old", &[&network]);
        let new = Container::start(&host, "new", &[&network]);
        old.serve_open(80);
        new.serve_open(80);
        let ports = [port(None, 8080, 80)];
        let old_guards = host.publish(&old.id, old.address, &ports).expect("published");
        assert!(connections(8080, 4).iter().all(|(_, name)| name == "old"), "alone");
        let new_guards = host.publish(&new.id, new.address, &ports).expect("shared");

        let open = connections(8080, 60);
        let of_old = open.iter().filter(|(_, name)| name == "old").count();
        assert_eq!(of_old, 30, "each has its half");
        assert_eq!((host.flows(&old.id) >= 30, host.flows(&new.id) >= 30), (true, true));

        host.drain(&old.id);
        assert!(connections(8080, 20).iter().all(|(_, name)| name == "new"), "new ones go to the other");
        let (mut survivor, _) = open.into_iter().find(|(_, name)| name == "old").expect("one is open");
        survivor.write_all(b"?").expect("still there");
        let mut answer = [0; 1];
        survivor.read_exact(&mut answer).expect("its old server answers");
        assert_eq!(&answer, b"!");
        assert!(host.flows(&old.id) > 0, "it is counted");
        drop(survivor);
        let deadline = Instant::now() + SOON;
        while host.flows(&old.id) > 0 {
            assert!(Instant::now() < deadline, "connections that ended are not counted");
        }

        host.unpublish(&old.id);
        drop(old_guards);
        assert!(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).is_err(), "the new one has the port");
        assert!(connections(8080, 4).iter().all(|(_, name)| name == "new"));
        assert!(host.elements("shared_ports").is_empty(), "who is alone needs no turns");
        host.unpublish(&new.id);
        drop(new_guards);
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).expect("free again");
        for container in [&old, &new] {
            container.remove(&host, &[&network]);
        }
        remove(&host.layout, &network).expect("removed");
        host.assert_clean();
    });
}

#[test]
fn port_of_strangers_is_refused_by_name() {
    require!(Root);
    on_own_thread(|| {
        let host = Host::new("owner");
        let network = host.network("shop_default", |_| {});
        let web = Container::start(&host, "web", &[&network]);
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 8080)).expect("bound");
        let refused = host.publish(&web.id, web.address, &[port(None, 8080, 80)]).expect_err("taken");
        let own = format!("(process {})", std::process::id());
        assert!(refused.to_string().contains(&own), "{refused}");
        web.remove(&host, &[&network]);
        remove(&host.layout, &network).expect("removed");
        host.assert_clean();
    });
}

#[test]
fn outside_sees_the_host_and_reaches_only_what_is_published() {
    require!(Root);
    on_own_thread(|| {
        let host = Host::new("outside");
        let neighbour = Neighbour::beside_host();
        let network = host.network("shop_default", |_| {});
        let web = Container::start(&host, "web", &[&network]);
        web.serve(80);
        neighbour.run(|| serve("outside".to_owned(), 80));
        let ports = [port(None, 8080, 80), port(Some("127.0.0.1"), 8081, 80)];
        let guards = host.publish(&web.id, web.address, &ports).expect("published");

        let from_host = format!("outside {}", Neighbour::HOST);
        assert_eq!(web.fetch((Neighbour::ADDRESS, 80)), Some(from_host), "leaves with the host's address");
        let from_neighbour = format!("web {}", Neighbour::ADDRESS);
        assert_eq!(neighbour.fetch((Neighbour::HOST, 8080)), Some(from_neighbour), "its address is kept");
        assert_eq!(neighbour.fetch((Neighbour::HOST, 8081)), None, "published on loopback only");
        assert_eq!(neighbour.fetch((web.address, 80)), None, "straight to the container");
        neighbour.route_loopback_to_host();
        assert_eq!(neighbour.fetch((Ipv4Addr::LOCALHOST, 8081)), None, "loopback of the host (moby #45610)");

        host.unpublish(&web.id);
        drop(guards);
        assert_eq!(neighbour.fetch((Neighbour::HOST, 8080)), None, "no longer published");
        web.remove(&host, &[&network]);
        remove(&host.layout, &network).expect("removed");
        bridge::remove_link(&mut Socket::route().expect("socket"), "uplink").expect("removed");
        host.assert_clean();
    });
}

#[test]
fn flushed_ruleset_and_lost_bridge_come_back_with_ports() {
    require!(Root);
    on_own_thread(|| {
        let host = Host::new("repair");
        let network = host.network("shop_default", |_| {});
        let container = ContainerId::from_random([9; 32]);
        let address = Ipv4Addr::new(10, 213, 0, 2);
        let _guards = host.publish(&container, address, &[port(None, 8080, 80)]).expect("published");
        let before = host.elements("subnets");
        let mut transaction = nft::Transaction::new();
        transaction.delete_table(ruleset::table(host.layout.instance()));
        transaction.commit(&mut Socket::netfilter().expect("socket")).expect("flushed");
        let record = record::load(&host.layout, &network).expect("read").expect("there");
        bridge::remove(&mut Socket::route().expect("socket"), &record).expect("removed");

        ensure(&host.layout, &network).expect("repaired");
        let start = Instant::now();
        ensure(&host.layout, &network).expect("nothing to do");
        eprintln!("ensure {:?}", start.elapsed());
        assert_eq!(host.elements("subnets"), before);
        assert_eq!(host.elements("ports").len(), 1);
        assert!(link_names().contains(&record.bridge));
        remove(&host.layout, &network).expect("removed");
        host.assert_clean();
    });
}

#[test]
fn internal_network_has_no_way_out() {
    require!(Root);
    on_own_thread(|| {
        let host = Host::new("internal");
        let front = host.network("front", |_| {});
        let back = host.network("back", |spec| spec.internal = true);
        let web = Container::start(&host, "web", &[&front]);
        let database = Container::start(&host, "database", &[&back]);
        web.serve(80);
        let _guards = host.publish(&web.id, web.address, &[port(None, 8080, 80)]).expect("published");
        assert_eq!(database.fetch((gateway(&host, &front), 8080)), None, "it has no route");
        assert_eq!(database.fetch((web.address, 80)), None);
        host.unpublish(&web.id);
        web.remove(&host, &[&front]);
        database.remove(&host, &[&back]);
        remove(&host.layout, &front).expect("removed");
        remove(&host.layout, &back).expect("removed");
        host.assert_clean();
    });
}

#[test]
fn name_server_is_reached_on_port_53_which_stays_free() {
    require!(Root);
    on_own_thread(|| {
        let (jobs, thread, _) = namespace();
        let (done, wait) = channel();
        let job: Job = Box::new(move || {
            let sockets = configure(&[], true).expect("configured");
            let [datagrams, listener]: [_; 2] = sockets.try_into().expect("two sockets");
            let (datagrams, listener) = (UdpSocket::from(datagrams), TcpListener::from(listener));
            UdpSocket::bind("0.0.0.0:53").expect("port 53 is free for UDP");
            TcpListener::bind("0.0.0.0:53").expect("port 53 is free for TCP");

            let client = UdpSocket::bind("127.0.0.1:0").expect("bound");
            client.connect("127.0.0.11:53").expect("connected");
            client.set_read_timeout(Some(SOON)).expect("set");
            client.send(b"question").expect("sent");
            let mut buffer = [0; 16];
            let (length, from) = datagrams.recv_from(&mut buffer).expect("arrived");
            datagrams.send_to(&buffer[..length], from).expect("answered");
            assert_eq!(client.recv(&mut buffer).expect("comes from port 53"), 8);

            let stream = TcpStream::connect("127.0.0.11:53").expect("connected");
            assert_eq!(listener.accept().expect("accepted").1, stream.local_addr().expect("address"));
            done.send(()).expect("awaited");
        });
        jobs.send(job).expect("running");
        wait.recv().expect("the namespace's assertions hold");
        drop(jobs);
        thread.join().expect("joined");
    });
}

#[test]
fn docker_gets_one_accepting_rule_and_loses_it_with_the_last_network() {
    require!(Root);
    on_own_thread(|| {
        let host = Host::new("docker");
        let filter = nft::Table { family: nft::Family::Ip, name: "filter" };
        let mut socket = Socket::netfilter().expect("socket");
        let chain = |name, hook| nft::Chain { name, hook, rules: Vec::new() };
        let hook = nft::Hook { kind: nft::ChainKind::Filter, number: libc::NF_INET_FORWARD, priority: 0 };
        let mut transaction = nft::Transaction::new();
        transaction.add_table(filter, &[]);
        transaction.add_chain(filter, &chain("FORWARD", Some(hook)));
        transaction.add_chain(filter, &chain("DOCKER-USER", None));
        transaction.commit(&mut socket).expect("a firewall like Docker's");
        let label = host.layout.instance();
        let mut rules = || nft::rules_with(&mut socket, filter, "FORWARD", label).expect("listed").len();

        let network = host.network("shop_default", |_| {});
        ensure(&host.layout, &network).expect("again");
        assert_eq!(rules(), 1);
        remove(&host.layout, &network).expect("removed");
        assert_eq!(rules(), 0);
        host.assert_clean();
    });
}

#[test]
fn subnets_of_networks_never_overlap_and_are_refused_when_asked_for_twice() {
    require!(Root);
    on_own_thread(|| {
        let host = Host::new("subnets");
        let first = host.network("first", |_| {});
        let second = host.network("second", |_| {});
        assert_ne!(gateway(&host, &first), gateway(&host, &second));
        let pools = vec![IpamPool {
            subnet: "10.213.0.128/25".parse().expect("subnet"),
            ip_range: None,
            gateway: None,
            aux_addresses: BTreeMap::new(),
        }];
        let mut spec = list(&host.layout).expect("listed").remove(0).spec;
        spec.name = NetworkName::new("third").expect("name");
        spec.pools = pools;
        let refused = create(&host.layout, &spec);
        assert!(matches!(refused, Err(NetworkError::Ipam(IpamError::Overlap { .. }))), "{refused:?}");
        for network in [&first, &second] {
            remove(&host.layout, network).expect("removed");
        }
        host.assert_clean();
    });
}

#[test]
fn default_network_goes_with_the_last_other_one() {
    require!(Root);
    on_own_thread(|| {
        let host = Host::new("default");
        let record = ensure_default(&host.layout).expect("made");
        assert_eq!(ensure_default(&host.layout).expect("found").id, record.id);
        let network = host.network("shop_default", |_| {});
        remove(&host.layout, &network).expect("removed");
        host.assert_clean();
    });
}
