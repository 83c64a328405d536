//! The table of what resolves, asked by the resolvers that programs in containers use: glibc's, in Python
//! and getent, and BusyBox's.

use scenarios::{Lighter, Project, require};

const COMPOSE: &str = "
services:
  web: {image: busybox, command: sleep 1000000, init: true, hostname: webhost, networks: {front: {aliases: [site, a.b.c]}}}
  many: {image: busybox, command: sleep 1000000, init: true, scale: 3, networks: [front]}
  gone: {image: busybox, command: sleep 1000000, init: true, networks: [front]}
  far: {image: busybox, command: sleep 1000000, init: true, networks: [back]}
  glibc: {image: 'python:3.9-slim', command: sleep 1000000, init: true, networks: [front], links: ['web:linked', 'web:many']}
  busybox: {image: busybox, command: sleep 1000000, init: true, networks: [front], dns_search: [.], dns_opt: [timeout:1]}
networks:
  front:
  back:
";

/// Names one after the other, in the form `NAME ADDRESS…`, sorted; `-` where there is none.
const PYTHON: &str = "
import socket, sys
for name in sys.argv[1:]:
    try:
        print(name, *sorted(socket.gethostbyname_ex(name)[2]))
    except OSError:
        print(name, '-')
";

const NO_DATA: &str = "
import socket
try:
    socket.getaddrinfo('web', None, socket.AF_INET6)
except socket.gaierror as error:
    print(error.errno == socket.EAI_NODATA)
";

fn addresses(project: &Project<'_>, service: &str, count: usize) -> String {
    let own = |index: usize| {
        let index = index.to_string();
        let asked = ["exec", "-T", "--index", &index, service, "hostname", "-i"];
        project.run(&asked).succeeds().stdout.trim().to_owned()
    };
    let mut all: Vec<_> = (1..=count).map(own).collect();
    all.sort();
    all.join(" ")
}

#[test]
fn resolvers_of_glibc_and_busybox_agree_on_every_row() {
    require!(Root, Seeds, Store);
    let lighter = Lighter::with_store();
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    project.run(&["stop", "-t", "0", "gone"]).succeeds();
    let (name, front) = (project.name(), format!("{}_front", project.name()));
    let (web, many) = (addresses(&project, "web", 1), addresses(&project, "many", 3));
    let id = project.container("web").id[..12].to_owned();
    let full = format!("{name}-web-1");
    let rows = [
        ("web".to_owned(), web.as_str()),
        (full.clone(), &web),
        (id, &web),
        ("site".into(), &web),
        ("a.b.c".into(), &web),
        ("WeB".into(), &web),
        (format!("web.{front}"), &web),
        (format!("site.{front}"), &web),
        (format!("{full}.{front}"), &web),
        ("gone".into(), "-"),
        (format!("nosuch.{front}"), "-"),
        ("far".into(), "-"),
    ];
    let names: Vec<_> = rows.iter().map(|(name, _)| name.as_str()).collect();
    let python = ["exec", "-T", "glibc", "python3", "-c", PYTHON];
    let said = project.run(&[&python[..], &names, &["linked", "many", "webhost"]].concat()).succeeds().stdout;
    let expected = |name: &str, address: &str| format!("{name} {address}\n");
    let all: String = rows.iter().map(|(name, address)| expected(name, address)).collect();
    // A link hides the service of the same name, for whom it was made alone.
    assert_eq!(said, all + &expected("linked", &web) + &expected("many", &web) + &expected("webhost", &web));
    for (name, address) in &rows {
        let said = project.shell("busybox", &format!("nslookup -type=a {name} 127.0.0.11 2>&1 || true"));
        match *address {
            "-" => assert!(said.contains("NXDOMAIN") || said.contains("SERVFAIL"), "{name}: {said}"),
            address => assert!(said.contains(&format!("Address: {address}")), "{name}: {said}"),
        }
    }
    let each = project.shell("busybox", "nslookup -type=a many 127.0.0.11");
    assert!(many.split(' ').all(|address| each.contains(address)), "{many} in {each}");
    let back = project.shell("glibc", &format!("getent hosts {web}"));
    assert!(back.contains(&format!("{full}.{front}")), "{back}");
    let no_data = project.run(&["exec", "-T", "glibc", "python3", "-c", NO_DATA]).succeeds().stdout;
    assert_eq!(no_data, "True\n", "a name without IPv6 exists all the same");
    let file = project.shell("busybox", "cat /etc/resolv.conf");
    assert!(!file.contains("search") && file.contains("timeout:1") && file.contains("ndots:0"), "{file}");
}
