//! Containers on a link of the machine's own: macvlan, ipvlan, and VLANs of it. The neighbour at the other
//! end of the link is who they talk to.

use super::paths::{ask, ask_inside, serve, start};
use super::{address, network};
use scenarios::{Folder, Lighter, Machine, Project, eventually, host, require, wait_until};

/// Two servers in the subnet that the neighbour is the router of.
fn compose(driver: &str, options: &str, subnet: &str) -> String {
    format!(
        "
x-server: &server
  image: busybox
  init: true
  command: httpd -f -p 80 -h /www
  volumes: ['./www:/www:ro']
services: {{web: *server, client: *server}}
networks:
  default:
    driver: {driver}
    driver_opts: {options}
    ipam: {{config: [{{subnet: {subnet}.0/24, gateway: {subnet}.254}}]}}
"
    )
}

/// The hardware address of a link, as `ip link` prints it.
fn hardware_address(shown: &str) -> &str {
    let mut words = shown.split_whitespace().skip_while(|word| *word != "link/ether");
    words.nth(1).expect("an Ethernet link")
}

/// Both ways between `web` and the neighbour, each seeing the other's own address.
#[track_caller]
fn check_ways(machine: &Machine, project: &Project<'_>, neighbour: &str) {
    let web = address(project, "web");
    let world = Folder::new("world");
    let _server = machine.start_at_neighbour(&["busybox", "httpd", "-f", "-p", "8000", "-h", &serve(&world)]);
    let said = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let seen = eventually(|| said(machine.neighbour_shell(&ask(&web, 80))));
    assert_eq!(seen.as_deref(), Some(neighbour), "the neighbour reaches the container");
    let seen = eventually(|| said(project.shell("web", &ask_inside(neighbour, 8000))));
    assert_eq!(seen, Some(web), "the container leaves as itself");
}

/// What the two containers have of each other.
fn between(project: &Project<'_>) -> String {
    project.shell("client", &ask_inside("web", 80)).trim().to_owned()
}

#[test]
fn macvlan_is_a_machine_of_its_own_on_the_link() {
    require!(Root, Seeds, Ip, Macvlan);
    let machine = Machine::new();
    machine.neighbour_shell("ip address add 10.214.20.254/24 dev eth0");
    let lighter = Lighter::on(&machine, &["busybox"]);
    for (mode, is_open) in [("bridge", true), ("private", false)] {
        let options = format!("{{parent: uplink, macvlan_mode: {mode}}}");
        let project = start(&lighter, &compose("macvlan", &options, "10.214.20"));
        check_ways(&machine, &project, "10.214.20.254");
        assert_eq!(between(&project) == address(&project, "client"), is_open, "{mode}");
        let own = project.shell("web", "ip link show eth0");
        assert_ne!(hardware_address(&own), hardware_address(&machine.shell("ip link show uplink")), "{own}");
        // Its address is taken until the kernel has removed what the stopped container left.
        project.run(&["restart", "-t", "0"]).succeeds();
        assert_eq!(hardware_address(&project.shell("web", "ip link show eth0")), hardware_address(&own));
        project.down();
        machine.shell("ip link show uplink");
    }
}

#[test]
fn ipvlan_shares_the_hardware_address_of_the_link() {
    require!(Root, Seeds, Ip, Ipvlan);
    let machine = Machine::new();
    machine.neighbour_shell("ip address add 10.214.21.254/24 dev eth0");
    let lighter = Lighter::on(&machine, &["busybox"]);
    let project = start(&lighter, &compose("ipvlan", "{parent: uplink}", "10.214.21"));
    assert_eq!(network(&project, "default")["Driver"], "ipvlan");
    check_ways(&machine, &project, "10.214.21.254");
    assert_eq!(between(&project), address(&project, "client"));
    let own = project.shell("web", "ip link show eth0");
    assert_eq!(hardware_address(&own), hardware_address(&machine.shell("ip link show uplink")));
}

#[test]
fn ipvlan_of_layer_three_is_routed_by_the_machine() {
    require!(Root, Seeds, Ip, Ipvlan);
    let machine = Machine::new();
    machine.neighbour_shell(&format!("ip route add 10.214.22.0/24 via {}", machine.address()));
    let lighter = Lighter::on(&machine, &["busybox"]);
    for mode in ["l3", "l3s"] {
        let options = format!("{{parent: uplink, ipvlan_mode: {mode}}}");
        let project = start(&lighter, &compose("ipvlan", &options, "10.214.22"));
        check_ways(&machine, &project, &machine.neighbour().to_string());
        assert_eq!(between(&project), address(&project, "client"), "{mode}");
        project.down();
    }
}

#[test]
fn vlan_that_a_network_needs_is_made_and_removed_and_one_that_is_there_stays() {
    require!(Root, Seeds, Ip, Macvlan, Vlan);
    let machine = Machine::new();
    let vlan = |number: u8| {
        machine.neighbour_shell(&format!(
            "ip link add link eth0 name eth0.{number} type vlan id {number}
             ip address add 10.214.{number}.254/24 dev eth0.{number} && ip link set eth0.{number} up"
        ));
    };
    let lighter = Lighter::on(&machine, &["busybox"]);
    vlan(30);
    let project = start(&lighter, &compose("macvlan", "{parent: uplink.30}", "10.214.30"));
    assert!(machine.shell("ip -d link show uplink.30").contains("vlan protocol 802.1Q id 30"));
    check_ways(&machine, &project, "10.214.30.254");
    project.down();
    assert!(!machine.shell("ip -brief link").contains("uplink.30"), "it was made for the network");
    vlan(31);
    machine.shell("ip link add link uplink name uplink.31 type vlan id 31 && ip link set uplink.31 up");
    let project = start(&lighter, &compose("macvlan", "{parent: uplink.31}", "10.214.31"));
    check_ways(&machine, &project, "10.214.31.254");
    project.down();
    assert!(machine.shell("ip -brief link").contains("uplink.31"), "it was there before");
}

#[test]
fn parent_that_does_not_exist_is_named() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    for driver in ["macvlan", "ipvlan"] {
        let refused = lighter.run(["network", "create", "-d", driver, "-o", "parent=nolink0", "far"]);
        refused.fails_with(1).says(&["nolink0", "name a link of this host"]);
    }
    let left = host::run("ip", &["-brief", "link"]);
    assert!(!left.contains("nolink0"), "{left}");
    wait_until("nothing is left of them", || {
        !lighter.run(["network", "ls", "--format", "{{.Name}}"]).succeeds().stdout.contains("far")
    });
}
