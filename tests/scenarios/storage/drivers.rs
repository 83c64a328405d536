//! Volumes that are more than a folder.

use scenarios::{Folder, Lighter, NfsServer, Project, SmbServer, Snapshot, require};
use std::fs;

#[test]
fn volume_of_memory_is_shared_while_somebody_uses_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web: {image: busybox, command: sleep 1000000, volumes: ['memory:/data']}
  other: {image: busybox, command: sleep 1000000, volumes: ['memory:/data:ro']}
volumes:
  memory: {driver_opts: {type: tmpfs, device: tmpfs, o: 'size=1m,mode=1770,noexec'}}
";
    let before = Snapshot::take(lighter.root());
    let project = Project::new(&lighter, compose);
    project.up();
    project.shell("web", "echo shared > /data/file");
    assert_eq!(project.shell("other", "cat /data/file; stat -c %a /data"), "shared\n1770\n");
    project.run(&["stop", "-t", "0", "web"]).succeeds();
    assert_eq!(project.shell("other", "cat /data/file"), "shared\n");
    project.run(&["stop", "-t", "0", "other"]).succeeds();
    project.run(&["start"]).succeeds();
    assert_eq!(project.shell("web", "ls /data"), "");
    project.run(&["down", "-v", "-t", "0"]).succeeds();
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn volume_bound_to_a_host_folder_never_takes_it_away() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web: {image: busybox, command: sleep 1000000, volumes: ['site:/site']}
volumes:
  site: {driver: local, driver_opts: {type: none, device: ./site, o: bind}}
";
    let project = Project::new(&lighter, compose);
    project.write("site/index", "of the host\n");
    project.up();
    assert_eq!(project.shell("web", "cat /site/index"), "of the host\n");
    project.shell("web", "echo answer > /site/answer");
    project.run(&["down", "-v", "-t", "0"]).succeeds();
    let read = |name: &str| fs::read_to_string(project.folder().path().join("site").join(name));
    assert_eq!(read("index").expect("still there"), "of the host\n");
    assert_eq!(read("answer").expect("still there"), "answer\n");
}

#[test]
fn what_the_host_lacks_for_a_volume_is_named() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let check = |volume: &str, words: &[&str]| {
        let web = "services: {web: {image: busybox, command: 'true', volumes: ['data:/data']}}";
        let project = Project::new(&lighter, &format!("{web}\nvolumes: {{data: {volume}}}"));
        project.run(&["up", "-d"]).fails_with(1).says(words);
    };
    check("{driver_opts: {type: nosuchfs, device: x}}", &["is of type nosuchfs", "modprobe nosuchfs"]);
    check(
        "{driver_opts: {type: nfs, device: ':/a', o: 'addr=no.such.host.invalid'}}",
        &["cannot find the address of no.such.host.invalid"],
    );
    check("{driver_opts: {type: none, o: bind, device: /no/such/folder}}", &["cannot mount /no/such/folder"]);
    check("{driver: rexray}", &["asks for the driver `rexray`: use `local` or `sshfs`"]);
    check("{driver: sshfs}", &["needs the driver option `sshcmd`"]);
}

#[test]
fn nfs_volume_is_what_the_server_has() {
    require!(Root, Seeds, Nfs);
    let exported = Folder::new("exported");
    exported.write("file", "from afar\n");
    let server = NfsServer::start(exported.path());
    for source in
        ["device: ':/', o: 'addr=127.0.0.1,nfsvers=4.2,soft'", "device: 'localhost:/', o: 'vers=4,ro'"]
    {
        let seen = seen_in_volume(&format!("type: nfs, {source}"));
        assert!(seen.starts_with("from afar\n"), "{seen}");
        assert!(seen.contains(" nfs4 ") && seen.contains("addr=127.0.0.1"), "{seen}");
    }
    let answer = fs::read_to_string(exported.path().join("answer"));
    assert_eq!(answer.expect("written by the first"), "answer\n", "it outlives the volumes");
    drop(server);
}

#[test]
fn cifs_volume_is_what_the_server_has() {
    require!(Root, Seeds, Cifs);
    let shared = Folder::new("shared");
    shared.write("file", "from afar\n");
    let server = SmbServer::start(shared.path());
    let (share, password) = (SmbServer::SHARE, SmbServer::PASSWORD);
    let login = format!("username=root,password={password},vers=3.0");
    let seen = seen_in_volume(&format!("type: cifs, device: //localhost/{share}, o: '{login}'"));
    assert!(seen.starts_with("from afar\n"), "{seen}");
    assert!(seen.contains(" cifs ") && seen.contains("addr=127.0.0.1"), "{seen}");
    let answer = fs::read_to_string(shared.path().join("answer"));
    assert_eq!(answer.expect("written by the container"), "answer\n", "it outlives the volume");
    drop(server);
}

/// What a container finds in `file` of a volume with `options`, and how that is mounted; it leaves an
/// `answer` there if it may.
#[track_caller]
fn seen_in_volume(options: &str) -> String {
    let lighter = Lighter::new();
    let before = Snapshot::take(lighter.root());
    let web = "services: {web: {image: busybox, command: sleep 1000000, volumes: ['far:/far']}}";
    let project = Project::new(&lighter, &format!("{web}\nvolumes: {{far: {{driver_opts: {{{options}}}}}}}"));
    project.up();
    let script =
        "cat /far/file; grep ' /far ' /proc/mounts; { echo answer > /far/answer; } 2> /dev/null || true";
    let seen = project.shell("web", script);
    project.run(&["down", "-v", "-t", "0"]).succeeds();
    before.assert_same(&Snapshot::take(lighter.root()));
    seen
}

#[test]
fn sshfs_mounts_a_folder_of_another_machine() {
    require!(Root, Seeds, Sshfs);
    let lighter = Lighter::new();
    let compose = "
services:
  web: {image: busybox, command: sleep 1000000, user: '1000', volumes: ['far:/far']}
volumes:
  far:
    driver: vieux/sshfs
    driver_opts: {sshcmd: 'me@far:${PWD_OF_TEST}/far', ssh_command: '${PWD_OF_TEST}/ssh', umask: '0000'}
";
    let before = Snapshot::take(lighter.root());
    let project = Project::new(&lighter, compose);
    // The other machine is this one, without a network in between.
    project.write("ssh", "#!/bin/sh\nexec /usr/lib/openssh/sftp-server\n");
    scenarios::host::run("chmod", &["755", project.folder().path().join("ssh").to_str().expect("text")]);
    project.write("far/file", "from afar\n");
    let folder = project.folder().path().display().to_string();
    let project = project.env("PWD_OF_TEST", folder);
    project.up();
    assert_eq!(project.shell("web", "cat /far/file; echo answer > /far/answer"), "from afar\n");
    let answer = fs::read_to_string(project.folder().path().join("far/answer"));
    assert_eq!(answer.expect("the answer is there"), "answer\n");
    project.run(&["down", "-v", "-t", "0"]).succeeds();
    before.assert_same(&Snapshot::take(lighter.root()));
}
