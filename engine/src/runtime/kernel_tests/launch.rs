//! Programs run, and failures say which step it was.

use super::Case;
use super::container::{Container, is_mounted};
use engine::require;
use engine::runtime::launch::{LaunchError, spawn};
use engine::runtime::spec::{ResolvedMount, ResolvedSource};
use nix::errno::Errno;
use std::fs;
use std::io::Read;

pub(crate) const CASES: &[Case] = &[
    ("launch::runs_a_program_and_returns_its_exit_code", runs_a_program_and_returns_its_exit_code),
    ("launch::sets_environment_host_name_and_working_folder", sets_environment_host_name_and_working_folder),
    ("launch::runs_as_the_user_with_its_groups_and_home", runs_as_the_user_with_its_groups_and_home),
    ("launch::a_missing_program_is_127_and_a_folder_126", a_missing_program_is_127_and_a_folder_126),
    ("launch::a_failing_mount_names_its_step", a_failing_mount_names_its_step),
    ("launch::what_inside_returns_arrives", what_inside_returns_arrives),
    ("launch::a_failure_inside_carries_its_causes", a_failure_inside_carries_its_causes),
    ("launch::dropping_a_prepared_launch_leaves_nothing", dropping_a_prepared_launch_leaves_nothing),
    ("launch::a_terminal_is_controlling_and_the_console", a_terminal_is_controlling_and_the_console),
    ("launch::a_bind_over_a_dangling_link_makes_its_target", a_bind_over_a_dangling_link_makes_its_target),
    ("launch::a_child_dies_with_its_parent", a_child_dies_with_its_parent),
    (
        "launch::layers_are_mounted_by_descriptor_where_paths_are_too_long",
        layers_are_mounted_by_descriptor_where_paths_are_too_long,
    ),
];

fn runs_a_program_and_returns_its_exit_code() {
    require!(Root, Busybox);
    let container = Container::new("echo hello; echo $$; exit 7");
    let outcome = container.run();
    assert_eq!((outcome.code, outcome.output.as_str()), (7, "hello\n1\n"));
    assert!(!is_mounted(&container.folder), "nothing is mounted on the host");
}

fn sets_environment_host_name_and_working_folder() {
    require!(Root, Busybox);
    let mut container =
        Container::new("hostname; pwd; echo $A $B; ls -d /dev/fd /dev/shm /dev/mqueue; ulimit -n");
    container.spec.hostname = Some("box".to_owned());
    container.spec.process.working_dir = Some("/made/here".into());
    container.spec.process.environment.insert("A".to_owned(), Some("spec".to_owned()));
    container.image.environment = vec!["A=image".to_owned(), "B=image".to_owned()];
    let limit = engine_spec::Ulimit { soft: 100, hard: 200 };
    container.spec.resources.ulimits.insert("nofile".to_owned(), limit);
    let outcome = container.run();
    let expected = "box\n/made/here\nspec image\n/dev/fd\n/dev/mqueue\n/dev/shm\n100\n";
    assert_eq!(outcome.output, expected);
}

fn runs_as_the_user_with_its_groups_and_home() {
    require!(Root, Busybox);
    let mut container = Container::new("id; echo $HOME; echo again > /dev/stdout");
    container.spec.process.user = Some("app".to_owned());
    let outcome = container.run();
    let expected = "uid=1000(app) gid=1000(app) groups=50(extra),1000(app)\n/home/app\nagain\n";
    assert_eq!(outcome.output.replace("1000(app),50(extra)", "50(extra),1000(app)"), expected);
}

fn a_missing_program_is_127_and_a_folder_126() {
    require!(Root, Busybox);
    for (program, code) in [("nothing", 127), ("/nothing", 127), ("/etc", 126), ("/etc/passwd", 126)] {
        let mut container = Container::new("");
        container.spec.process.command = Some(vec![program.to_owned()]);
        let error = container.start().map(drop).expect_err("no such program");
        assert_eq!((error.exit_code(), error.to_string()), (code, format!("cannot execute `{program}`")));
    }
}

fn a_failing_mount_names_its_step() {
    require!(Root, Busybox);
    let mut container = Container::new("");
    let source = ResolvedSource::Bind {
        path: "/proc/no-such".into(),
        propagation: None,
        recursive: engine_spec::Recursive::Enabled,
        idmap: None,
    };
    container.mounts = vec![ResolvedMount { target: "/data".into(), source, read_only: false }];
    let error = container.start().map(drop).expect_err("no such source");
    assert_eq!(error.to_string(), "cannot mount /proc/no-such at /data");
    assert!(matches!(error, LaunchError::Step { source: Errno::ENOENT, .. }));
}

fn what_inside_returns_arrives() {
    require!(Root, Busybox);
    let container = Container::new("true");
    let (sandbox, _output) = container.sandbox();
    let own = fs::read_link("/proc/self/ns/net").expect("read");
    let inside = Box::new(move || {
        assert_ne!(fs::read_link("/proc/self/ns/net")?, own, "it runs in the container's network");
        let (reader, writer) = nix::unistd::pipe()?;
        nix::unistd::write(&writer, b"from inside")?;
        Ok(vec![reader])
    });
    let mut prepared = spawn(sandbox, inside).expect("made").proceed().expect("prepared");
    let mut text = String::new();
    fs::File::from(prepared.descriptors.remove(0)).read_to_string(&mut text).expect("read");
    assert_eq!(text, "from inside");
}

