//! What goes wrong on the way: a clear word each, nothing left behind, and the next pull does the job.

use super::{Source, id, nothing_is_left, ok, refused};
use scenarios::lighter::run;
use scenarios::{Fault, FaultProxy, Folder, Lighter, RegistryServer, host, require};
use std::time::Duration;

#[test]
fn a_failing_registry_is_named_and_leaves_nothing() {
    require!(Root, Seeds, Registry);
    let (registry, source) = (RegistryServer::plain(), Source::new());
    let pushed = format!("{}/app:1", registry.address());
    let made = source.import(&pushed);
    ok(&source.lighter, &["image", "push", "-q", &pushed]);
    let config = id(&source.lighter, &pushed);
    let proxy = FaultProxy::new(registry.address());
    let name = format!("{}/app:1", proxy.address());
    let target = Lighter::new();
    let cases: [(&str, Fault, &[&str]); 5] = [
        // The configuration has its digest checked before anything else is fetched.
        (&config, Fault::Corrupt, &["digest"]),
        ("/manifests/", Fault::Truncate, &["manifest"]),
        (
            "/manifests/",
            Fault::Answer("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"x\""]),
            &["denies access"],
        ),
        ("/manifests/", Fault::Answer("429 Too Many Requests", &["Retry-After: 3600"]), &["429"]),
        ("/manifests/", Fault::Answer("500 Internal Server Error", &["Retry-After: 90"]), &["500"]),
    ];
    for (path, fault, texts) in cases {
        proxy.plan(path, u32::MAX, fault);
        refused(&target, &["image", "pull", &name], texts).says(&[&proxy.address().to_string()]);
        nothing_is_left(&target);
        proxy.heal();
    }
    // The layer's blob is the only other one: corrupted, its size and digest give it away.
    proxy.plan("/manifests/", 0, Fault::Corrupt);
    proxy.plan(&config, 1, Fault::Slow(Duration::ZERO));
    proxy.plan("/blobs/", u32::MAX, Fault::Corrupt);
    refused(&target, &["image", "pull", &name], &["cannot"]);
    nothing_is_left(&target);
    proxy.heal();
    ok(&target, &["image", "pull", "-q", &name]);
    assert_eq!(id(&target, &name), made);
    assert_eq!(ok(&target, &["image", "verify", "-q"]), "");
}

#[test]
fn moments_of_trouble_are_waited_out() {
    require!(Root, Seeds, Registry);
    let (registry, source) = (RegistryServer::plain(), Source::new());
    let pushed = format!("{}/app:1", registry.address());
    let made = source.import(&pushed);
    ok(&source.lighter, &["image", "push", "-q", &pushed]);
    let proxy = FaultProxy::new(registry.address());
    let name = format!("{}/app:1", proxy.address());
    proxy.plan("/manifests/", 1, Fault::Answer("429 Too Many Requests", &["Retry-After: 0"]));
    proxy.plan("/blobs/", 4, Fault::BreakAfter(1_000_000));
    let target = Lighter::new();
    ok(&target, &["image", "pull", "-q", &name]);
    assert_eq!(id(&target, &name), made);
}

#[test]
fn a_full_disk_is_said_and_the_next_pull_does_the_job() {
    require!(Root, Seeds, Registry);
    let (registry, source, folder) = (RegistryServer::plain(), Source::new(), Folder::new("full"));
    let name = format!("{}/app:1", registry.address());
    let made = source.import(&name);
    ok(&source.lighter, &["image", "push", "-q", &name]);
    let (disk, mount) = (folder.path().join("disk"), folder.path().join("mount"));
    std::fs::create_dir(&mount).expect("made");
    std::fs::File::create(&disk).and_then(|file| file.set_len(12 << 20)).expect("made");
    let (disk, mount_point) = (disk.display().to_string(), mount.display().to_string());
    host::run("mkfs.ext4", &["-q", "-O", "^has_journal", &disk]);
    host::run("mount", &["-o", "loop", &disk, &mount_point]);
    let lighter = Lighter::new();
    let on_disk = |arguments: &[&str]| {
        let mut command = lighter.command(arguments);
        command.env("LIGHTER_ROOT", mount.join("root"));
        run(command)
    };
    let ballast = mount.join("ballast");
    std::fs::write(&ballast, vec![1; 6 << 20]).expect("there is room for it");
    let full = on_disk(&["image", "pull", "-q", &name]);
    let images = on_disk(&["image", "ls", "-q"]);
    std::fs::remove_file(&ballast).expect("removed");
    let pulled = on_disk(&["image", "pull", "-q", &name]);
    let found = on_disk(&["image", "inspect", "-f", "{{.Id}}", &name]);
    let verified = on_disk(&["image", "verify", "-q"]);
    host::run("umount", &[&mount_point]);
    full.fails_with(1).says(&["No space left on device"]);
    assert_eq!(images.succeeds().stdout, "");
    pulled.succeeds();
    assert_eq!(found.succeeds().stdout.trim(), made);
    verified.succeeds();
}
