//! The table of what resolves, asked by `dig` in the container's network and by BusyBox's resolver.

use scenarios::{Lighter, Project, host, require, wait_until};

const COMPOSE: &str = "
services:
  web: {image: busybox, command: sleep 1000000, init: true, hostname: webhost, networks: {front: {aliases: [site, a.b.c]}}}
  gone: {image: busybox, command: 'true', init: true, networks: [front]}
  client: {image: busybox, command: sleep 1000000, init: true, networks: [front]}
  locked: {image: busybox, command: sleep 1000000, init: true, networks: [inside]}
networks:
  front:
  inside: {internal: true}
";

struct Asked<'a> {
    project: Project<'a>,
    client: String,
}

impl<'a> Asked<'a> {
    fn new(lighter: &'a Lighter) -> Self {
        let project = Project::new(lighter, COMPOSE);
        project.up();
        wait_until("gone has ended", || project.container("gone").state == "exited");
        let client = project.container("client").pid.to_string();
        Self { project, client }
    }

    /// What dig prints in the client's network.
    fn dig(&self, arguments: &[&str]) -> String {
        self.dig_in(&self.client, arguments)
    }

    fn dig_in(&self, pid: &str, arguments: &[&str]) -> String {
        let common = ["-t", pid, "-n", "dig", "@127.0.0.11", "+tries=1", "+time=4"];
        host::run("nsenter", &[&common[..], arguments].concat())
    }

    #[track_caller]
    fn check(&self, arguments: &[&str], parts: &[&str]) {
        let said = self.dig(arguments);
        for part in parts {
            assert!(said.contains(part), "dig {arguments:?} lacks `{part}`:\n{said}");
        }
    }
}

#[test]
fn table_of_names_holds() {
    require!(Root, Seeds, Dig);
    let lighter = Lighter::new();
    let asked = Asked::new(&lighter);
    let (name, network) = (asked.project.name(), format!("{}_front", asked.project.name()));
    let web = asked.project.container("web");
    let address = asked.project.shell("web", "hostname -i").trim().to_owned();
    for known in ["web", &format!("{name}-web-1"), &web.id[..12], "site", "a.b.c", "WEB", "web."] {
        asked.check(&[known], &["status: NOERROR", &address]);
    }
    asked.check(&[&format!("web.{network}")], &["status: NOERROR", &address]);
    asked.check(&["web", "AAAA"], &["status: NOERROR", "ANSWER: 0"]);
    for kind in ["MX", "TXT", "HTTPS", "SRV"] {
        asked.check(&["web", kind], &["status: NOERROR", "ANSWER: 0"]);
    }
    asked.check(&["gone"], &["status: NXDOMAIN"]);
    asked.check(&[&format!("nosuch.{network}")], &["status: NXDOMAIN"]);
    asked.check(&["-x", &address], &["status: NOERROR", &format!("{name}-web-1.{network}.")]);
    asked.check(&["+tcp", "web"], &["status: NOERROR", &address]);
    let ttl = asked.dig(&["+noall", "+answer", "web"]);
    let seconds: u32 = ttl.split_whitespace().nth(1).and_then(|ttl| ttl.parse().ok()).expect("a TTL");
    assert!(seconds <= 5, "{ttl}");
    let resolved = asked.project.shell("client", "nslookup web");
    assert!(resolved.contains(&address), "BusyBox: {resolved}");
    assert!(asked.project.shell("client", "cat /etc/resolv.conf").contains("ndots:0"));
}

#[test]
fn internal_network_resolves_its_own_names_and_nothing_outside() {
    require!(Root, Seeds, Dig);
    let lighter = Lighter::new();
    let asked = Asked::new(&lighter);
    let locked = asked.project.container("locked").pid.to_string();
    let own = asked.dig_in(&locked, &["locked"]);
    assert!(own.contains("status: NOERROR"), "{own}");
    let outside = asked.dig_in(&locked, &["example.com"]);
    assert!(outside.contains("status: SERVFAIL"), "{outside}");
    let neighbour = asked.dig_in(&locked, &["web"]);
    assert!(!neighbour.contains("status: NOERROR"), "{neighbour}");
}

#[test]
fn name_server_in_a_container_has_port_53_and_serves_its_neighbours() {
    require!(Root, Seeds, Dig, Dnsmasq);
    let lighter = Lighter::new();
    let asked = Asked::new(&lighter);
    // The host's program in the container's network: the port is what matters.
    let web = asked.project.container("web").pid.to_string();
    let address = asked.project.shell("web", "hostname -i").trim().to_owned();
    let mut server = std::process::Command::new("nsenter")
        .args([
            "-t",
            &web,
            "-n",
            "dnsmasq",
            "--keep-in-foreground",
            "--no-resolv",
            "--no-hosts",
            "--user=root",
        ])
        .args([
            "--pid-file=",
            "--listen-address=0.0.0.0",
            "--bind-interfaces",
            "--address=/served.test/192.0.2.7",
        ])
        .spawn()
        .expect("started");
    let at = format!("@{address}");
    wait_until("the neighbour answers", || {
        let said = std::process::Command::new("nsenter")
            .args(["-t", &asked.client, "-n", "dig", &at, "+short", "+tries=1", "+time=1", "served.test"])
            .output()
            .expect("asked");
        String::from_utf8_lossy(&said.stdout).trim() == "192.0.2.7"
    });
    let own = asked.dig_in(&web, &["client"]);
    assert!(own.contains("status: NOERROR"), "its own names still resolve: {own}");
    server.kill().expect("ended");
    server.wait().expect("reaped");
}

/// The same name in two networks, the asker in both.
const TWICE: &str = "
services:
  first: {image: busybox, command: sleep 1000000, init: true, networks: {front: {aliases: [api]}}}
  second: {image: busybox, command: sleep 1000000, init: true, networks: {back: {aliases: [api]}}}
  asker:
    image: busybox
    command: sleep 1000000
    init: true
    hostname: own
    domainname: shop.test
    networks: {front: , back: {gw_priority: 1}}
networks: {front: , back: }
";

#[test]
fn name_of_several_networks_is_the_first_ones_and_stays_while_its_container_is_paused() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, TWICE);
    project.up();
    let own = |service: &str| super::address(&project, service);
    let ask =
        |name: &str| project.shell("asker", &format!("nslookup -type=a {name} 127.0.0.11 2>&1 || true"));
    let (first, second) = (own("first"), own("second"));
    let api = ask("api");
    assert!(api.contains(&second) && !api.contains(&first), "not merged, the way out comes first: {api}");
    let named = ask(&format!("api.{}_front", project.name()));
    assert!(named.contains(&first) && !named.contains(&second), "{named}");
    project.run(&["pause", "second"]).succeeds();
    assert!(ask("api").contains(&second), "paused is not gone");
    project.run(&["unpause", "second"]).succeeds();
    project.run(&["stop", "-t", "0", "second"]).succeeds();
    assert!(ask("api").contains(&first), "the next network has it");
    project.run(&["stop", "-t", "0", "first"]).succeeds();
    assert!(ask("api").contains("NXDOMAIN"), "nobody else is asked");
    let hosts = project.shell("asker", "cat /etc/hosts");
    let line = |line: &str| line.ends_with("own.shop.test own");
    assert_eq!(
        hosts.lines().filter(|text| line(&text.replace('\t', " "))).count(),
        2,
        "one per network: {hosts}"
    );
    assert!(!ask("asker").contains("NXDOMAIN"), "it knows itself");
}