fn a_failure_inside_carries_its_causes() {
    require!(Root, Busybox);
    let container = Container::new("true");
    let inside = Box::new(|| Err("no address".into()));
    let error = container.start_with(inside).map(drop).expect_err("failed");
    assert_eq!(error.to_string(), "cannot set up the container's network: no address");
}

fn dropping_a_prepared_launch_leaves_nothing() {
    require!(Root, Busybox);
    let container = Container::new("true");
    let (sandbox, mut output) = container.sandbox();
    let pending = spawn(sandbox, Box::new(|| Ok(Vec::new()))).expect("made");
    let pid = pending.pid();
    let prepared = pending.proceed().expect("prepared");
    assert_eq!(container.cgroup().pids().expect("read"), [pid]);
    drop(prepared);
    assert!(!fs::exists(format!("/proc/{pid}")).expect("asked"), "the child is gone and reaped");
    let mut text = String::new();
    output.read_to_string(&mut text).expect("read");
    assert_eq!(text, "");
}

fn a_terminal_is_controlling_and_the_console() {
    require!(Root, Busybox);
    let mut container = Container::new(
        "tty; ls -l /dev/console | head -c 1; echo; echo $TERM > /dev/tty; read line; echo got $line",
    );
    container.spec.process.tty = true;
    let (sandbox, _) = container.sandbox();
    let mut prepared =
        spawn(sandbox, Box::new(|| Ok(Vec::new()))).expect("made").proceed().expect("prepared");
    let mut terminal = fs::File::from(prepared.terminal.take().expect("a terminal"));
    let running = prepared.start().expect("started");
    std::io::Write::write_all(&mut terminal, b"typed\n").expect("written");
    let mut bytes = Vec::new();
    // A terminal whose other end is closed reads as EIO.
    let _ = terminal.read_to_end(&mut bytes);
    assert_eq!(super::container::wait(&running.pidfd), 0);
    let text = String::from_utf8(bytes).expect("text").replace("\r\n", "\n");
    assert_eq!(
        text.replace("typed\n", ""),
        "/dev/pts/0\nc\nxterm\ngot typed\n".replace("got typed\n", "got ")
    );
}

fn a_bind_over_a_dangling_link_makes_its_target() {
    require!(Root, Busybox);
    let mut container = Container::new("cat /etc/resolv.conf; cat /run/resolve/stub.conf");
    std::os::unix::fs::symlink("../run/resolve/stub.conf", container.folder.join("layer/etc/resolv.conf"))
        .expect("linked");
    let source = container.folder.join("resolv.conf");
    fs::write(&source, "nameserver\n").expect("written");
    let source = ResolvedSource::Bind {
        path: source,
        propagation: None,
        recursive: engine_spec::Recursive::Enabled,
        idmap: None,
    };
    container.mounts = vec![ResolvedMount { target: "/etc/resolv.conf".into(), source, read_only: false }];
    assert_eq!(container.run().output, "nameserver\nnameserver\n");
}

/// The engine's process dies between making the child and starting it.
fn a_child_dies_with_its_parent() {
    require!(Root, Busybox);
    let container = Container::new("true");
    let (sandbox, _output) = container.sandbox();
    let supervisor = engine::sys::process::clone3(0, None, (), || {
        let pending = spawn(sandbox, Box::new(|| Ok(Vec::new()))).expect("made");
        // Killed with the child waiting: nothing is dropped.
        engine::sys::process::kill(nix::unistd::getpid(), libc::SIGKILL).expect("sent");
        i32::from(pending.pid().as_raw() == 0)
    });
    let (supervisor, ()) = supervisor.expect("made");
    assert_eq!(super::container::wait(&supervisor.pidfd), 128 + 9);
    container.cgroup().remove().expect("empty as soon as the child has noticed");
}

fn layers_are_mounted_by_descriptor_where_paths_are_too_long() {
    require!(Root, Busybox);
    let container = Container::new("cat /top /bottom");
    let long = container.folder.join("x".repeat(200)).join("y".repeat(100));
    fs::create_dir_all(&long).expect("created");
    fs::write(long.join("top"), "top\n").expect("written");
    fs::write(container.folder.join("layer/bottom"), "bottom\n").expect("written");
    // A volatile overlay's work folder cannot be mounted again.
    let [upper, work] = ["volatile-upper", "volatile-work"].map(|name| container.folder.join(name));
    for path in [&upper, &work] {
        fs::create_dir(path).expect("created");
    }
    let overlay = engine::runtime::rootfs::Overlay {
        layers: vec![long, container.folder.join("layer")],
        upper,
        work,
        durability: engine::runtime::rootfs::Durability::Deferred,
    };
    let root = overlay.mount().expect("mounted");
    let (mut sandbox, mut output) = container.sandbox();
    sandbox.root = root;
    let running =
        spawn(sandbox, Box::new(|| Ok(Vec::new()))).expect("made").proceed().expect("prepared").start();
    let mut text = String::new();
    output.read_to_string(&mut text).expect("read");
    assert_eq!(super::container::wait(&running.expect("started").pidfd), 0);
    assert_eq!(text, "top\nbottom\n");
    assert!(!is_mounted(&container.folder), "nothing is mounted on the host");
}
