//! Where there is no room: subnets used up, and names of links that are taken.

use scenarios::{Lighter, Machine, Project, Snapshot, host, require};

/// Routes to all that networks are made of, except for 10.213.0.0/24.
const ROUTES: &str = "
for net in 10.213.1.0/24 10.213.2.0/23 10.213.4.0/22 10.213.8.0/21 10.213.16.0/20 10.213.32.0/19 \
           10.213.64.0/18 10.213.128.0/17 172.30.0.0/16 192.168.128.0/17; do
    ip route add blackhole $net
done";

const SLEEPER: &str = "services: {web: {image: busybox, command: sleep 1000000, init: true}}";

#[test]
fn used_up_subnets_are_an_error_that_names_their_holders_until_one_is_free_again() {
    require!(Root, Seeds, Ip);
    let machine = Machine::new();
    machine.shell(ROUTES);
    let lighter = Lighter::on(&machine, &["busybox"]);
    let first = Project::new(&lighter, SLEEPER);
    first.up();
    let before = Snapshot::of_networks(lighter.root());
    let links = machine.shell("ip -brief link");
    let second = Project::new(&lighter, SLEEPER);
    let refused = second.run(&["up", "-d"]);
    let holder = format!("10.213.0.0/24 of network {}_default", first.name());
    refused.fails_with(1).says(&["no free subnet", &holder, "8 more", "lighter network prune", "--subnet"]);
    before.assert_same(&Snapshot::of_networks(lighter.root()));
    assert_eq!(machine.shell("ip -brief link"), links, "nothing is half made");
    // What is asked for is not taken from the pools.
    lighter.run(["network", "create", "--subnet", "10.99.0.0/24", "asked"]).succeeds();
    lighter.run(["network", "rm", "asked"]).succeeds();
    first.down();
    second.up();
    let own = second.shell("web", "hostname -i");
    assert!(own.starts_with("10.213.0."), "{own}");
}

#[test]
fn subnet_of_another_network_is_refused_by_its_name() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    lighter.run(["network", "create", "--subnet", "10.214.60.0/24", "one"]).succeeds();
    let refused = lighter.run(["network", "create", "--subnet", "10.214.60.128/25", "two"]);
    refused.fails_with(1).says(&["10.214.60.128/25 overlaps 10.214.60.0/24 of network one"]);
    lighter.run(["network", "rm", "one"]).succeeds();
}

#[test]
fn bridge_of_another_network_is_refused_and_left_alone() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let option = format!("com.docker.network.bridge.name=twice{}", std::process::id());
    lighter.run(["network", "create", "-o", &option, "one"]).succeeds();
    let refused = lighter.run(["network", "create", "-o", &option, "two"]);
    refused.fails_with(1).says(&[&format!("twice{}", std::process::id()), "two"]);
    let names = lighter.run(["network", "ls", "--format", "{{.Name}}"]).succeeds().stdout;
    assert!(names.contains("one") && !names.contains("two"), "{names}");
    lighter.run(["network", "rm", "one"]).succeeds();
}

#[test]
fn interfaces_of_one_container_have_different_names_or_it_does_not_start() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    let compose = |second: &str| {
        format!(
            "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    networks: {{a: {{interface_name: front0}}, b: {{interface_name: {second}}}}}
networks: {{a: , b: }}
"
        )
    };
    for name in ["front0", "a-name-much-too-long"] {
        let project = Project::new(&lighter, &compose(name));
        let refused = project.run(&["up", "-d"]);
        assert_ne!(refused.code, Some(0));
        assert!(refused.stderr.contains(name), "{}", refused.stderr);
        project.down();
        assert!(!host::run("ip", &["-brief", "link"]).contains("front0"));
    }
    lighter.run(["image", "rm", "busybox"]);
    before.assert_same(&Snapshot::take(lighter.root()));
    // A name that the engine would have given itself is no clash.
    let project = Project::new(
        &lighter,
        "
services:
  web:
    image: busybox
    command: sleep 1000000
    init: true
    networks: {a: {interface_name: eth1, priority: 1}, b: }
networks: {a: , b: }
",
    );
    project.up();
    let links = project.shell("web", "ls /sys/class/net");
    assert_eq!(links.split_whitespace().collect::<Vec<_>>(), ["eth0", "eth1", "lo"]);
}
