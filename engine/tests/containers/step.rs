//! RUN steps of builds.

use crate::machine::Machine;
use engine::supervisor::step::{self, StepSpec, Stream};
use engine_spec::BuildNetwork;
use std::fs;
use std::os::fd::AsFd;

pub(crate) fn runs(machine: &Machine) {
    let base = machine.layout.temporary().join("step");
    let (upper, work) = (base.join("upper"), base.join("work"));
    fs::create_dir_all(&upper).expect("created");
    fs::create_dir_all(&work).expect("created");
    let layers =
        fs::read_dir(machine.layout.layers()).expect("listed").map(|entry| entry.expect("read").path());
    let layers = layers.filter(|path| path.is_dir());
    let mut spec = StepSpec {
        id: "one".into(),
        layers: layers.collect(),
        upper: upper.clone(),
        work,
        arguments: [
            "/bin/sh",
            "-c",
            "echo $GREETING; echo no >&2; cat /etc/resolv.conf; echo > /made; exit 3",
        ]
        .map(String::from)
        .to_vec(),
        environment: vec!["PATH=/bin".into(), "GREETING=hello".into()],
        working_dir: "/tmp".into(),
        user: None,
        network: BuildNetwork::Default,
        extra_hosts: Vec::new(),
        options: step::StepOptions::default(),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (never, _writer) = std::io::pipe().expect("made");
    let code = step::run(&machine.layout, &spec, never.as_fd(), &mut |stream, bytes| match stream {
        Stream::Stdout => out.extend_from_slice(bytes),
        Stream::Stderr => err.extend_from_slice(bytes),
    });
    assert_eq!(code.unwrap_or_else(|error| panic!("{}", crate::machine::chain(&error))), 3);
    let out = String::from_utf8_lossy(&out);
    assert!(out.starts_with("hello\n") && out.contains("127.0.0.11"), "{out}");
    assert_eq!(err, b"no\n");
    let made: Vec<_> =
        fs::read_dir(&upper).expect("listed").map(|entry| entry.expect("read").file_name()).collect();
    assert!(made.iter().all(|name| name == "made" || name == "etc"), "{made:?}");

    spec.network = BuildNetwork::None;
    spec.arguments = vec!["/nothing".into()];
    let (never, _writer) = std::io::pipe().expect("made");
    assert!(step::run(&machine.layout, &spec, never.as_fd(), &mut |_, _| {}).is_err());
    let bridge = engine::network::list(&machine.layout).expect("listed");
    bridge
        .iter()
        .for_each(|network| engine::network::remove(&machine.layout, &network.spec.name).expect("removed"));
}
