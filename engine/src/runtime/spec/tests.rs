//! Specs as JSON text: the whole of one container, then what single wishes change in it.

use super::*;
use engine_spec::{ContainerName, Digest, ImageReference, Recursive};
use serde_json::{Value, json};

fn container() -> ContainerSpec {
    let name = ContainerName::new("demo-web-1").expect("a name");
    let image = ImageReference::parse("web").expect("a reference");
    ContainerSpec::new(name, image, Digest::from_sha256([0; 32]))
}

fn image() -> ImageConfig {
    ImageConfig {
        environment: vec!["PATH=/opt/bin:/bin".to_owned(), "FLASK_APP=app.py".to_owned()],
        command: Some(vec!["flask".to_owned(), "run".to_owned()]),
        working_dir: Some("/code".to_owned()),
        ..ImageConfig::default()
    }
}

fn resolved(cgroup: Version) -> Resolved {
    Resolved {
        id: ContainerId::from_random([0xab; 32]),
        user: ResolvedUser::default(),
        mounts: Vec::new(),
        devices: Vec::new(),
        apparmor: None,
        edits: Default::default(),
        block_io: None,
        cgroup_path: PathBuf::from("lighter/abab"),
        joined: Joined::default(),
        host: Host { name: "machine".to_owned(), capabilities: CapabilitySet::ALL, cgroup },
    }
}

fn described(spec: &ContainerSpec, resolved: &Resolved) -> Value {
    let described = oci_spec(spec, &image(), resolved).expect("can be described");
    serde_json::to_value(described).expect("is JSON")
}

/// Compares what is at `pointer` of the spec that `change` leads to.
fn check(pointer: &str, change: impl FnOnce(&mut ContainerSpec, &mut Resolved), expected: Value) {
    let (mut spec, mut resolved) = (container(), resolved(Version::V2));
    change(&mut spec, &mut resolved);
    let described = described(&spec, &resolved);
    assert_eq!(described.pointer(pointer).unwrap_or(&Value::Null), &expected, "at {pointer}");
}

#[test]
fn a_plain_container_is_what_docker_writes() {
    let mut described = described(&container(), &resolved(Version::V2));
    // The crate keeps capabilities as a hash set, whose order differs from run to run.
    let sets = described["process"]["capabilities"].as_object_mut().expect("sets");
    sets.values_mut().flat_map(Value::as_array_mut).for_each(|set| set.sort_by_key(Value::to_string));
    let text = serde_json::to_string_pretty(&described).expect("is JSON");
    let golden = include_str!("plain.json");
    assert!(text == golden.trim_end(), "spec/plain.json differs from\n{text}");
}

#[test]
fn a_new_entrypoint_drops_the_images_command() {
    let entrypoint = |spec: &mut ContainerSpec| spec.process.entrypoint = Some(vec!["sh".to_owned()]);
    check("/process/args", |spec, _| entrypoint(spec), json!(["sh"]));
    let command = |spec: &mut ContainerSpec| spec.process.command = Some(vec!["-c".to_owned()]);
    check("/process/args", |spec, _| command(spec), json!(["-c"]));
    let both = |spec: &mut ContainerSpec| {
        entrypoint(spec);
        command(spec);
    };
    check("/process/args", |spec, _| both(spec), json!(["sh", "-c"]));
}

#[test]
fn variables_are_replaced_in_place_added_and_removed() {
    let change = |spec: &mut ContainerSpec, _: &mut Resolved| {
        spec.process.tty = true;
        spec.process.environment.insert("PATH".to_owned(), Some("/bin".to_owned()));
        spec.process.environment.insert("FLASK_APP".to_owned(), None);
        spec.process.environment.insert("EMPTY".to_owned(), Some(String::new()));
    };
    check("/process/env", change, json!(["PATH=/bin", "HOSTNAME=abababababab", "TERM=xterm", "EMPTY="]));
}

#[test]
fn a_user_keeps_capabilities_as_a_bound_only() {
    let change = |_: &mut ContainerSpec, resolved: &mut Resolved| {
        resolved.user = ResolvedUser { uid: 1000, gid: 50, groups: vec![10] };
        resolved.host.capabilities = CapabilitySet::from_bits(1);
    };
    check("/process/capabilities", change, json!({"bounding": ["CAP_CHOWN"]}));
    check("/process/user", change, json!({"uid": 1000, "gid": 50, "additionalGids": [10]}));
}

#[test]
fn a_privileged_container_sees_and_writes_all() {
    let change = |spec: &mut ContainerSpec, _: &mut Resolved| spec.security.privileged = true;
    check("/linux/maskedPaths", change, Value::Null);
    check("/linux/readonlyPaths", change, Value::Null);
    check("/linux/resources/devices", change, json!([{"allow": true, "type": "a", "access": "rwm"}]));
    check("/mounts/3/options", change, json!(["nosuid", "noexec", "nodev"]));
}

