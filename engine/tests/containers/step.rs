//! RUN steps of builds.

use crate::machine::Machine;
use engine::supervisor::step::{self, SecretBytes, StepMount, StepSource, StepSpec, Stream};
use engine_spec::BuildNetwork;
use std::fs;
use std::os::fd::AsFd;
use std::path::Path;

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

    mounts(machine, &mut spec, &base);

    spec.network = BuildNetwork::None;
    spec.arguments = vec!["/nothing".into()];
    let (never, _writer) = std::io::pipe().expect("made");
    assert!(step::run(&machine.layout, &spec, never.as_fd(), &mut |_, _| {}).is_err());
    let bridge = engine::network::list(&machine.layout).expect("listed");
    bridge
        .iter()
        .for_each(|network| engine::network::remove(&machine.layout, &network.spec.name).expect("removed"));
}

/// What is mounted is seen while the command runs, and leaves nothing behind.
fn mounts(machine: &Machine, spec: &mut StepSpec, base: &Path) {
    let folder = base.join("folder");
    fs::create_dir_all(&folder).expect("created");
    fs::write(folder.join("f"), "from a folder\n").expect("written");
    std::os::unix::fs::symlink("/etc", folder.join("out")).expect("linked");
    let mount =
        |target: &str, source, is_read_only| StepMount { target: target.into(), source, is_read_only };
    let place = |path: &str| StepSource::Folder { root: folder.clone(), path: path.into() };
    let content = SecretBytes(b"secret\n".to_vec());
    let layers =
        StepSource::Layers { layers: spec.layers.clone(), scratch: base.join("scratch"), path: "bin".into() };
    spec.options.mounts = vec![
        mount("/deep/er/folder", place(""), true),
        mount("/deep/file", place("f"), true),
        mount("/layers", layers, false),
        mount("/memory", StepSource::Tmpfs { size: Some(1 << 20) }, false),
        mount("/run/secrets/s", StepSource::Secret { content, mode: 0o440, uid: 7, gid: 8 }, true),
    ];
    let script = "cat /deep/er/folder/f /deep/file /run/secrets/s; ls -ln /run/secrets/s; test -e /layers/sh && \
                  echo > /layers/new && echo > /memory/new && ! (echo > /deep/er/folder/new) 2>/dev/null && echo well";
    spec.arguments = ["/bin/sh", "-c", script].map(String::from).to_vec();
    let run = |spec: &StepSpec| {
        // Overlayfs refuses a work folder that a volatile mount has used (kernel documentation).
        let _ = fs::remove_dir_all(&spec.work);
        fs::create_dir_all(&spec.work).expect("created");
        let (never, _writer) = std::io::pipe().expect("made");
        let mut out = Vec::new();
        let code =
            step::run(&machine.layout, spec, never.as_fd(), &mut |_, bytes| out.extend_from_slice(bytes));
        (code.map_err(|error| crate::machine::chain(&error)), String::from_utf8_lossy(&out).into_owned())
    };
    let (code, out) = run(spec);
    assert_eq!(code, Ok(0), "{out}");
    assert!(
        out.starts_with("from a folder\nfrom a folder\nsecret\n-r--r----- ") && out.ends_with("well\n"),
        "{out}"
    );
    assert!(out.contains(" 7 ") && out.contains(" 8 "), "{out}");
    let left = |name: &str| spec.upper.join(name).exists();
    assert!(
        !left("deep") && !left("layers") && !left("memory") && !left("run/secrets"),
        "a mount point is left"
    );

    // A link that leads out of its folder ends inside it.
    spec.options.mounts = vec![mount("/x", place("out"), true)];
    assert!(run(spec).0.is_err());
    spec.options.mounts.clear();
}
