//! Volumes and binds of other containers (`volumes_from`).

use scenarios::{Lighter, Project, require};

#[test]
fn other_containers_volumes_come_with_their_mode() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  data:
    image: busybox
    command: sleep 1000000
    container_name: ${COMPOSE_PROJECT_NAME}-source
    volumes: ['named:/named', /anonymous, './host:/host', './host:/fixed:ro']
  web: {image: busybox, command: sleep 1000000, volumes_from: [data]}
  reader: {image: busybox, command: sleep 1000000, volumes_from: ['data:ro']}
  outsider: {image: busybox, command: sleep 1000000, depends_on: [data], volumes_from: ['container:${COMPOSE_PROJECT_NAME}-source']}
volumes:
  named:
";
    let project = Project::new(&lighter, compose);
    project.up();
    project.shell("data", "echo n > /named/file; echo a > /anonymous/file; echo h > /host/file");
    for service in ["web", "reader", "outsider"] {
        let text = project.shell(service, "cat /named/file /anonymous/file /host/file");
        assert_eq!(text, "n\na\nh\n", "{service}");
    }
    let write = |service: &str, path: &str| {
        project.shell(service, &format!("touch {path}/new 2>/dev/null && echo yes || echo no"))
    };
    assert_eq!((write("web", "/named"), write("web", "/fixed")), ("yes\n".into(), "no\n".into()));
    assert_eq!((write("reader", "/named"), write("reader", "/host")), ("no\n".into(), "no\n".into()));
}
