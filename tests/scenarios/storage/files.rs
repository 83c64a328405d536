//! Configs and secrets as files.

use scenarios::{Lighter, Project, require};

const COMPOSE: &str = "
services:
  web:
    image: busybox
    command: sleep 1000000
    read_only: true
    configs:
      - inline
      - {source: file, target: /etc/app.conf, uid: '7', gid: '8', mode: 0o640}
    secrets:
      - variable
      - {source: token, target: token.txt, uid: '9', gid: '10', mode: 0o400}
configs:
  inline: {content: 'port=80'}
  file: {file: ./app.conf}
secrets:
  variable: {environment: SECRET}
  token: {file: ./token}
";

#[test]
fn configs_and_secrets_are_files_with_owner_and_mode() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE).env("SECRET", "s3cret");
    project.write("app.conf", "a=1\n");
    project.write("token", "t0ken");
    project.up();
    let files = "/inline /etc/app.conf /run/secrets/variable /run/secrets/token.txt";
    let text = project.shell("web", &format!("cat {files}; echo; stat -c '%a %u %g' {files}"));
    assert_eq!(text, "port=80a=1\ns3crett0ken\n444 0 0\n640 7 8\n444 0 0\n400 9 10\n");
    project.run(&["exec", "-T", "web", "sh", "-c", "echo no > /inline"]).fails_with(1);
}

#[test]
fn external_configs_and_secrets_are_the_administrators_files() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: sleep 1000000
    configs: [shared]
    secrets: [key]
configs: {shared: {external: true}}
secrets: {key: {external: true, name: tls.key}}
";
    let project = Project::new(&lighter, compose);
    project.run(&["up", "-d"]).fails_with(1).says(&["secret `key` is external", "secrets/tls.key"]);
    let place = |kind: &str| lighter.root().join("etc").join(kind);
    for (kind, name, text) in [("configs", "shared", "c"), ("secrets", "tls.key", "k")] {
        std::fs::create_dir_all(place(kind)).expect("made");
        std::fs::write(place(kind).join(name), text).expect("written");
    }
    project.up();
    assert_eq!(project.shell("web", "cat /shared /run/secrets/key"), "ck");
}
