//! `system`: what takes room, what happened, what goes, and what starts with the machine.

use super::{line, ok, sleeper};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scenarios::{Folder, Lighter, Snapshot, process, require, wait_until};
use std::fs;
use std::os::unix::fs::FileTypeExt;

#[test]
fn pruning_leaves_nothing_of_what_is_not_used() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    line(&lighter, "version").succeeds();
    let before = Snapshot::take(lighter.root());
    sleeper(&lighter, "--name web -v /anonymous -p 127.0.0.1::80");
    line(&lighter, "container run busybox true").succeeds();
    let counted = ok(&lighter, &["system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}"]);
    assert!(counted.starts_with("Images 1 1\nContainers 2 1\nLocal Volumes 1 1"), "{counted}");
    assert_eq!(ok(&lighter, &["system", "info", "-f", "{{.Containers}} {{.ContainersRunning}}"]), "2 1");
    line(&lighter, "container stop -t 0 web").succeeds();
    line(&lighter, "system prune -f -a --volumes").succeeds();
    assert_eq!(ok(&lighter, &["container", "ls", "-aq"]), "");
    assert_eq!(ok(&lighter, &["volume", "ls", "-q"]), "");
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn pruning_takes_what_builds_kept_once_no_image_has_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let context = Folder::new("kept");
    context.write("Dockerfile", "FROM busybox\nRUN echo made > /made\n");
    line(&lighter, &format!("image build -q -t kept:1 {}", context.path().display())).succeeds();
    let kept = || {
        let counted = ok(&lighter, &["system", "df", "--format", "{{.Type}}={{.TotalCount}}"]);
        let cache = counted.lines().find_map(|line| line.strip_prefix("Build Cache="));
        cache.expect("docker's four kinds").parse::<u32>().expect("a number")
    };
    assert!(kept() > 0);
    line(&lighter, "system prune -f").succeeds();
    assert!(kept() > 0, "an image without a container is kept, and with it what it was built of");
    line(&lighter, "image rm kept:1").succeeds();
    let pruned = line(&lighter, "system prune -f").succeeds().stdout;
    assert!(pruned.contains("Deleted build cache objects:\n"), "{pruned}");
    assert_eq!(kept(), 0);
}

#[test]
fn pruning_leaves_nothing_of_what_was_killed_at_once() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    line(&lighter, "version").succeeds();
    let before = Snapshot::take(lighter.root());
    sleeper(&lighter, "--name web -v /anonymous -p 127.0.0.1::80 --health-cmd true");
    sleeper(&lighter, "--name behind --network container:web --init");
    sleeper(&lighter, "--name apart --network none -m 64m -t");
    let watched = "container run --rm --name watched --init busybox sleep 1000000";
    let mut command = lighter.command(watched.split(' ')).spawn().expect("started");
    wait_until("the command's container runs", || {
        ok(&lighter, &["container", "ls", "--format", "{{.Names}}"]).contains("watched")
    });
    wait_until("nothing of it runs", || {
        let processes = process::of_engine(lighter.root());
        for process in &processes {
            // One that another's death has ended is gone already.
            let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
        }
        processes.is_empty()
    });
    command.wait().expect("killed");
    line(&lighter, "system prune -f -a --volumes").succeeds();
    assert_eq!(ok(&lighter, &["container", "ls", "-aq"]), "");
    assert_eq!(ok(&lighter, &["volume", "ls", "-q"]), "");
    before.assert_same(&Snapshot::take(lighter.root()));
    let locks = fs::read_dir(lighter.root().join("run/locks")).expect("read");
    let sockets: Vec<_> = locks
        .map(|entry| entry.expect("read"))
        .filter(|entry| entry.file_type().expect("read").is_socket())
        .collect();
    assert!(sockets.is_empty(), "{sockets:?}");
}

#[test]
fn a_command_that_waits_for_its_container_leaves_nothing_of_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    line(&lighter, "version").succeeds();
    let before = Snapshot::take(lighter.root());
    line(&lighter, "container run --rm --network none busybox true").succeeds();
    before.assert_same(&Snapshot::take(lighter.root()));
}

#[test]
fn what_happened_is_told() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    line(&lighter, "container run --name told busybox true").succeeds();
    let words =
        ["system", "events", "--since", "1h", "--until", "0s", "--filter", "container=told", "--format"];
    let actions = ok(&lighter, &words.iter().chain(&["{{.Action}}"]).copied().collect::<Vec<_>>());
    let actions: Vec<_> = actions.lines().collect();
    for action in ["create", "start", "die"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

#[test]
fn what_its_policy_says_starts_with_the_machine() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    sleeper(&lighter, "--name always --restart always");
    sleeper(&lighter, "--name unless --restart unless-stopped");
    sleeper(&lighter, "--name never");
    line(&lighter, "container stop -t 0 always unless never").succeeds();
    assert_eq!(ok(&lighter, &["system", "boot"]), "always");
    let running = ok(&lighter, &["container", "ls", "--format", "{{.Names}}"]);
    assert_eq!(running, "always");
    assert!(ok(&lighter, &["system", "boot", "--unit"]).contains("system boot\n"));
    line(&lighter, "container rm -f always unless never").succeeds();
}
