//! One effect of each attribute of networks and of a service's place in them, seen from inside the container
//! or by the kernel, where no other test is about it.

use super::{address, network};
use scenarios::{Lighter, Project, require};

/// Words of what a container says, as sorted lines.
fn lines(said: &str) -> Vec<&str> {
    let mut lines: Vec<_> = said.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn addresses_come_from_the_range_and_leave_out_what_is_kept_for_others() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services:
  web: {image: busybox, command: sleep 1000000, init: true, scale: 3}
networks:
  default:
    ipam:
      driver: default
      config:
        - subnet: 10.214.40.0/24
          gateway: 10.214.40.1
          ip_range: 10.214.40.128/29
          aux_addresses: {router: 10.214.40.129, printer: 10.214.40.131}
",
    );
    project.up();
    let addresses = ["1", "2", "3"].map(|index| {
        let said = project.run(&["exec", "-T", "--index", index, "web", "hostname", "-i"]).succeeds();
        said.stdout.trim().to_owned()
    });
    let mut sorted = addresses.to_vec();
    sorted.sort();
    assert_eq!(sorted, ["10.214.40.128", "10.214.40.130", "10.214.40.132"]);
    let shown = network(&project, "default");
    assert_eq!(shown["IPAM"]["Driver"], "default", "{shown}");
    assert_eq!(shown["IPAM"]["Config"][0]["IPRange"], "10.214.40.128/29", "{shown}");
}

#[test]
fn network_without_ipv4_has_ipv6_alone() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services: {web: {image: busybox, command: sleep 1000000, init: true}}
networks: {default: {enable_ipv4: false, enable_ipv6: true}}
",
    );
    project.up();
    let shown = project.shell("web", "ip address show eth0; ip route");
    assert!(!shown.contains("inet ") && shown.contains("inet6 fd"), "{shown}");
    assert!(!shown.contains("default via"), "{shown}");
    assert_eq!(network(&project, "default")["EnableIPv4"], false);
}

#[test]
fn network_has_the_name_and_labels_of_the_file_and_others_may_join_it_by_that_name() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let name = format!("shared-{}", std::process::id());
    let owner = Project::new(
        &lighter,
        &format!(
            "
services: {{web: {{image: busybox, command: sleep 1000000, init: true, networks: [own]}}}}
networks: {{own: {{name: {name}, attachable: true, labels: {{team: blue}}}}}}
"
        ),
    );
    owner.up();
    let label =
        |format: &str| lighter.run(["network", "inspect", "--format", format, &name]).succeeds().stdout;
    assert_eq!(label("{{.Labels.team}}"), "blue\n");
    assert_eq!(label("{{index .Labels \"com.docker.compose.network\"}}"), "own\n");
    assert_eq!(label("{{.Attachable}}"), "true\n");
    let guest = Project::new(
        &lighter,
        &format!(
            "
services: {{client: {{image: busybox, command: sleep 1000000, init: true, networks: [theirs]}}}}
networks: {{theirs: {{external: {{name: {name}}}}}}}
"
        ),
    );
    guest.up();
    let web = owner.shell("web", "hostname -i");
    assert!(guest.shell("client", "nslookup -type=a web 127.0.0.11").contains(web.trim()));
    // A container of neither project: what attachable is about.
    let run = [
        "container",
        "run",
        "--rm",
        "--network",
        &name,
        "busybox",
        "nslookup",
        "-type=a",
        "web",
        "127.0.0.11",
    ];
    assert!(lighter.run(run).succeeds().stdout.contains(web.trim()));
    guest.down();
    assert_eq!(label("{{.Name}}"), format!("{name}\n"), "an external network is not the guest's to remove");
}

#[test]
fn resolver_of_the_container_is_set_as_the_service_says() {
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
    dns_search: [shop.test, lab.test]
    dns_opt: [timeout:1, 'attempts:3']
  plain: {image: busybox, command: sleep 1000000, init: true, dns_search: .}
",
    );
    project.up();
    let file = project.shell("web", "cat /etc/resolv.conf");
    assert!(file.lines().any(|line| line == "search shop.test lab.test"), "{file}");
    let options = file.lines().find(|line| line.starts_with("options")).expect("options");
    assert!(options.contains("timeout:1") && options.contains("attempts:3"), "{file}");
    assert!(file.contains("nameserver 127.0.0.11\n"), "{file}");
    let plain = project.shell("plain", "cat /etc/resolv.conf");
    assert!(!plain.contains("search"), "{plain}");
}

#[test]
fn hardware_address_order_and_settings_of_interfaces_are_those_of_the_service() {
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
    mac_address: 02:42:0a:0b:0c:0d
    networks:
      first: {priority: 10}
      second:
        priority: 5
        driver_opts: {com.docker.network.endpoint.sysctls: net.ipv4.conf.IFNAME.log_martians=1}
      third:
networks:
  first: {ipam: {config: [{subnet: 10.214.41.0/24}]}}
  second: {ipam: {config: [{subnet: 10.214.42.0/24}]}}
  third: {ipam: {config: [{subnet: 10.214.43.0/24}]}}
",
    );
    project.up();
    for (interface, subnet) in [("eth0", "10.214.41."), ("eth1", "10.214.42."), ("eth2", "10.214.43.")] {
        let shown = project.shell("web", &format!("ip address show {interface}"));
        assert!(shown.contains(&format!("inet {subnet}")), "by priority, then by name: {shown}");
        assert_eq!(shown.contains("02:42:0a:0b:0c:0d"), interface == "eth0", "{shown}");
    }
    let martians = "cat /proc/sys/net/ipv4/conf/eth1/log_martians /proc/sys/net/ipv4/conf/eth0/log_martians";
    assert_eq!(project.shell("web", martians), "1\n0\n");
}

#[test]
fn network_mode_is_none_the_hosts_or_that_of_another_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "
services:
  alone: {image: busybox, command: sleep 1000000, init: true, network_mode: none}
  host: {image: busybox, command: sleep 1000000, init: true, network_mode: host}
  web: {image: busybox, command: sleep 1000000, init: true, container_name: owner-of-network}
  beside: {image: busybox, command: sleep 1000000, init: true, network_mode: 'service:web'}
  joined: {image: busybox, command: sleep 1000000, init: true, network_mode: 'container:owner-of-network', depends_on: [web]}
  plain: {image: busybox, command: sleep 1000000, init: true, network_mode: bridge}
",
    );
    project.up();
    let namespace = |service: &str| project.shell(service, "readlink /proc/self/ns/net");
    let own = std::fs::read_link("/proc/self/ns/net").expect("a namespace");
    assert_eq!(namespace("host").trim(), own.display().to_string());
    assert_eq!(project.shell("alone", "ls /sys/class/net"), "lo\n");
    for joined in ["beside", "joined"] {
        let web = project.shell("web", "hostname -i");
        assert!(project.shell(joined, "ip address show eth0").contains(web.trim()), "{joined}");
        assert!(project.shell(joined, "nslookup -type=a web 127.0.0.11").contains(web.trim()), "{joined}");
    }
    assert_eq!(lines(&project.shell("plain", "ls /sys/class/net")), ["eth0", "lo"]);
    let bridge = lighter.run(["network", "inspect", "bridge", "--format", "{{json .Containers}}"]).succeeds();
    assert!(bridge.stdout.contains(&address(&project, "plain")), "{}", bridge.stdout);
}
