//! What containers do while all goes well.

use crate::machine::{Machine, chain};
use engine::container;
use engine_spec::{
    Condition, HealthSpec, HealthTest, MountSource, MountSpec, PortSpec, Protocol, RestartPolicy, Status,
    VolumeName, VolumeOptions,
};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

pub(crate) fn runs_logs_and_leaves_nothing(machine: &Machine) {
    let spec = machine.spec("one", "echo out; echo err >&2; exit 3");
    machine.start(&spec);
    assert_eq!(container::wait_exit(&machine.layout, &spec.name).expect("ended"), Some(3));
    let logs = machine.logs("one");
    assert!(logs.contains("out\n") && logs.contains("err\n"), "{logs}");
    assert!(matches!(machine.status("one"), Status::Exited { exit_code: Some(3), .. }));
    container::remove(&machine.layout, &spec.name, true).expect("removed");
}

pub(crate) fn names_and_ports(machine: &Machine) {
    let server = "mkdir -p /www; echo hello > /www/index.html; exec httpd -f -p 5000 -h /www";
    let mut web = machine.connected("web", &server.replace("mkdir", "busybox mkdir"));
    web.ports = vec![PortSpec {
        host_ip: Some(Ipv4Addr::LOCALHOST.into()),
        published: None,
        target: 5000,
        protocol: Protocol::Tcp,
    }];
    web.init = false;
    let ports = machine.start(&web);
    let client = machine.connected("client", "sleep 60");
    machine.start(&client);
    for name in ["web", "web-alias"] {
        let (code, text) = machine.exec("client", &format!("nslookup {name} 127.0.0.11"));
        assert_eq!(code, 0, "{name} is not found: {text}");
    }
    let mut answer = String::new();
    let until = Instant::now() + Duration::from_secs(5);
    // The server needs a moment to listen.
    while !answer.contains("hello") && Instant::now() < until {
        if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, ports[0].host_port)) {
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("asked");
            // A connection that is refused inside is reset.
            let _ = stream.read_to_string(&mut answer);
        }
    }
    assert!(answer.contains("hello"), "{answer:?} at {ports:?}");
    for name in [web.name, client.name] {
        container::remove(&machine.layout, &name, true).expect("removed");
    }
}

pub(crate) fn exec(machine: &Machine) {
    let spec = machine.spec("one", "sleep 60");
    machine.start(&spec);
    assert_eq!(machine.exec("one", "echo $0 hi; exit 7"), (7, "/bin/sh hi\n".into()));
    let init =
        machine.exec("one", "busybox grep -E '^(Cap|Seccomp:|NoNewPrivs|SigIgn|SigBlk)' /proc/1/status").1;
    let this =
        machine.exec("one", "busybox grep -E '^(Cap|Seccomp:|NoNewPrivs|SigIgn|SigBlk)' /proc/self/status").1;
    assert_eq!(init, this);
    assert!(this.contains("Seccomp:\t2"), "{this}");
    assert!(this.contains("SigBlk:\t0000000000000000"), "{this}");
    assert_eq!(machine.exec("one", "cat /proc/1/oom_score_adj").1, "0\n");
    container::remove(&machine.layout, &spec.name, true).expect("removed");
}

pub(crate) fn missing_program(machine: &Machine) {
    let mut spec = machine.spec("one", "");
    spec.process.entrypoint = Some(vec!["/bin/nothing".into()]);
    container::create(&machine.layout, &spec, None).expect("created");
    let error = container::start(&machine.layout, &spec.name).expect_err("nothing to run");
    assert_eq!(error.exit_code(), Some(127), "{}", chain(&error));
    assert!(matches!(machine.status("one"), Status::Exited { exit_code: Some(127), error: Some(_), .. }));
    container::remove(&machine.layout, &spec.name, true).expect("removed");
}

