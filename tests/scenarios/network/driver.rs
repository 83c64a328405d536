//! Drivers besides the bridge, and the bridge's options.

use super::network;
use scenarios::{Lighter, Project, host, require};

/// A link that macvlan interfaces can be made on.
struct Parent(String);

impl Parent {
    fn new() -> Self {
        let name = format!("mv{}", std::process::id());
        host::run("ip", &["link", "add", &name, "type", "veth", "peer", "name", &format!("{name}p")]);
        host::run("ip", &["link", "set", &name, "up"]);
        host::run("ip", &["link", "set", &format!("{name}p"), "up"]);
        Self(name)
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        let _ = std::process::Command::new("ip").args(["link", "delete", &self.0]).output();
    }
}

#[test]
fn macvlan_containers_reach_each_other_by_name_and_leave_nothing() {
    require!(Root, Seeds, Ip);
    let lighter = Lighter::new();
    let parent = Parent::new();
    let project = Project::new(
        &lighter,
        &format!(
            "
services:
  web:
    image: busybox
    command: sh -c 'echo found > /www; httpd -f -p 80 -h /'
    init: true
  client: {{image: busybox, command: sleep 1000000, init: true}}
networks:
  default:
    driver: macvlan
    driver_opts: {{parent: {}}}
    ipam: {{config: [{{subnet: 10.214.9.0/24}}]}}
",
            parent.0
        ),
    );
    project.up();
    assert_eq!(network(&project, "default")["Driver"], "macvlan");
    assert!(project.shell("web", "ip -d link show eth0 || ip link show eth0").contains("eth0@"));
    let answer = project.shell("client", "nslookup web 127.0.0.11");
    assert!(answer.contains("10.214.9."), "{answer}");
    assert_eq!(project.shell("client", "wget -q -O - http://web/www"), "found\n");
    project.down();
    assert!(host::run("ip", &["link", "show", &parent.0]).contains(&parent.0), "the host's link stays");
}

#[test]
fn isolated_containers_reach_the_gateway_but_not_each_other() {
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
networks:
  default:
    driver_opts: {com.docker.network.bridge.enable_icc: 'false', com.docker.network.bridge.name: lticc0}
",
    );
    project.up();
    let ping =
        "ping -c 1 -W 1 $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') >/dev/null && echo up";
    assert_eq!(project.shell("client", ping), "up\n");
    let fetch = "timeout 1 wget -q -O - http://web/www || echo refused";
    assert_eq!(project.shell("client", fetch), "refused\n");
    assert!(std::path::Path::new("/sys/class/net/lticc0").exists());
}

#[test]
fn overlay_is_refused_with_what_to_use() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "services: {web: {image: busybox, networks: [o]}}\nnetworks: {o: {driver: overlay}}\n",
    );
    let refused = project.run(&["up", "-d"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("overlay") && refused.stderr.contains("bridge"), "{}", refused.stderr);
}
