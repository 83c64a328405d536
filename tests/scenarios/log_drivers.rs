//! Where output goes besides the terminal, as `logging` says.

use scenarios::{Folder, Lighter, Project, eventually, require, wait_until};
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn compose(command: &str, logging: &str) -> String {
    format!(
        "services: {{web: {{image: busybox, command: [sh, -c, '{command}'], labels: {{team: red}},
        environment: {{ZONE: north}}, logging: {logging}}}}}"
    )
}

/// The file that Docker's json-file driver would write, or one set aside.
fn file(lighter: &Lighter, project: &Project<'_>, ending: &str) -> PathBuf {
    let id = project.container("web").id;
    lighter.root().join(format!("lib/containers/{id}/{id}-json.log{ending}"))
}

fn read(lighter: &Lighter, project: &Project<'_>) -> String {
    std::fs::read_to_string(file(lighter, project, "")).unwrap_or_default()
}

#[test]
fn lines_carry_the_tag_labels_and_variables_asked_for() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let options = "{driver: json-file, options: {tag: '{{.Name}}/{{.ImageName}}', labels: team, env: ZONE}}";
    let project = Project::new(&lighter, &compose("echo out", options));
    project.up();
    wait_until("the line is there", || read(&lighter, &project).contains("out"));
    let attrs =
        format!(r#""attrs":{{"ZONE":"north","tag":"{}-web-1/busybox:latest","team":"red"}}"#, project.name());
    let text = read(&lighter, &project).replace("docker.io/library/", "");
    assert!(text.contains(&attrs), "{text}");
}

#[test]
fn full_log_is_set_aside_compressed_and_still_read() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let options = "{driver: json-file, options: {max-size: 2k, max-file: \"3\", compress: \"true\"}}";
    let project = Project::new(&lighter, &compose("seq 1 60; sleep 1000000", options));
    project.up();
    wait_until("the last line is there", || project.run(&["logs"]).stdout.contains("60"));
    wait_until("it is compressed", || file(&lighter, &project, ".2.gz").exists());
    assert!(!file(&lighter, &project, ".3.gz").exists() && !file(&lighter, &project, ".2").exists());
    let text = project.run(&["logs", "--no-log-prefix"]).succeeds().stdout;
    let numbers: Vec<u32> = text.lines().map(|line| line.parse().expect("a number")).collect();
    let expected: Vec<u32> = (numbers[0]..=60).collect();
    assert_eq!(numbers, expected, "the newest lines, without a gap");
    assert!(numbers.len() > 30, "{numbers:?}");
}

#[test]
fn nothing_is_kept_with_none() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &compose("echo out; exec sleep 1000000", "{driver: none}"));
    project.up();
    assert!(!file(&lighter, &project, "").exists());
    assert_eq!(project.run(&["logs"]).succeeds().stdout, "");
}

#[test]
fn syslog_gets_every_line_over_each_kind_of_socket() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let folder = Folder::new("syslog");
    let path = folder.path().join("socket");
    let unix = UnixDatagram::bind(&path).expect("bound");
    unix.set_read_timeout(Some(PATIENCE)).expect("set");
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    udp.set_read_timeout(Some(PATIENCE)).expect("set");
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    let up = |address: &str, more: &str| {
        let options = format!("{{syslog-address: '{address}', tag: '{{{{.Name}}}}'{more}}}");
        let logging = format!("{{driver: syslog, options: {options}}}");
        let project =
            Project::new(&lighter, &compose("echo out; echo err >&2; exec sleep 1000000", &logging));
        project.up();
        project
    };
    let mut buffer = [0; 1024];

    let project = up(&format!("unixgram://{}", path.display()), "");
    let length = unix.recv(&mut buffer).expect("a message");
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(text.starts_with("<30>") && text.contains(&format!(" {}-web-1[", project.name())), "{text}");
    assert!(project.run(&["logs"]).succeeds().stdout.contains("out"), "what goes elsewhere is still read");

    let address = udp.local_addr().expect("bound");
    let _project = up(&format!("udp://{address}"), ", syslog-format: rfc5424, syslog-facility: local0");
    let length = udp.recv(&mut buffer).expect("a message");
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(text.starts_with("<134>1 2") && text.ends_with(" - out\n"), "{text}");

    let address = tcp.local_addr().expect("bound");
    let _project = up(&format!("tcp://{address}"), "");
    let (mut stream, _) = tcp.accept().expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let mut text = String::new();
    let both = eventually(|| {
        let length = stream.read(&mut buffer).ok()?;
        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
        (text.contains(": out\n") && text.contains("<27>") && text.contains(": err\n")).then_some(())
    });
    assert!(both.is_some(), "{text}");
}

#[test]
fn what_cannot_be_logged_as_asked_is_said_before_the_start() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let fails = |logging: &str, words: &[&str]| {
        let project = Project::new(&lighter, &compose("true", logging));
        project.run(&["up", "-d"]).fails_with(1).says(words);
    };
    fails(
        "{driver: fluentd}",
        &["there is no log driver `fluentd`", "json-file, local, none, syslog and journald"],
    );
    fails("{driver: local, options: {tag: x}}", &["unknown log option `tag` for the local log driver"]);
    let nobody = "{driver: syslog, options: {syslog-address: 'tcp://127.0.0.1:1'}}";
    fails(nobody, &["cannot reach tcp://127.0.0.1:1"]);
    if !std::path::Path::new("/run/systemd/journal/socket").exists() {
        fails("{driver: journald}", &["systemd-journald, which does not run"]);
    }
}