#[test]
fn mounts_come_outer_before_inner_and_replace_the_defaults() {
    let change = |_: &mut ContainerSpec, resolved: &mut Resolved| {
        let bind = |target: &str, read_only| ResolvedMount {
            target: target.into(),
            source: ResolvedSource::Bind {
                path: "/src".into(),
                propagation: None,
                recursive: Recursive::Enabled,
                idmap: None,
            },
            read_only,
        };
        let tmpfs =
            TmpfsOptions { size: Some(1024), mode: Some(0o700), uid: Some(5), ..TmpfsOptions::default() };
        let shm = ResolvedMount {
            target: "/dev/shm".into(),
            source: ResolvedSource::Tmpfs(tmpfs),
            read_only: false,
        };
        resolved.mounts = vec![bind("/a/b", true), shm, bind("/a", false)];
    };
    let expected = json!([
        {"destination": "/a", "type": "bind", "source": "/src", "options": ["rbind", "rprivate"]},
        {"destination": "/a/b", "type": "bind", "source": "/src", "options": ["rbind", "rprivate", "rro"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "tmpfs",
         "options": ["noexec", "nosuid", "nodev", "size=1024", "mode=700", "uid=5"]},
    ]);
    let (mut spec, mut resolved) = (container(), resolved(Version::V2));
    change(&mut spec, &mut resolved);
    let mut mounts = described(&spec, &resolved)["mounts"].as_array().cloned().expect("mounts");
    mounts.drain(..6);
    mounts.sort_by_key(|mount| mount["destination"].to_string());
    assert_eq!(Value::Array(mounts), expected);
}

#[test]
fn limits_are_translated_as_docker_does() {
    let change = |spec: &mut ContainerSpec, _: &mut Resolved| {
        spec.resources.memory.limit = Some(1000);
        spec.resources.cpu.nanos = Some(1_500_000_000);
        spec.resources.pids_limit = Some(50);
    };
    check("/linux/resources/memory", change, json!({"limit": 1000, "swap": 2000}));
    check("/linux/resources/cpu", change, json!({"quota": 150_000, "period": 100_000}));
    check("/linux/resources/pids", change, json!({"limit": 50}));
}

#[test]
fn the_hosts_network_brings_its_name_and_no_settings() {
    let change = |spec: &mut ContainerSpec, _: &mut Resolved| spec.network = NetworkMode::Host;
    check("/hostname", change, json!("machine"));
    check("/linux/sysctl", change, Value::Null);
    let kinds =
        json!([{"type": "mount"}, {"type": "uts"}, {"type": "pid"}, {"type": "ipc"}, {"type": "cgroup"}]);
    check("/linux/namespaces", change, kinds);
}

#[test]
fn wishes_that_cannot_be_met_are_named() {
    let refuse = |change: fn(&mut ContainerSpec)| {
        let mut spec = container();
        change(&mut spec);
        oci_spec(&spec, &image(), &resolved(Version::V2)).expect_err("refused").to_string()
    };
    let sysctl = refuse(|spec| spec.security.sysctls = [("kernel.panic".into(), "1".into())].into());
    assert_eq!(
        sysctl,
        "sysctl `kernel.panic` is not in a namespace of the container and would change the whole host; \
         if that is wanted, run `sysctl -w kernel.panic=1` on the host and take it out of the service"
    );
    assert_eq!(refuse(|spec| spec.security.cap_add = vec!["FLY".into()]), "unknown capability `FLY`");
    assert_eq!(
        refuse(|spec| spec.security.options = vec!["magic".into()]),
        "unknown security option `magic`"
    );
    let ulimit = refuse(|spec| {
        spec.resources.ulimits = [("luck".into(), engine_spec::Ulimit { soft: 1, hard: 1 })].into()
    });
    assert_eq!(ulimit, "unknown ulimit `luck`");
    let mut spec = container();
    spec.process.entrypoint = Some(Vec::new());
    assert!(matches!(oci_spec(&spec, &image(), &resolved(Version::V2)), Err(SpecError::NoCommand)));
}

#[test]
fn security_options_choose_the_profile() {
    let profile = |options: &[&str]| {
        let mut spec = container();
        spec.security.options = options.iter().map(ToString::to_string).collect();
        seccomp_profile(&spec).expect("known")
    };
    assert_eq!(profile(&[]), Profile::Default);
    assert_eq!(
        profile(&["seccomp:unconfined", "apparmor=unconfined", "no-new-privileges"]),
        Profile::Unconfined
    );
    assert_eq!(profile(&["seccomp=/etc/p.json"]), Profile::File("/etc/p.json".into()));
}
