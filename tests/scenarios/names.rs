//! Containers find each other by name, and nobody finds more than there is.

use scenarios::{Lighter, Project, require, wait_until};

const COMPOSE: &str = "
services:
  web:
    image: busybox
    command: sh -c 'echo found > /www; httpd -f -p 80 -h /'
    init: true
    networks: {inner: {aliases: [site]}}
  client:
    image: busybox
    command: sleep 1000000
    init: true
    networks: [inner]
  stranger:
    image: busybox
    command: sleep 1000000
    init: true
    networks: [outer]
networks:
  inner:
  outer:
";

#[test]
fn every_name_of_a_container_leads_to_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    let id = project.container("web").id;
    for name in ["web", &format!("{}-web-1", project.name()), &id[..12], "site"] {
        let fetch = format!("wget -q -O - http://{name}/www");
        wait_until(name, || project.run(&["exec", "-T", "client", "sh", "-c", &fetch]).stdout == "found\n");
    }
}

#[test]
fn names_of_another_network_are_unknown() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    let outcome = project.run(&["exec", "-T", "stranger", "nslookup", "site", "127.0.0.11"]);
    assert_ne!(outcome.code, Some(0), "{outcome:#?}");
}

#[test]
fn name_follows_a_container_across_a_restart() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.up();
    project.run(&["restart", "-t", "0", "web"]).succeeds();
    let fetch = "wget -q -O - http://web/www";
    wait_until("web answers", || {
        project.run(&["exec", "-T", "client", "sh", "-c", fetch]).stdout == "found\n"
    });
}
