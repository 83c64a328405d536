//! Addresses: of both families, asked for, kept, and never given twice.

use super::{address, network};
use scenarios::{Lighter, Project, require};

const TWO: &str = "
services:
  a: {image: busybox, command: sleep 1000000, init: true, environment: {VERSION: '${VERSION:-1}'}}
  b: {image: busybox, command: sleep 1000000, init: true}
";

#[test]
fn address_stays_with_its_name_across_recreation_and_restart() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, TWO);
    project.up();
    let before = (address(&project, "a"), address(&project, "b"));
    let id = project.container("a").id;
    project.run(&["restart", "-t", "0", "b"]).succeeds();
    let mut recreate = project.command(&["up", "-d", "-t", "0"]);
    recreate.env("VERSION", "2");
    assert!(recreate.output().expect("run").status.success());
    assert_ne!(project.container("a").id, id, "it was made anew");
    assert_eq!((address(&project, "a"), address(&project, "b")), before);
}

#[test]
fn asked_for_addresses_and_names_are_given() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    networks:
      front:
        ipv4_address: 10.214.7.9
        ipv6_address: fd07:7::9
        mac_address: 02:42:07:07:07:07
        interface_name: front0
        link_local_ips: [169.254.7.7]
        priority: 10
      back: {gw_priority: 1}
networks:
  front:
    enable_ipv6: true
    ipam:
      config:
        - {subnet: 10.214.7.0/24, gateway: 10.214.7.254, aux_addresses: {router: 10.214.7.2}}
        - {subnet: 'fd07:7::/64'}
  back: {driver_opts: {com.docker.network.driver.mtu: '1400'}}
",
    );
    project.up();
    let front = project.shell("web", "ip address show front0");
    for part in ["10.214.7.9/24", "fd07:7::9/64", "02:42:07:07:07:07", "169.254.7.7/16"] {
        assert!(front.contains(part), "{part} is missing in {front}");
    }
    assert!(project.shell("web", "ip link show eth0").contains("mtu 1400"), "the lowest free number");
    let way_out = project.shell("web", "ip route show default");
    assert!(way_out.contains("dev eth0"), "gw_priority chooses the way out: {way_out}");
    let shown = network(&project, "front");
    assert_eq!(shown["IPAM"]["Config"][0]["Gateway"], "10.214.7.254", "{shown}");
    assert_eq!(shown["EnableIPv6"], true);
}

#[test]
fn ipv6_of_this_machine_connects_containers_and_resolves() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services:
  web:
    image: busybox
    command: sh -c 'echo found > /www; httpd -f -p 80 -h /'
    init: true
  client: {image: busybox, command: sleep 1000000, init: true}
networks: {default: {enable_ipv6: true}}
",
    );
    project.up();
    let own = project.shell("web", "ip -6 address show eth0 scope global");
    assert!(own.contains("inet6 fd"), "{own}");
    assert!(!own.contains("tentative"), "no search for duplicates delays it: {own}");
    let answer = project.shell("client", "nslookup -type=aaaa web 127.0.0.11");
    assert!(answer.contains("Address: fd"), "{answer}");
    let address = own.split_whitespace().find(|word| word.starts_with("fd")).expect("an address");
    let address = address.split('/').next().expect("before the length");
    assert_eq!(project.shell("client", &format!("wget -q -O - http://[{address}]/www")), "found\n");
    assert!(project.shell("client", "ip -6 route").contains("default via fd"));
}

#[test]
fn full_pool_is_an_error_that_names_it_and_frees_nothing() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services:
  a: {image: busybox, command: sleep 1000000, init: true}
  b: {image: busybox, command: sleep 1000000, init: true, depends_on: [a]}
networks: {default: {ipam: {config: [{subnet: 10.214.8.0/30}]}}}
",
    );
    let outcome = project.run(&["up", "-d"]);
    assert_ne!(outcome.code, Some(0));
    assert!(outcome.stderr.contains("no free address in 10.214.8.0/30"), "{}", outcome.stderr);
    assert_eq!(address(&project, "a"), "10.214.8.2");
}
