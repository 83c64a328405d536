//! Beside the firewalls of others: their drops are passed where they are a policy, and hold where they are
//! a rule. Real daemons are in `cargo xtask conformance network`.

use super::paths::{ask, ask_inside, serve, start};
use scenarios::{Folder, Lighter, Machine, host, require, wait_until};

const COMPOSE: &str = "
services:
  web:
    image: busybox
    init: true
    command: httpd -f -p 80 -h /www
    volumes: ['./www:/www:ro']
    ports: ['8080:80']
  client: {image: busybox, command: sleep 1000000, init: true}
";

/// What Docker and other users of iptables leave: a policy that drops, and a chain of the user's.
const IPTABLES: &str = "
iptables-nft -N DOCKER-USER
iptables-nft -A DOCKER-USER -j RETURN
iptables-nft -P FORWARD DROP
iptables-nft -A FORWARD -j DOCKER-USER";

/// Whether a neighbour and a container reach the web server.
fn is_open(machine: &Machine, project: &scenarios::Project<'_>) -> (bool, bool) {
    let outside = machine.neighbour_shell(&ask(machine.address(), 8080));
    (!outside.is_empty(), !project.shell("client", &ask_inside("web", 80)).is_empty())
}

#[test]
fn policy_of_iptables_is_passed_by_one_rule_that_iptables_understands() {
    require!(Root, Seeds, Ip, Iptables);
    let machine = Machine::new();
    // Then even packets within a bridge pass the chains of iptables.
    machine.shell("f=/proc/sys/net/bridge/bridge-nf-call-iptables; [ ! -e $f ] || echo 1 > $f");
    machine.shell(IPTABLES);
    let before = machine.shell("iptables-nft -S");
    let lighter = Lighter::on(&machine, &["busybox"]);
    let project = start(&lighter, COMPOSE);
    wait_until("both ways are open", || is_open(&machine, &project) == (true, true));
    let rules = machine.shell("iptables-nft -S FORWARD");
    let last = rules.lines().last().unwrap_or_default();
    assert!(last.contains("-m mark --mark 0x4000000/0x4000000") && last.ends_with("-j ACCEPT"), "{rules}");
    // What iptables saves, to load it again later, is the same rule and not one that accepts all.
    let saved = machine.shell("iptables-nft-save");
    assert!(saved.lines().any(|line| line.ends_with(last)), "{saved}");
    machine.shell(&format!("iptables-nft -I DOCKER-USER -s {} -j DROP", machine.neighbour()));
    assert_eq!(is_open(&machine, &project), (false, true), "what the user drops stays dropped");
    machine.shell(&format!("iptables-nft -D DOCKER-USER -s {} -j DROP", machine.neighbour()));
    let doctor = project.run(&["doctor", "network"]).succeeds().stdout;
    assert!(doctor.contains("ip filter FORWARD"), "{doctor}");
    // Saved and loaded again it is still known for ours: no second one comes, and it goes with the network.
    machine.shell("iptables-nft-save | iptables-nft-restore");
    project.up();
    assert_eq!(machine.shell("iptables-nft-save").matches("--mark 0x4000000").count(), 1);
    assert_eq!(is_open(&machine, &project), (true, true));
    // Set anew, as other engines do when they start: the next command puts the rule back.
    machine.shell("iptables-nft -F FORWARD && iptables-nft -A FORWARD -j DOCKER-USER");
    assert!(!is_open(&machine, &project).0, "only the policy is left");
    project.up();
    wait_until("both ways are open again", || is_open(&machine, &project) == (true, true));
    machine.shell("iptables-nft-save | iptables-nft-restore");
    project.down();
    assert_eq!(machine.shell("iptables-nft -S"), before);
}

#[test]
fn flushed_ruleset_is_repaired_by_a_command_that_has_nothing_else_to_do() {
    require!(Root, Seeds, Ip);
    let machine = Machine::new();
    let lighter = Lighter::on(&machine, &["busybox"]);
    let project = start(&lighter, COMPOSE);
    wait_until("both ways are open", || is_open(&machine, &project) == (true, true));
    let id = project.container("web").id;
    machine.shell("nft flush ruleset");
    assert!(!is_open(&machine, &project).0, "the port is gone with the rules");
    project.up();
    wait_until("both ways are open again", || is_open(&machine, &project) == (true, true));
    assert_eq!(project.container("web").id, id, "nothing was made anew");
    project.run(&["doctor", "network"]).succeeds();
}

#[test]
fn containers_of_other_engines_are_out_of_reach_even_if_they_came_later() {
    require!(Root, Seeds, Ip);
    let machine = Machine::new();
    let lighter = Lighter::on(&machine, &["busybox"]);
    let project = start(&lighter, COMPOSE);
    // A bridge with a container of Docker's, as far as networks go.
    let name = format!("ltdocker{}", std::process::id());
    host::run("ip", &["netns", "add", &name]);
    machine.shell(&format!(
        "ip link add docker0 type bridge && ip address add 198.19.0.1/24 dev docker0 && ip link set docker0 up
         ip link add theirs type veth peer name eth0 && ip link set eth0 netns {name}
         ip link set theirs master docker0 up"
    ));
    let theirs = |script: &str| host::run("ip", &["netns", "exec", &name, "sh", "-c", script]);
    theirs(
        "ip address add 198.19.0.2/24 dev eth0 && ip link set eth0 up && ip route add default via 198.19.0.1",
    );
    let world = Folder::new("world");
    let server = std::process::Command::new("ip")
        .args(["netns", "exec", &name, "busybox", "httpd", "-f", "-p", "80", "-h", &serve(&world)])
        .spawn();
    let mut server = server.expect("a server can be started");
    wait_until("the machine reaches it", || !machine.shell(&ask("198.19.0.2", 80)).is_empty());
    project.up();
    let reached = project.shell("client", &ask_inside("198.19.0.2", 80));
    server.kill().and_then(|()| server.wait()).expect("ended");
    host::run("ip", &["netns", "delete", &name]);
    assert_eq!(reached, "", "a container of another engine");
}
