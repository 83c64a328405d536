//! What becomes of containers when supervisors and commands are killed.

use crate::machine::Machine;
use engine::container;
use engine::state::container as records;
use engine::state::record;
use engine_spec::Status;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::signal::{Signal, kill};
use std::fs;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

fn supervisor_of(machine: &Machine, name: &str) -> nix::unistd::Pid {
    let id = records::by_name(&machine.layout, &Machine::name(name)).expect("there");
    let status = records::status(&machine.layout, &id).expect("read");
    status.supervisor.expect("supervised").pid()
}

pub(crate) fn adoption(machine: &Machine) {
    let spec =
        machine.connected("one", "echo before; while test ! -e /go; do sleep 0.01; done; echo after; exit 4");
    machine.start(&spec);
    let other = machine.connected("two", "sleep 60");
    machine.start(&other);
    while !machine.logs("one").contains("before") {
        std::thread::yield_now();
    }
    let Status::Running { pid, .. } = machine.status("one") else { panic!("it runs") };
    let supervisor = supervisor_of(machine, "one");
    let pidfd = engine::sys::pidfd_open(supervisor).expect("opened");
    kill(supervisor, Signal::SIGKILL).expect("killed");
    let mut ended = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    nix::poll::poll(&mut ended, PollTimeout::NONE).expect("waited");
    assert!(
        fs::exists(format!("/proc/{pid}/exe")).expect("looked"),
        "the container died with its supervisor"
    );

    container::repair(&machine.layout, None).expect("repaired");
    assert!(matches!(machine.status("one"), Status::Running { pid: same, .. } if same == pid));
    assert_ne!(supervisor_of(machine, "one"), supervisor);
    assert_eq!(machine.exec("one", "nslookup two 127.0.0.11").0, 0);
    assert_eq!(machine.exec("one", "echo > /go").0, 0);
    let code = container::wait_exit(&machine.layout, &spec.name).expect("ended");
    // An init that reaps at once hides it on kernels before 6.15.
    assert!(matches!(code, None | Some(4)), "{code:?}");
    assert_eq!(machine.logs("one"), "before\nafter\n");
    for name in [spec.name, other.name] {
        container::remove(&machine.layout, &name, true).expect("removed");
    }
}

/// Kills supervisors at many points of their launch; whatever they left, the next start succeeds.
pub(crate) fn killed_launch(machine: &Machine) {
    let spec = machine.connected("one", "sleep 60");
    let id = container::create(&machine.layout, &spec, None).expect("created");
    for microseconds in (0..12_000).step_by(400) {
        let binary = std::env::current_exe().expect("known");
        let mut supervisor = Command::new(binary)
            .args(["__supervise", id.as_str()])
            .env("LIGHTER_ROOT", machine.layout.root().expect("of its own"))
            .stdin(Stdio::null())
            .spawn()
            .expect("spawned");
        let until = std::time::Instant::now() + std::time::Duration::from_micros(microseconds);
        while std::time::Instant::now() < until {
            std::hint::spin_loop();
        }
        supervisor.kill().expect("killed");
        supervisor.wait().expect("reaped");
        container::repair(&machine.layout, None).expect("repaired");
        container::start(&machine.layout, &spec.name).expect("started");
        container::stop(&machine.layout, &spec.name, None).expect("stopped");
    }
    container::remove(&machine.layout, &spec.name, true).expect("removed");
}

pub(crate) fn half_made(machine: &Machine) {
    let spec = machine.spec("one", "true");
    let id = container::create(&machine.layout, &spec, None).expect("created");
    let record: records::ContainerRecord =
        record::read(&records::record_path(&machine.layout, &id)).expect("read").expect("there");
    assert_eq!(record.spec.name, spec.name);
    fs::remove_file(records::record_path(&machine.layout, &id)).expect("removed");
    container::repair(&machine.layout, None).expect("repaired");
    assert!(!machine.layout.container(&id).exists());
    container::create(&machine.layout, &spec, None).expect("the name is free again");
    container::remove(&machine.layout, &spec.name, true).expect("removed");
}
