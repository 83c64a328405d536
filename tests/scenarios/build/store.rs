//! What builds leave in the store: for builds that are killed, that meet, and for those who look and clean up.

use scenarios::lighter::run;
use scenarios::{Folder, Lighter, Outcome, Project, host, require, wait_until};
use std::io::Write as _;
use std::process::{Command, Stdio};

const COMPOSE: &str = "services: {web: {build: ., image: 'built:1'}}";

/// A value that is another one each time the step is run.
const RANDOM: &str = "cat /proc/sys/kernel/random/uuid";

#[test]
fn killed_build_leaves_its_finished_steps() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    // The second step waits for good, until the third build has no such argument.
    project.write(
        "Dockerfile",
        format!("FROM busybox\nRUN {RANDOM} > /made && echo done\nARG WAIT\nRUN test -z $WAIT || {{ echo waiting; sleep 1000000; }}\n"),
    );
    let log = project.folder().path().join("log");
    let file = std::fs::File::create(&log).expect("a log can be made");
    let mut build = project.command(&["build", "--progress", "plain", "--build-arg", "WAIT=yes"]);
    let mut build = build.stdout(file.try_clone().expect("the log is open")).stderr(file).spawn();
    let build = build.as_mut().expect("the build starts");
    let says = |text: &str| std::fs::read_to_string(&log).is_ok_and(|log| log.contains(text));
    wait_until("the second step runs", || says(" waiting\n"));
    build.kill().expect("the build can be killed");
    build.wait().expect("the build has ended");
    let again = project.run(&["build", "--progress", "plain"]).succeeds();
    assert!(again.stderr.contains("#2 CACHED"), "the finished step was run again: {again:#?}");
    assert!(again.stderr.contains("#3 DONE"), "{again:#?}");
    lighter.run(["image", "verify"]).succeeds();
}

#[test]
fn builds_of_one_project_may_meet() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.write("Dockerfile", format!("FROM busybox\nRUN {RANDOM} > /made\nRUN cat /made > /copy\n"));
    let start = || {
        let mut command = project.command(&["build"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a build starts")
    };
    let builds = [start(), start()];
    for build in builds {
        let output = build.wait_with_output().expect("a build ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let seen = project.run(&["run", "--rm", "-T", "web", "sh", "-c", "cmp /made /copy && echo same"]);
    assert_eq!(seen.succeeds().stdout, "same\n");
    lighter.run(["image", "verify"]).succeeds();
}

#[test]
fn cache_is_listed_and_pruned() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.write(
        "Dockerfile",
        format!("FROM busybox\nRUN --mount=type=cache,target=/kept {RANDOM} > /made && touch /kept/file\n"),
    );
    let made = || {
        project.run(&["build"]).succeeds();
        project.run(&["run", "--rm", "-T", "web", "cat", "/made"]).succeeds().stdout
    };
    let kinds = || {
        let listed = lighter.run(["builder", "df", "--format", "{{.Type}}"]).succeeds().stdout;
        let mut kinds: Vec<String> = listed.lines().map(str::to_owned).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    let first = made();
    assert!(kinds().iter().any(|kind| kind == "exec.cachemount"), "{:?}", kinds());
    lighter.run(["builder", "prune", "-f", "--filter", "type=exec.cachemount"]).succeeds();
    assert!(kinds().iter().all(|kind| kind != "exec.cachemount"), "{:?}", kinds());
    assert_eq!(made(), first, "the step of an image was forgotten");
    lighter.run(["builder", "prune", "-f", "--all"]).succeeds();
    assert_eq!(kinds(), Vec::<String>::new());
    assert_ne!(made(), first, "the step was not forgotten");
}

/// Runs `command` with `text` on its stdin.
fn with_input(mut command: Command, text: &str) -> Outcome {
    let (reader, mut writer) = std::io::pipe().expect("a pipe can be made");
    writer.write_all(text.as_bytes()).expect("a short text fits into a pipe");
    drop(writer);
    command.stdin(reader);
    run(command)
}

#[test]
fn dockerfile_may_come_on_stdin() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let text = "FROM busybox\nRUN echo from stdin > /made\nCMD cat /made\n";
    with_input(lighter.command(["image", "build", "-t", "built:1", "-"]), text).succeeds();
    let printed = lighter.run(["container", "run", "--rm", "built:1"]).succeeds().stdout;
    assert_eq!(printed, "from stdin\n");
}

/// An installation on a small file system of its own.
struct SmallDisk<'a> {
    lighter: &'a Lighter,
    mount: std::path::PathBuf,
}

impl SmallDisk<'_> {
    fn build(&self, project: &Project, arguments: &[&str]) -> Outcome {
        let mut command = project.command(arguments);
        command.env("LIGHTER_ROOT", self.mount.join("root"));
        run(command)
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.lighter.command(arguments);
        command.env("LIGHTER_ROOT", self.mount.join("root"));
        run(command)
    }
}

