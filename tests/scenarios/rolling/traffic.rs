//! No request fails while `up` replaces the containers that serve it.

use super::load::{Load, Seen};
use scenarios::http::page;
use scenarios::wait::wait_until;
use scenarios::{Lighter, Project, host, require};

/// New connections a second.
const RATE: u32 = 500;
const KEPT_CONNECTIONS: usize = 50;

/// How many updates one after the other: `LIGHTER_TEST_UPDATES`, for more than a run of all tests has time for.
fn updates() -> u32 {
    std::env::var("LIGHTER_TEST_UPDATES").map_or(2, |count| count.parse().expect("a number of updates"))
}

/// Two replicas behind one port; the new one of each serves before the old one stops.
fn web(port: u16, environment: &str) -> String {
    format!(
        "
services:
  web:
    image: python:3.9-slim
    command: [python, /server.py]
    environment: {environment}
    volumes: ['./server.py:/server.py:ro']
    ports: ['127.0.0.1:{port}:80']
    stop_grace_period: 1s
    healthcheck: {{test: [CMD, test, -e, /tmp/ready], interval: 100ms, retries: 10}}
    deploy:
      replicas: 2
      update_config: {{order: start-first, failure_action: rollback}}
"
    )
}

fn under_load(work: impl FnOnce(&Project<'_>, u16)) -> Seen {
    let lighter = Lighter::with_store();
    let port = host::free_port();
    let project = Project::new(&lighter, &web(port, "{VERSION: '0'}"));
    project.write("server.py", include_str!("server.py"));
    project.run(&["up", "-d", "--wait"]).succeeds();
    assert_eq!(page(port), "0");
    let load = Load::start(port, RATE, KEPT_CONNECTIONS);
    wait_until("the clients are at work", || load.answers() > 100);
    work(&project, port);
    let answers = load.answers();
    wait_until("the clients are answered after it", || load.answers() > answers + 100);
    load.stop()
}

/// Updates to version 1, 2 ….
fn update(count: u32) -> Seen {
    under_load(|project, port| {
        for version in 1..=count {
            project.write("compose.yaml", web(port, &format!("{{VERSION: '{version}'}}")));
            project.up();
            assert_eq!(page(port), version.to_string());
        }
    })
}

#[test]
fn no_request_fails_during_updates() {
    require!(Root, Seeds, Store);
    let count = updates();
    let seen = update(count);
    seen.assert_none_failed();
    assert_eq!(seen.versions.len(), count as usize + 1, "{:?}", seen.versions);
}

#[test]
fn no_request_fails_when_a_version_that_never_gets_healthy_is_rolled_back() {
    require!(Root, Seeds, Store);
    let seen = under_load(|project, port| {
        let before = [project.container("web").id];
        project.write("compose.yaml", web(port, "{VERSION: '1', BROKEN: ''}"));
        let outcome = project.run(&["up", "-d"]);
        assert_ne!(outcome.code, Some(0), "{outcome:#?}");
        assert_eq!([project.container("web").id], before, "{outcome:#?}");
        let all = project.run(&["ps", "-a", "-q"]).succeeds().stdout;
        assert_eq!(all.lines().count(), 2, "{all}");
    });
    assert!(
        seen.failures.is_empty(),
        "{} failed of {}: {:?}",
        seen.failures.len(),
        seen.answers,
        seen.failures
    );
    assert_eq!(seen.versions.into_iter().collect::<Vec<_>>(), ["0"]);
}