pub(crate) fn deaf_stop(machine: &Machine) {
    let mut deaf = machine.spec("deaf", "");
    deaf.process.entrypoint = Some(vec!["/bin/sleep".into(), "60".into()]);
    machine.start(&deaf);
    let before = Instant::now();
    container::stop(&machine.layout, &deaf.name, None).expect("stopped");
    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    assert!(
        matches!(machine.status("deaf"), Status::Exited { exit_code: Some(137), stopped_by_user: true, .. }),
        "{:?}",
        machine.status("deaf")
    );
    let polite = machine.spec("polite", "trap 'exit 5' TERM; echo ready; while true; do sleep 0.01; done");
    machine.start(&polite);
    while !machine.logs("polite").contains("ready") {
        std::thread::yield_now();
    }
    container::stop(&machine.layout, &polite.name, None).expect("stopped");
    assert!(matches!(machine.status("polite"), Status::Exited { exit_code: Some(5), .. }));
    for name in [deaf.name, polite.name] {
        container::remove(&machine.layout, &name, true).expect("removed");
    }
}

pub(crate) fn terminal(machine: &Machine) {
    let mut spec = machine.spec("one", "test -t 0 && test -t 1 && echo a terminal; exit 3");
    spec.process.tty = true;
    machine.start(&spec);
    assert_eq!(container::wait_exit(&machine.layout, &spec.name).expect("ended"), Some(3));
    assert_eq!(machine.logs("one"), "a terminal\r\n");
    container::remove(&machine.layout, &spec.name, true).expect("removed");
}

pub(crate) fn restart_policy(machine: &Machine) {
    let mut spec = machine.spec("one", "echo again; exit 1");
    spec.restart = RestartPolicy::OnFailure { max_attempts: Some(2) };
    machine.start(&spec);
    assert_eq!(container::wait_exit(&machine.layout, &spec.name).expect("ended"), Some(1));
    assert_eq!(machine.logs("one"), "again\n".repeat(3));
    container::remove(&machine.layout, &spec.name, true).expect("removed");
}

pub(crate) fn health(machine: &Machine) {
    let mut spec = machine.spec("one", "sleep 60");
    spec.healthcheck = Some(HealthSpec {
        test: Some(HealthTest::Shell("test -e /ready || { echo not yet; exit 1; }".into())),
        interval: Some(Duration::from_millis(50)),
        retries: Some(1000),
        ..HealthSpec::default()
    });
    machine.start(&spec);
    assert_eq!(machine.exec("one", "echo > /ready").0, 0);
    let deadline = Some(Instant::now() + Duration::from_secs(10));
    container::wait(&machine.layout, &spec.name, Condition::Healthy, deadline).expect("healthy");
    container::remove(&machine.layout, &spec.name, true).expect("removed");
}

pub(crate) fn volumes(machine: &Machine) {
    let volume = VolumeName::new("data").expect("valid");
    let options = VolumeOptions::default();
    let mount = MountSpec {
        target: "/seeded".into(),
        source: MountSource::Volume { name: Some(volume.clone()), options },
        read_only: false,
    };
    for (name, line, expected) in [
        (
            "first",
            "cat /seeded/file; stat -c %a /seeded; echo changed > /seeded/file",
            "from the image\n1750\n",
        ),
        ("second", "cat /seeded/file", "changed\n"),
    ] {
        let mut spec = machine.spec(name, line);
        spec.mounts = vec![mount.clone()];
        machine.start(&spec);
        assert_eq!(container::wait_exit(&machine.layout, &spec.name).expect("ended"), Some(0));
        assert_eq!(machine.logs(name), expected);
        container::remove(&machine.layout, &spec.name, true).expect("removed");
    }
    let anonymous = machine.spec("third", "cat /seeded/file");
    machine.start(&anonymous);
    container::wait_exit(&machine.layout, &anonymous.name).expect("ended");
    assert_eq!(machine.logs("third"), "from the image\n");
    container::remove(&machine.layout, &anonymous.name, true).expect("removed");
    engine::volume::remove(&machine.layout, &volume).expect("removed");
    assert!(engine::volume::list(&machine.layout).expect("listed").is_empty());
}