#[test]
fn full_disk_is_said_and_nothing_is_lost() {
    require!(Root, Seeds);
    let (lighter, folder) = (Lighter::new(), Folder::new("full"));
    let project = Project::new(&lighter, COMPOSE);
    let (disk, mount) = (folder.path().join("disk"), folder.path().join("mount"));
    std::fs::create_dir(&mount).expect("made");
    std::fs::File::create(&disk).and_then(|file| file.set_len(24 << 20)).expect("made");
    let (disk, mount_point) = (disk.display().to_string(), mount.display().to_string());
    host::run("mkfs.ext4", &["-q", "-O", "^has_journal", &disk]);
    host::run("mount", &["-o", "loop", &disk, &mount_point]);
    let small = SmallDisk { lighter: &lighter, mount };

    project.write("Dockerfile", "FROM busybox\nRUN echo small > /made\n");
    let first = small.build(&project, &["build"]);
    project.write("large", vec![1; 32 << 20]);
    project.write("Dockerfile", "FROM busybox\nRUN echo small > /made\nCOPY large /\n");
    let copied = small.build(&project, &["build"]);
    project.write("Dockerfile", "FROM busybox\nRUN echo small > /made\nRUN cat /dev/zero > /large\n");
    let ran = small.build(&project, &["build"]);
    let kept = small.run(&["image", "ls", "-q"]);
    let verified = small.run(&["image", "verify", "-q"]);
    let pruned = small.run(&["builder", "prune", "-f"]);
    project.write("Dockerfile", "FROM busybox\nRUN echo small > /made\nRUN echo later > /later\n");
    let later = small.build(&project, &["build", "--progress", "plain"]);
    let swept = small.run(&["system", "prune", "-f", "-a", "--volumes"]);
    host::run("umount", &[&mount_point]);
    first.succeeds();
    let place = format!("no room left in {mount_point}");
    for full in [copied, ran] {
        full.fails_with(1).says(&[
            &place,
            "lighter builder prune",
            "Dockerfile:3",
            "No space left on device",
        ]);
    }
    assert_eq!(kept.succeeds().stdout.lines().count(), 2, "the base and what was built before");
    for outcome in [verified, pruned, swept] {
        outcome.succeeds();
    }
    assert!(later.succeeds().stderr.contains("#2 CACHED"), "the finished step was run again");
}

#[test]
fn base_may_be_removed_while_a_build_stands_on_it() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    // The step waits until the image is gone, which a file of a cache mount tells it.
    project.write(
        "Dockerfile",
        "FROM busybox\nRUN --mount=type=cache,target=/gate echo waiting && until test -e /gate/open; do usleep 10000; done\nRUN echo done > /made\n",
    );
    let log = project.folder().path().join("log");
    let file = std::fs::File::create(&log).expect("a log can be made");
    let mut build = project.command(&["build", "--progress", "plain"]);
    let mut build =
        build.stdout(file.try_clone().expect("open")).stderr(file).spawn().expect("a build starts");
    let says = |text: &str| std::fs::read_to_string(&log).is_ok_and(|log| log.contains(text));
    wait_until("the first step runs", || says(" waiting\n"));
    lighter.run(["image", "rm", "busybox"]).succeeds();
    lighter.run(["image", "prune", "-a", "-f"]).succeeds();
    let root = lighter.root().display().to_string();
    let gate = host::run("find", &[&root, "-path", "*/build/mounts/*/0", "-prune"]);
    std::fs::write(std::path::Path::new(gate.trim()).join("open"), "").expect("opened");
    assert!(build.wait().expect("a build ends").success(), "{:?}", std::fs::read_to_string(&log));
    let made = project.run(&["run", "--rm", "-T", "web", "cat", "/made"]);
    assert_eq!(made.succeeds().stdout, "done\n");
    lighter.run(["image", "verify"]).succeeds();
}
