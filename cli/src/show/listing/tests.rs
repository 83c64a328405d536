//! Lists as text.

use super::*;
use engine_spec::{ContainerId, ContainerName, ContainerSpec, ImageReference, Labels, Protocol};
use std::time::Duration;

fn container(status: Status) -> ObservedContainer {
    let image_id = Digest::from_sha256([1; 32]);
    let name = ContainerName::new("demo-web-1").expect("valid");
    let image = ImageReference::parse("nginx").expect("valid");
    let mut spec = ContainerSpec::new(name, image, image_id);
    spec.labels = Labels::from([(compose_label::SERVICE.to_owned(), "web".to_owned())]);
    ObservedContainer {
        id: ContainerId::from_random([2; 32]),
        spec,
        status,
        created_at: SystemTime::UNIX_EPOCH,
        endpoints: Vec::new(),
        ports: Vec::new(),
        volumes: BTreeMap::new(),
    }
}

fn running(health: Option<Health>) -> Status {
    Status::Running { pid: 1, started_at: SystemTime::UNIX_EPOCH, health, restarts: 0 }
}

#[test]
fn status_says_since_when_and_how() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(5);
    let exited = |exit_code| Status::Exited {
        exit_code,
        signal: None,
        started_at: None,
        finished_at: SystemTime::UNIX_EPOCH,
        oom_killed: false,
        stopped_by_user: false,
        error: None,
    };
    assert_eq!(status(&running(None), now), "Up 5 seconds");
    assert_eq!(status(&running(Some(Health::Starting)), now), "Up 5 seconds (health: starting)");
    assert_eq!(status(&exited(Some(137)), now), "Exited (137) 5 seconds ago");
    assert_eq!(status(&exited(None), now), "Exited (unknown) 5 seconds ago");
}

#[test]
fn a_long_command_is_cut_to_dockers_width() {
    let image = ImageConfig {
        entrypoint: Some(vec!["/docker-entrypoint.sh".to_owned()]),
        command: Some(vec!["nginx".to_owned()]),
        ..ImageConfig::default()
    };
    assert_eq!(command(&container(Status::Created), &image, false), "\"/docker-entrypoint.…\"");
    assert_eq!(command(&container(Status::Created), &image, true), "\"/docker-entrypoint.sh nginx\"");
}

#[test]
fn an_entrypoint_of_the_file_drops_the_images_command() {
    let mut container = container(Status::Created);
    container.spec.process.entrypoint = Some(vec!["sh".to_owned()]);
    let image = ImageConfig { command: Some(vec!["nginx".to_owned()]), ..ImageConfig::default() };
    assert_eq!(command(&container, &image, false), "\"sh\"");
}

#[test]
fn ports_show_what_is_published_and_what_is_only_listened_on() {
    let mut container = container(running(None));
    container.ports = vec![PublishedPort {
        host_ip: [0, 0, 0, 0].into(),
        host_port: 8080,
        target: 80,
        protocol: Protocol::Tcp,
    }];
    container.spec.expose = vec!["9000".to_owned(), "80".to_owned()];
    let image = ImageConfig { exposed_ports: ["443/tcp".to_owned()].into(), ..ImageConfig::default() };
    assert_eq!(ports(&container, &image), "0.0.0.0:8080->80/tcp, 443/tcp, 9000/tcp");
}
