//! Where output goes besides the terminal, as `logging` says.

use scenarios::{Folder, Lighter, Outcome, Project, eventually, require, wait_until};
use std::collections::BTreeSet;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Command;
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
fn tag_is_filled_in_with_what_the_container_is_called() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let tag = "{{.ID}} {{ .FullID }} {{.ImageID}} {{.ImageFullID}} {{.DaemonName}}";
    let project = Project::new(&lighter, &compose("echo out", &format!("{{options: {{tag: '{tag}'}}}}")));
    project.up();
    wait_until("the line is there", || read(&lighter, &project).contains("out"));
    let name = format!("{}-web-1", project.name());
    let inspected =
        project.run(&["container", "inspect", "--format", "{{.Id}} {{.Image}}", &name]).succeeds();
    let (id, image) = inspected.stdout.trim_end().split_once(' ').expect("two fields");
    let short = |digest: &str| digest.trim_start_matches("sha256:")[..12].to_owned();
    let filled = format!("{} {id} {} {image} lighter", short(id), short(image));
    let text = read(&lighter, &project);
    assert!(text.contains(&format!(r#""tag":"{filled}""#)), "{filled} is not in {text}");
}

#[test]
fn full_log_is_set_aside_compressed_and_still_read() {
    require!(Root, Seeds);
    check_rotation("{driver: json-file, options: {max-size: 2k, max-file: \"3\", compress: \"true\"}}");
}

#[test]
fn local_log_is_compressed_without_being_asked() {
    require!(Root, Seeds);
    check_rotation("{driver: local, options: {max-size: 2k, max-file: \"3\"}}");
}

/// Three files of 2 kB, of which the two set aside are compressed.
#[track_caller]
fn check_rotation(logging: &str) {
    let lighter = Lighter::new();
    let project = Project::new(&lighter, &compose("seq 1 60; sleep 1000000", logging));
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

    let project = up(&format!("unixgram://{}", path.display()), "");
    let text = receive(&unix);
    assert!(text.starts_with("<30>") && text.contains(&format!(" {}-web-1[", project.name())), "{text}");
    assert!(project.run(&["logs"]).succeeds().stdout.contains("out"), "what goes elsewhere is still read");

    let address = udp.local_addr().expect("bound");
    let _project = up(&format!("udp://{address}"), ", syslog-format: rfc5424, syslog-facility: local0");
    let mut buffer = [0; 1024];
    let length = udp.recv(&mut buffer).expect("a message");
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(text.starts_with("<134>1 2") && text.ends_with(" - out\n"), "{text}");

    let address = tcp.local_addr().expect("bound");
    let _project = up(&format!("tcp://{address}"), "");
    let (stream, _) = tcp.accept().expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    has_both_lines(stream);

    let path = folder.path().join("stream");
    let unix = UnixListener::bind(&path).expect("bound");
    let _project = up(&format!("unix://{}", path.display()), "");
    let (stream, _) = unix.accept().expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    has_both_lines(stream);
}

/// One of each stream, with the severity that belongs to it.
#[track_caller]
fn has_both_lines(mut stream: impl Read) {
    let (mut text, mut buffer) = (String::new(), [0; 1024]);
    let both = eventually(|| {
        let length = stream.read(&mut buffer).ok()?;
        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
        let has = |severity, end| text.lines().any(|line| line.starts_with(severity) && line.ends_with(end));
        (has("<30>", ": out") && has("<27>", ": err")).then_some(())
    });
    assert!(both.is_some(), "{text}");
}

#[test]
fn journal_gets_the_fields_that_dockers_driver_sets() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let folder = Folder::new("journal");
    let path = folder.path().join("socket");
    let journal = UnixDatagram::bind(&path).expect("bound");
    journal.set_read_timeout(Some(PATIENCE)).expect("set");
    let logging = "{driver: journald, options: {tag: '{{.Name}}', labels: team, env: ZONE}}";
    let project = Project::new(&lighter, &compose("echo out; echo err >&2; exec sleep 1000000", logging));
    beside_journal(&project.command(&["up", "-d"]), &path).succeeds();
    let mut entries: Vec<String> = (0..2).map(|_| receive(&journal)).collect();
    // Each stream is read by itself, so either may be first.
    entries.sort_by_key(|entry| entry.contains("MESSAGE=err"));
    let (name, id) = (format!("{}-web-1", project.name()), project.container("web").id);
    for (entry, own) in entries.iter().zip(["PRIORITY=6\nMESSAGE=out\n", "PRIORITY=3\nMESSAGE=err\n"]) {
        let fields = format!(
            "CONTAINER_ID={}\nCONTAINER_ID_FULL={id}\nCONTAINER_NAME={name}\nCONTAINER_TAG={name}\n\
             IMAGE_NAME=busybox:latest\nSYSLOG_IDENTIFIER={name}\nZONE=north\nTEAM=red\n{own}",
            &id[..12]
        );
        let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(sorted(entry), sorted(&fields));
    }
    assert_eq!(project.run(&["logs", "--no-log-prefix"]).succeeds().stdout, "out\n", "it is still read here");
}

/// Runs `command` where the journal's socket is the one at `path`.
#[track_caller]
fn beside_journal(command: &Command, path: &Path) -> Outcome {
    let script = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && : > /run/systemd/journal/socket \
                  && mount --bind \"$0\" /run/systemd/journal/socket && exec \"$@\"";
    let mut beside = Command::new("unshare");
    beside
        .args(["--mount", "sh", "-c", script])
        .arg(path)
        .arg(command.get_program())
        .args(command.get_args());
    beside.current_dir(command.get_current_dir().expect("that of the project"));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => beside.env(name, value),
            None => beside.env_remove(name),
        };
    }
    scenarios::lighter::run(beside)
}

fn receive(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer).expect("a message");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
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
    fails("{options: {tag: '{{.Colour}}'}}", &["the log option `tag` is `{{.Colour}}`", "{{.ImageName}}"]);
    fails("{driver: local, options: {tag: x}}", &["unknown log option `tag` for the local log driver"]);
    let nobody = "{driver: syslog, options: {syslog-address: 'tcp://127.0.0.1:1'}}";
    fails(nobody, &["cannot reach tcp://127.0.0.1:1"]);
    if !std::path::Path::new("/run/systemd/journal/socket").exists() {
        fails("{driver: journald}", &["systemd-journald, which does not run"]);
    }
}
