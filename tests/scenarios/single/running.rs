//! `container run`, `create` and `start`: flags, exit codes, and what is left.

use super::{line, ok, sleeper};
use scenarios::{Folder, Lighter, Snapshot, process, require, wait_until};

#[test]
fn a_container_runs_and_goes_with_its_anonymous_volume() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let words = ["container", "run", "--rm", "-v", "/data", "busybox", "echo", "hello"];
    assert_eq!(ok(&lighter, &words), "hello");
    assert_eq!(ok(&lighter, &["container", "ls", "-aq"]), "");
    assert_eq!(ok(&lighter, &["volume", "ls", "-q"]), "");
}

#[test]
fn exit_codes_are_dockers() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    for (words, code) in [
        (&["container", "run", "--rm", "busybox", "sh", "-c", "exit 3"][..], 3),
        (&["container", "run", "--rm", "busybox", "no-such-program"][..], 127),
        (&["container", "run", "--rm", "busybox", "/etc"][..], 126),
        (&["container", "run", "--no-such-flag", "busybox"][..], 125),
        (&["container", "run", "--rm", "--pull", "never", "no-such-image"][..], 125),
        (&["container", "run", "--rm", "-p", "nothing:80", "busybox"][..], 125),
        (&["container", "run", "--rm", "--network", "no-such-network", "busybox"][..], 125),
        (&["container", "run", "--rm", "--stop-signal", "NONSENSE", "busybox"][..], 125),
        (&["container", "run", "--rm", "-v", "data:/data:nonsense", "busybox"][..], 125),
        (&["container", "run", "--rm", "-w", "relative", "busybox"][..], 125),
        (&["container", "run", "--rm", "-it", "busybox"][..], 1),
        (&["container", "run", "--rm"][..], 1),
        (&["container", "wait", "--no-such-flag"][..], 125),
    ] {
        lighter.run(words).fails_with(code);
    }
    assert_eq!(ok(&lighter, &["container", "ls", "-aq"]), "");
}

#[test]
fn a_process_is_as_its_flags_say() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let folder = Folder::new("flags");
    folder.write("env", "# a comment\nFROM_FILE=1\nBOTH=file\n");
    let env_file = folder.path().join("env").display().to_string();
    let script = "echo $FROM_FILE $BOTH $PRICE; pwd; id -u; hostname; ulimit -n; grep -c far /etc/hosts";
    let printed = ok(
        &lighter,
        &[
            "container",
            "run",
            "--rm",
            "--env-file",
            &env_file,
            "-e",
            "BOTH=flag",
            "-e",
            "PRICE=5$",
            "-w",
            "/tmp",
            "-u",
            "1000",
            "-h",
            "web",
            "--ulimit",
            "nofile=100",
            "--add-host",
            "far:10.1.2.3",
            "busybox",
            "sh",
            "-c",
            script,
        ],
    );
    assert_eq!(printed, "1 flag 5$\n/tmp\n1000\nweb\n100\n1");
    let piped = std::process::Command::new("sh")
        .args(["-c", "echo typed | \"$0\" container run -i --rm busybox cat"])
        .arg(lighter.binary())
        .env("LIGHTER_ROOT", lighter.root())
        .output()
        .expect("sh runs");
    assert_eq!(String::from_utf8_lossy(&piped.stdout), "typed\n");
}

#[test]
fn a_container_that_goes_when_it_ends_goes_by_itself() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    line(&lighter, "version").succeeds();
    let before = Snapshot::take(lighter.root());
    line(&lighter, "container run -d --rm --network none --name short -v /data busybox true").succeeds();
    wait_until("its supervisor has ended", || process::of_engine(lighter.root()).is_empty());
    before.assert_same(&Snapshot::take(lighter.root()));
    assert_eq!(ok(&lighter, &["volume", "ls", "-q"]), "");
}

#[test]
fn a_name_is_made_up_and_an_id_is_kept() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let folder = Folder::new("cidfile");
    let file = folder.path().join("id");
    let id = sleeper(&lighter, &format!("--cidfile {}", file.display()));
    assert_eq!(std::fs::read_to_string(&file).expect("written"), id);
    let name = ok(&lighter, &["inspect", "-f", "{{.Name}}", &id[..6]]);
    assert!(name.starts_with('/') && name.contains('_'), "{name}");
    line(&lighter, &format!("container run --cidfile {} busybox", file.display())).fails_with(125);
    line(&lighter, &format!("container rm -f {id}")).succeeds();
}

#[test]
fn a_container_is_made_first_and_started_later() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    line(&lighter, "container create --name later busybox echo heard").succeeds();
    line(&lighter, "container create --name later busybox").fails_with(1).says(&["already in use"]);
    assert_eq!(ok(&lighter, &["container", "start", "-a", "later"]), "heard");
    line(&lighter, "container start nobody later").fails_with(1).says(&["no such container: nobody"]);
}
